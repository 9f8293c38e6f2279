import { type Capability, tryCommand } from '../capability.js'

export const iptablesNft: Capability = {
  id: 'iptables-nft',
  title: 'iptables over nf_tables',
  config: ['CONFIG_NF_TABLES', 'CONFIG_NFT_COMPAT', 'CONFIG_NFT_NAT'],
  modules: ['nf_tables', 'nft_compat', 'nft_chain_nat'],
  packages: ['iptables'],
  check: () => tryCommand(['iptables-nft', '-t', 'nat', '-A', 'POSTROUTING', '-j', 'MASQUERADE']),
}
