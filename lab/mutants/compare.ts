/** What a kernel's report differs in from what it must be, trial by trial. */
import type { Report, ScenarioReport, TrialReport } from '../../src/model/report.js'
import { isBad } from '../../src/model/verdict.js'
import type { MutantKernel } from './kernels.js'
import type { Differing, ExpectedChange, Mutant } from './mutant.js'

/** What came of a kernel's guest. */
export interface MutantRun extends MutantKernel {
  readonly report: Report | undefined
  /** Why there is no report. */
  readonly problem: string | undefined
}

/** Where a kernel does not do what its mutants must, or does more; each in a sentence. */
export function surprisesOf(
  { name, mutants, report, problem }: MutantRun,
  unpatched: Report | undefined,
): string[] {
  if (!report) return [`${name} did not run: ${problem}`]
  const changes = mutants.flatMap(mutant => mutant.changes)
  const unknown = changes.filter(({ scenario }) => !report.scenarios.some(({ id }) => id === scenario))
  return [
    ...unknown.map(({ scenario }) => `${name}: there is no scenario ${scenario}`),
    ...report.scenarios.flatMap(scenario => {
      const change = changes.find(expected => expected.scenario === scenario.id)
      const stock = unpatched?.scenarios.find(({ id }) => id === scenario.id)?.verdict
      const expected = change?.verdict ?? stock
      const may = change?.verdict === 'error' ? change : undefined
      if (may?.unlessLost && scenario.verdict === stock && hasLost(report)) return []
      const same = scenario.verdict === expected || (may?.or !== undefined && scenario.verdict === may.or)
      return [
        ...(same ? [] : [`is ${scenario.verdict}, not ${expected ?? 'known'}: ${scenario.reason}`]),
        ...(change ? surprisesOfTrials(scenario, change) : []),
      ].map(what => `${name}: ${scenario.id} ${what}`)
    }),
  ]
}

/** Whether the run has said that the kernel may have said something that was lost (src/engine/closer-look.ts). */
function hasLost({ unavailable }: Report): boolean {
  return unavailable.some(({ why }) => why.endsWith('were lost each time'))
}

function surprisesOfTrials(scenario: ScenarioReport, change: ExpectedChange): string[] {
  const differing = differingTrials(scenario)
  const unnamed = differing.filter(trial => !change.trials.some(expected => matches(expected, trial)))
  const missed = change.trials
    .filter(({ byLuck }) => byLuck !== true)
    .flatMap(({ probes, ...expected }) => probes.map(probe => ({ ...expected, probes: [probe] })))
    .filter(expected => !differing.some(trial => matches(expected, trial)))
  const others = differing.filter(
    ({ verdict, why }) => verdict === 'error' && !(change.verdict === 'error' && change.says.test(why)),
  )
  return [
    ...unnamed.map(trial => `has a trial that must not differ: ${nameOf(trial)}: ${trial.why}`),
    ...missed.map(
      ({ probes, when = {} }) => `has no trial that differs of ${probes.join(', ')} ${settingsText(when)}`,
    ),
    ...others.map(trial => `is an error of another kind: ${nameOf(trial)}: ${trial.why}`),
  ]
}

/** The trials that did not come out as they must. */
function differingTrials({ trials }: ScenarioReport): TrialReport[] {
  return trials.filter(({ verdict }) => isBad(verdict))
}

function matches({ probes, when = {} }: Differing, { probe, toggles }: TrialReport): boolean {
  return probes.includes(probe) && Object.entries(when).every(([name, value]) => toggles[name] === value)
}

function nameOf({ probe, phase, toggles }: TrialReport): string {
  return `${probe}, ${phase}, ${settingsText(toggles)}`
}

function settingsText(settings: TrialReport['toggles']): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')
}

/**
 * The scenarios that differ on a kernel, in Markdown: verdict, probes, and the settings that are not those of the failure. Of one
 * of several mutants in one kernel, those that it must change.
 */
export function differencesText({ report, problem, mutants }: MutantRun, mutant: Mutant): string {
  if (!report) return `no report: ${problem}`
  const own = (id: string) => mutants.length === 1 || mutant.changes.some(({ scenario }) => scenario === id)
  const lines = report.scenarios
    .filter(({ id, verdict }) => isBad(verdict) && own(id))
    .map(scenario => `${scenario.id} **${scenario.verdict}**: ${trialsText(scenario)}`)
  return lines.length === 0 ? 'nothing' : lines.join('<br>')
}

function trialsText(scenario: ScenarioReport): string {
  const probesBySettings = new Map<string, Set<string>>()
  for (const trial of differingTrials(scenario)) {
    const settings = settingsOf(trial, scenario)
    probesBySettings.set(settings, (probesBySettings.get(settings) ?? new Set()).add(trial.probe))
  }
  const settingsByProbes = new Map<string, string[]>()
  for (const [settings, probes] of probesBySettings) {
    const key = [...probes].sort().join(', ')
    settingsByProbes.set(key, [...(settingsByProbes.get(key) ?? []), settings])
  }
  return [...settingsByProbes].map(([probes, settings]) => `${probes} (${shortly(settings)})`).join(', ')
}

/** A control that fails takes all settings with it: nobody wants to read them all. */
const SHOWN = 3

function shortly(settings: readonly string[]): string {
  const more = settings.length - SHOWN
  return [...settings.slice(0, SHOWN), ...(more > 0 ? [`${more} more`] : [])].join('; ')
}

function settingsOf({ phase, toggles }: TrialReport, { story }: ScenarioReport): string {
  if (phase === 'control') return 'control'
  const own = Object.entries(toggles).filter(([name, value]) => story?.toggles[name]?.settings[0] !== value)
  return own.length === 0 ? 'broken' : `\`${settingsText(Object.fromEntries(own))}\``
}
