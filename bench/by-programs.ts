/** Plans as ip(8) and sysctl(8) carry them out. */

import type { Step } from '../src/model/steps.js'
import type { ExperimentPlan } from '../src/plan/plan.js'

/** A plan whose scaffolding is left to programs, too. */
export function byPrograms(plan: ExperimentPlan): ExperimentPlan {
  return { ...plan, build: plan.build.map(stage => stage.map(plain)), teardown: plan.teardown.map(plain) }
}

function plain(step: Step): Step {
  if (step.do !== 'run') return step
  const { builtin, ...rest } = step
  return rest
}
