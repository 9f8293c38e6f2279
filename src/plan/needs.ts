/** What a run may need of a kernel, before anything is planned. */
import { IPTABLES_BACKENDS, type IptablesBackend } from '../model/plan.js'
import type { Scenario } from '../model/scenario.js'

/** Ids of the capabilities that any experiment of a scenario may need, with this backend of iptables, or either. */
export function mayNeed(
  { needs, toggles }: Pick<Scenario, 'needs' | 'toggles'>,
  iptables: IptablesBackend | 'both' = 'both',
): string[] {
  const backends = iptables === 'both' ? IPTABLES_BACKENDS : [iptables]
  const all = [
    ...needs,
    ...Object.values(toggles).flatMap(toggle => toggle.needs),
    ...backends.map(backend => `iptables-${backend}`),
  ]
  return [...new Set(all)]
}
