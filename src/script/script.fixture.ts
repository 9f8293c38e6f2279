/** Scripts of the lab's own scenarios. */

import type { ExperimentPlan } from '../model/plan.js'
import type { Scenario } from '../model/scenario.js'
import { PLAIN_IPTABLES } from '../model/steps.js'
import type { KernelVersion } from '../model/version.js'
import { loadCatalogue } from '../plan/catalogue.js'
import { parseSettings, planChosen, type ScriptPhase } from './choose.js'
import { scriptOf } from './script.js'

export const { scenarios } = await loadCatalogue()

export function find(id: string): Scenario {
  const found = scenarios.find(scenario => scenario.id === id)
  if (!found) throw new Error(`no scenario ${id}`)
  return found
}

/** The plan of a scenario with these settings, as `lab script` takes it. */
export function planOf(
  scenario: Scenario,
  words: readonly string[],
  kernel: KernelVersion,
  phase?: ScriptPhase,
): ExperimentPlan {
  return planChosen(scenario, {
    settings: parseSettings(scenario, words),
    phase,
    kernel,
    iptables: 'nft',
    commands: PLAIN_IPTABLES,
  })
}

/** The script of a scenario with these settings, as `lab script` makes it. */
export function make(
  scenario: Scenario,
  words: readonly string[],
  kernel: KernelVersion,
  phase?: ScriptPhase,
): string {
  const plan = planOf(scenario, words, kernel, phase)
  return scriptOf(scenario, plan, { commandLine: `lab script ${scenario.id}`, kernel: 'this one' })
}
