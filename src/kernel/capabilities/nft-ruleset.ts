import { type Capability, tryCommand } from '../capability.js'

export const nftRuleset: Capability = {
  id: 'nft-ruleset',
  title: 'rules that nft lists and loads',
  config: ['CONFIG_NF_TABLES'],
  modules: ['nf_tables'],
  packages: ['nftables'],
  check: () => tryCommand(['nft', 'list', 'ruleset']),
}
