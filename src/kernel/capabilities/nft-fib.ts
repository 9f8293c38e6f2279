import { type Capability, tryCommand } from '../capability.js'

const COMMANDS = `add table ip probe
add chain ip probe looked { type filter hook prerouting priority 0; }
add rule ip probe looked fib daddr . iif type != { local, broadcast, multicast } drop
`

export const nftFib: Capability = {
  id: 'nft-fib',
  title: 'route lookups in nftables',
  config: ['CONFIG_NF_TABLES', 'CONFIG_NFT_FIB_IPV4'],
  modules: ['nf_tables', 'nft_fib_ipv4'],
  packages: ['nftables'],
  check: () => tryCommand(['nft', '-f', '-'], COMMANDS),
}
