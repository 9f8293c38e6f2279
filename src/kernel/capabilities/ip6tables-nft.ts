import { type Capability, tryCommand } from '../capability.js'

export const ip6tablesNft: Capability = {
  id: 'ip6tables-nft',
  title: 'ip6tables over nf_tables',
  config: ['CONFIG_NF_TABLES', 'CONFIG_NFT_COMPAT', 'CONFIG_IPV6'],
  modules: ['nf_tables', 'nft_compat'],
  packages: ['iptables'],
  check: () => tryCommand(['ip6tables-nft', '-A', 'FORWARD', '-j', 'ACCEPT']),
}
