import { type Capability, tryCommand } from '../capability.js'

const COMMANDS = `add table ip probe
add chain ip probe looked { type filter hook postrouting priority 0; }
add rule ip probe looked ip daddr 192.0.2.1 ip daddr set 192.0.2.2
`

export const nftPayload: Capability = {
  id: 'nft-payload',
  title: 'writing into packets by nftables',
  config: ['CONFIG_NF_TABLES'],
  modules: ['nf_tables'],
  packages: ['nftables'],
  check: () => tryCommand(['nft', '-f', '-'], COMMANDS),
}
