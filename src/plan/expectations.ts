/** What must come of a probe, by the settings of the toggles and the kernel. */
import type { KernelChange } from '../model/change.js'
import type { Persistence } from '../model/persistence.js'
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

/** What expectations are keyed by besides settings. */
export interface Circumstances {
  /** Whether the kernel has a change. */
  readonly has: (change: KernelChange) => boolean
  /** How rules were saved and loaded; not at all when left out. */
  readonly persisted?: Persistence | undefined
  /** Versions of tools by name; one that is not there is taken for the newest. */
  readonly tools?: Readonly<Record<string, string>> | undefined
}

/** What must come of a probe under these settings, in these circumstances; undefined when nothing is said. */
export function findExpectation(
  scenario: Scenario,
  probe: string,
  settings: Settings,
  { has, persisted, tools = {} }: Circumstances,
): Expectation | undefined {
  return scenario.expect[probe]?.find(
    candidate =>
      fits(candidate, settings) &&
      onKernel(candidate, has) &&
      (candidate.persisted === undefined || candidate.persisted === persisted) &&
      withTools(candidate, tools),
  )
}

function fits({ when = {} }: Expectation, settings: Settings): boolean {
  return Object.entries(when).every(([toggle, wanted]) => [wanted].flat().includes(settings[toggle] ?? ''))
}

function onKernel({ kernel }: Expectation, has: (change: KernelChange) => boolean): boolean {
  if (!kernel) return true
  return 'has' in kernel ? has(kernel.has) : !has(kernel.lacks)
}

function withTools({ tools: wanted = {} }: Expectation, versions: Readonly<Record<string, string>>): boolean {
  return Object.entries(wanted).every(([tool, range]) => {
    const version = versions[tool]
    const since = 'since' in range ? range.since : range.before
    const isOlder = version !== undefined && compareVersions(version, since) < 0
    return isOlder === 'before' in range
  })
}

/** Negative where the numbers of the first version are the lower ones. */
function compareVersions(first: string, second: string): number {
  const [a, b] = [first, second].map(text => text.split('.').map(Number))
  const at = (b ?? []).findIndex((number, index) => number !== (a?.[index] ?? 0))
  return at < 0 ? 0 : (a?.[at] ?? 0) - (b?.[at] ?? 0)
}
