import { packageOf } from '../base/tools.js'
import { runningVersion } from '../kernel/running.js'
import { PERSISTENCE } from '../model/persistence.js'
import { IPTABLES_BACKENDS } from '../model/plan.js'
import type { Scenario } from '../model/scenario.js'
import { PLAIN_IPTABLES } from '../model/steps.js'
import { planScenario } from '../plan/plan.js'

/** Names of the packages whose programs each scenario calls, by its id. */
export function packagesCalled(scenarios: readonly Scenario[]): Map<string, string[]> {
  return new Map(
    scenarios.map(scenario => {
      const plans = IPTABLES_BACKENDS.flatMap(iptables =>
        planScenario(scenario, {
          kernel: runningVersion(),
          iptables,
          commands: PLAIN_IPTABLES,
          persist: PERSISTENCE,
          instance: '',
        }),
      )
      const steps = plans.flatMap(({ build, phases }) => [
        ...build.flat(),
        ...phases.flatMap(({ change }) => change),
      ])
      const programs = steps.flatMap(step => {
        if (step.do === 'persist') return ['nft', 'iptables']
        return step.do === 'run' || step.do === 'daemon' ? [step.argv[0] ?? ''] : []
      })
      return [scenario.id, [...new Set(programs.flatMap(program => packageOf(program) ?? []))]]
    }),
  )
}
