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
  /** The same experiment in a topology that nothing is left of the first one in; `suffix` tells it from others. */
  readonly again: (suffix: string) => ExperimentPlan
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
    DAEMON_MS * daemons.length + (plan.waitsMs ?? 0),
  )
}

/** Something to do, and the plan by which it has its turn. */
export interface Task {
  readonly plan: Pick<ExperimentPlan, 'exclusive'>
  /** Does it, and hands over what comes of it. */
  readonly work: (more: (task: Task) => void) => Promise<void>
}

/**
 * Works off tasks, at most `size()` at once; those with the same `exclusive` one at a time. What comes of one is done before
 * the rest. The first failure stops it.
 */
export async function pool(tasks: readonly Task[], size: () => number): Promise<void> {
  const waiting = [...tasks]
  const held = new Set<string>()
  const running = new Set<Promise<void>>()
  let failure: { error: unknown } | undefined
  let wake = () => {}
  const more = (task: Task) => {
    waiting.unshift(task)
    wake()
  }
  while ((waiting.length > 0 || running.size > 0) && !failure) {
    const at = waiting.findIndex(({ plan }) => plan.exclusive === undefined || !held.has(plan.exclusive))
    if (at < 0 || running.size >= Math.max(1, size())) {
      const handedOver = new Promise<void>(resolve => {
        wake = resolve
      })
      await Promise.race([...running, handedOver])
      continue
    }
    const [task] = waiting.splice(at, 1)
    if (!task) break
    const { exclusive } = task.plan
    if (exclusive) held.add(exclusive)
    const turn = task
      .work(more)
      .catch((error: unknown) => {
        failure ??= { error }
      })
      .finally(() => {
        running.delete(turn)
        if (exclusive) held.delete(exclusive)
      })
    running.add(turn)
  }
  await Promise.all(running)
  if (failure) throw failure.error instanceof Error ? failure.error : new Error(describeError(failure.error))
}
