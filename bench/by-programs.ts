/** Plans as ip(8) and sysctl(8) carry them out. */
import type { ExperimentPlan } from '../src/model/plan.js'
import type { Step } from '../src/model/steps.js'
import { programOf } from '../src/topology/programs.js'

/** A plan whose scaffolding is left to programs, too. */
export function byPrograms(plan: ExperimentPlan): ExperimentPlan {
  return { ...plan, build: plan.build.map(stage => stage.map(plain)), teardown: plan.teardown.map(plain) }
}

function plain(step: Step): Step {
  if (step.do === 'sysctls') return { ...step, by: 'tool' }
  return step.do === 'namespaces' || step.do === 'network' || step.do === 'features' ? programOf(step) : step
}
