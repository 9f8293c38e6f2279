import { type Capability, tryCommand } from '../capability.js'

export const ebtables: Capability = {
  id: 'ebtables',
  title: 'filtering on bridge ports',
  config: ['CONFIG_BRIDGE_NF_EBTABLES', 'CONFIG_NF_TABLES_BRIDGE'],
  modules: ['ebtables', 'ebtable_nat'],
  packages: ['ebtables'],
  check: () => tryCommand(['ebtables', '-t', 'nat', '-L']),
}
