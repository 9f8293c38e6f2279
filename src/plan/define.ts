/** How a scenario's file says what it has to say, with as much of it checked by the compiler as can be. */
import type { DefinedScenario, ScenarioDefinition } from '../model/scenario.js'
import type { Toggle } from '../model/toggle.js'

/**
 * A scenario, whose names the compiler has checked: the nodes in links, probes, toggles and proofs are those of the topology;
 * there are expectations for every probe and for nothing else; settings are those of their toggles, and mechanisms those that
 * it has.
 */
export function defineScenario<
  const N extends string,
  const T extends Readonly<Record<string, Toggle<string, NoInfer<N>>>>,
  const P extends string,
  const M extends string,
>(scenario: ScenarioDefinition<N, T, P, M>): DefinedScenario {
  return scenario
}
