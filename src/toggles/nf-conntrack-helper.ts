import { writeSysctls } from '../model/steps.js'
import type { Toggle } from '../model/toggle.js'

const KEY = 'net.netfilter.nf_conntrack_helper'

/**
 * `nf_conntrack_helper`: whether connections to the registered port of a protocol get its helper by themselves. Off unless it is
 * switched on, and gone since b118509076b3 (6.0): what is not there is neither written nor asked for.
 */
export function nfConntrackHelper<const N extends string>({ node }: { node: N }): Toggle<'0' | '1', N> {
  const summary = 'give connections the helper of the port that they are to'
  return {
    summary,
    nodes: [node],
    needs: ['conntrack-helper-sysctl'],
    settings: ['0', '1'],
    change: (to, from) =>
      to === '0' && from === undefined ? [] : [writeSysctls(node, { [KEY]: to }, summary)],
    claims: setting => (setting === '1' ? [{ node, what: `sysctl ${KEY}`, value: setting }] : []),
    onRealSystem: setting => [`sysctl -w ${KEY}=${setting}`],
  }
}
