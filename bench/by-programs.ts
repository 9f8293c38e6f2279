/** Plans as ip(8) and sysctl(8) carry them out. */
import type { ExperimentPlan } from '../src/scenario/plan.js'
import type { Step } from '../src/scenario/steps.js'

/** A plan whose scaffolding is left to programs, too. */
export function byPrograms(plan: ExperimentPlan): ExperimentPlan {
  return { ...plan, build: plan.build.map(stage => stage.map(plain)), teardown: plan.teardown.map(plain) }
}

function plain(step: Step): Step {
  if (step.do !== 'run') return step
  const { builtin, ...rest } = step
  return rest
}
