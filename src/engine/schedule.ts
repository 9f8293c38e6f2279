/** The order in which experiments have their turn, and how many at once. */
import { describeError } from '../base/errors.js'
import { randomNumbers, shuffled } from '../base/random.js'
import type { ExperimentPlan } from '../model/plan.js'
import type { Scenario } from '../model/scenario.js'
import { probeOf } from '../probes/index.js'

/** What it takes for a daemon to be ready, roughly. */
const DAEMON_MS = 200

/** One experiment that waits for its turn. */
export interface Entry {
  readonly scenario: Scenario
  readonly plan: ExperimentPlan
  readonly repetition: number
  /** The same experiment in a topology that nothing is left of the first one in. */
  readonly again: () => ExperimentPlan
}

/** The order in which experiments begin: the longest first, or by chance. */
export function inOrder(entries: readonly Entry[], seed: number | undefined): Entry[] {
  return seed === undefined
    ? [...entries].sort((a, b) => typicalLength(b.plan) - typicalLength(a.plan))
    : shuffled(entries, randomNumbers(seed))
}

/** Roughly how many milliseconds an experiment takes. The longest begin first, so that none is left alone at the end. */
function typicalLength(plan: ExperimentPlan): number {
  const trials = plan.phases.flatMap(phase => phase.trials)
  const daemons = plan.build.flat().filter(step => step.do === 'daemon')
  return trials.reduce(
    (sum, { spec, expectation }) => sum + probeOf(spec).typicalMs(expectation.outcome),
    DAEMON_MS * daemons.length,
  )
}

/** Works off `entries`, at most `size()` at once; those with the same `exclusive` one at a time. The first failure stops it. */
export async function pool<E extends { readonly plan: ExperimentPlan }>(
  entries: readonly E[],
  size: () => number,
  work: (entry: E) => Promise<void>,
): Promise<void> {
  const waiting = [...entries]
  const held = new Set<string>()
  const running = new Set<Promise<void>>()
  let failure: { error: unknown } | undefined
  while ((waiting.length > 0 || running.size > 0) && !failure) {
    const at = waiting.findIndex(({ plan }) => plan.exclusive === undefined || !held.has(plan.exclusive))
    if (at < 0 || running.size >= Math.max(1, size())) {
      await Promise.race(running)
      continue
    }
    const [entry] = waiting.splice(at, 1)
    if (!entry) break
    const { exclusive } = entry.plan
    if (exclusive) held.add(exclusive)
    const task = work(entry)
      .catch((error: unknown) => {
        failure ??= { error }
      })
      .finally(() => {
        running.delete(task)
        if (exclusive) held.delete(exclusive)
      })
    running.add(task)
  }
  await Promise.all(running)
  if (failure) throw failure.error instanceof Error ? failure.error : new Error(describeError(failure.error))
}
