/** What must come of a probe, by the settings of the toggles and the kernel. */
import type { KernelChange } from '../model/change.js'
import type { Expectation, Scenario, Settings } from '../model/scenario.js'

/** The settings of the document's failure. */
export function defaultSettings(scenario: Scenario): Settings {
  return Object.fromEntries(Object.entries(scenario.toggles).map(([id, toggle]) => [id, toggle.settings[0]]))
}

/** Every change in the kernel's history that a scenario's expectations depend on, in the order in which they name it. */
export function kernelChanges({ expect }: Scenario): KernelChange[] {
  const changes = Object.values(expect)
    .flat()
    .flatMap(({ kernel }) => (kernel ? ['has' in kernel ? kernel.has : kernel.lacks] : []))
  return [...new Map(changes.map(change => [change.commit, change])).values()]
}

/** What must come of a probe under these settings on a kernel of which `has` says what changed in it; undefined when nothing is said. */
export function findExpectation(
  scenario: Scenario,
  probe: string,
  settings: Settings,
  has: (change: KernelChange) => boolean,
): Expectation | undefined {
  return scenario.expect[probe]?.find(candidate => fits(candidate, settings) && onKernel(candidate, has))
}

function fits({ when = {} }: Expectation, settings: Settings): boolean {
  return Object.entries(when).every(([toggle, wanted]) => [wanted].flat().includes(settings[toggle] ?? ''))
}

function onKernel({ kernel }: Expectation, has: (change: KernelChange) => boolean): boolean {
  if (!kernel) return true
  return 'has' in kernel ? has(kernel.has) : !has(kernel.lacks)
}
