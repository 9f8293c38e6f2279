import { type Capability, tryCommand } from '../capability.js'

const COMMANDS = `add table ip probe
add chain ip probe looked { type filter hook forward priority -10; }
add rule ip probe looked counter meta mark set 0x1
`

export const nftMark: Capability = {
  id: 'nft-mark',
  title: 'marks and counters in nftables',
  config: ['CONFIG_NF_TABLES', 'CONFIG_NF_TABLES_INET'],
  modules: ['nf_tables'],
  packages: ['nftables'],
  check: () => tryCommand(['nft', '-f', '-'], COMMANDS),
}
