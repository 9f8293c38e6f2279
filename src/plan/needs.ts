/** What a run may need of a kernel, before anything is planned. */
import { IPTABLES_BACKENDS, type IptablesBackend, otherBackend } from '../model/plan.js'
import type { Scenario } from '../model/scenario.js'
import { LOADED_SETS, type RuleSet } from '../model/steps.js'

/** Ids of the capabilities that any experiment of a scenario may need, with this backend of iptables, or either. */
export function mayNeed(
  { needs, toggles, topology }: Pick<Scenario, 'needs' | 'toggles' | 'topology'>,
  iptables: IptablesBackend | 'both' = 'both',
): string[] {
  const backends = iptables === 'both' ? IPTABLES_BACKENDS : [iptables]
  const nodes = Object.values(topology.nodes)
  const sets = LOADED_SETS.filter(set => set === 'iptables' || nodes.some(node => node[set]))
  const all = [
    ...needs,
    ...Object.values(toggles).flatMap(toggle => toggle.needs),
    ...sets.flatMap(set => backends.map(backend => capabilityOf(set, backend))),
  ]
  return [...new Set(all)]
}

/** Id of the capability that a set of rules takes where iptables has this backend. */
export function capabilityOf(set: RuleSet, backend: IptablesBackend): string {
  if (set === 'ip6tables') return `ip6tables-${backend}`
  return `iptables-${set === 'iptables' ? backend : otherBackend(backend)}`
}
