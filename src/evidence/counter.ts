/** Counters that any user may read, before a probe and after it. */
import type { Finding, Proof, Watch } from '../model/evidence.js'

/** A proof about a counter. */
interface CounterProof extends Proof {
  readonly counter: string
  /** Whether it must move, or must not. */
  readonly moves: boolean
  /** By how much at least, where 1 would not prove it. */
  readonly atLeast?: number
}

/** Watches a counter; `read` gives its value now, or undefined where the kernel has none of that name. */
export function watchCounter(
  { source, node, moves, atLeast = 1 }: CounterProof,
  label: string,
  read: () => number | undefined,
): Watch {
  const before = read()
  return {
    pollable: true,
    look(): Finding {
      const after = read()
      if (before === undefined || after === undefined)
        return { source, node, state: 'unavailable', says: `this kernel does not count ${label}` }
      const delta = after - before
      return {
        source,
        node,
        state: delta >= atLeast === moves ? 'seen' : 'absent',
        says: `${label} +${delta}`,
      }
    },
  }
}
