import { run } from '../model/steps.js'
import type { Toggle } from '../model/toggle.js'

/**
 * Whether connection tracking is told to forget what it knew before something changed, by `conntrack -D` with these words, or, without
 * any, by `conntrack -F`. It is told so whenever something was set: what it forgets is no configuration.
 */
export function conntrackDelete<const N extends string>({
  node,
  match,
}: {
  node: N
  match?: readonly string[]
}): Toggle<'kept' | 'deleted', N> {
  const summary = 'have connection tracking forget what it knew before'
  const command = ['conntrack', ...(match ? ['-D', ...match] : ['-F'])]
  return {
    summary,
    settings: ['kept', 'deleted'],
    nodes: [node],
    needs: [],
    change: () => [],
    again: setting => (setting === 'deleted' ? [run(node, command, summary)] : []),
    claims: () => [],
    onRealSystem: setting => (setting === 'deleted' ? [command.join(' ')] : []),
  }
}
