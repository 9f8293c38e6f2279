import { missingTool } from '../../base/tools.js'
import { type Capability, tryCommand } from '../capability.js'

const RULE = ['-t', 'nat', '-A', 'POSTROUTING', '-j', 'CONTINUE']

export const ebtables: Capability = {
  id: 'ebtables',
  title: 'filtering on bridge ports',
  config: ['CONFIG_BRIDGE_NF_EBTABLES', 'CONFIG_NF_TABLES_BRIDGE'],
  modules: ['ebtables', 'ebtable_nat'],
  packages: ['ebtables', 'nftables'],
  async check() {
    const missing = missingTool('nft') ?? (await tryCommand(['ebtables', ...RULE]))
    if (missing !== undefined) return missing
    // What ebtables-legacy has set, nobody but itself could say.
    const unread = await tryCommand([
      ...['sh', '-c', 'ebtables "$@" && nft list chain bridge nat POSTROUTING', 'sh'],
      ...RULE,
    ])
    return unread === undefined
      ? undefined
      : 'ebtables is not the one that keeps its rules in nf_tables, where they can be read back: update-alternatives --set ebtables /usr/sbin/ebtables-nft'
  },
}
