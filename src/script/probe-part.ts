/** A probe in a script without the lab's own frame: as a command whose status says whether it works. */
import { quote } from '../base/shell-words.js'
import type { ExperimentPlan } from '../model/plan.js'
import type { ProbeSpec } from '../model/probe.js'
import { probeOf } from '../probes/index.js'
import { SERVE } from './library.js'
import { refused } from './plain-steps.js'

/**
 * The call, and the functions that it takes; those take `in_node`, `skip`, `$WAIT` and `$work`. `enter` are words that bring a
 * command into a node, `word` is a node's name. Throws LabError (exit 2) for a probe that takes the lab itself.
 */
export function probePart(
  spec: ProbeSpec,
  { netns, commands }: ExperimentPlan,
  enter: (node: string) => string,
  word: (node: string) => string,
): { readonly call: string; readonly prelude: string } {
  const probe = probeOf(spec)
  const plain = probe.plain(enter)
  if (plain !== undefined) return { call: plain, prelude: '' }
  const part = probe.script(commands)
  if (!part) throw refused(`a probe of kind '${spec.kind}' takes the lab itself`)
  const nodes = Object.keys(netns)
  const words = part.words.map(one => (nodes.includes(one) ? word(one) : quote(one)))
  const serves = part.library.includes('$tool') ? SERVE : ''
  return { call: `${words.join(' ')} && [ "$came" = works ]`, prelude: `${serves}${part.library}` }
}
