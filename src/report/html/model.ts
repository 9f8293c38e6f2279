/** What the page is made from: one or several runs, and what happened in each of their experiments. */

import type { Report, ScenarioReport, TrialReport } from '../../model/report.js'
import type { CommandRecord } from '../../world/command.js'

/** One thing that happened in an experiment. */
export type Happening =
  | { readonly kind: 'phase'; readonly phase: TrialReport['phase'] }
  | { readonly kind: 'command'; readonly why: string; readonly command: CommandRecord }
  | { readonly kind: 'trial'; readonly trial: TrialReport }

/** One experiment as it went. */
export interface ExperimentLog {
  readonly title: string
  readonly happenings: Happening[]
}

/** One run. */
export interface RunLog {
  readonly report: Report
  /** Experiments by scenario; empty for a run that was read from its report, which holds no commands. */
  readonly experiments: ReadonlyMap<string, readonly ExperimentLog[]>
}

/** A run with a name that no other run on the page has. */
export interface Column extends RunLog {
  readonly name: string
}

/** The runs as columns, named by kernel, and by machine where that is not enough. */
export function columnsOf(runs: readonly RunLog[]): Column[] {
  const names = runs.map(({ report }) => report.kernel.version)
  return runs.map((run, index) => {
    const { kernel, machine } = run.report
    const unique = names.filter(name => name === kernel.version).length === 1
    return {
      ...run,
      name: unique ? kernel.version : `${kernel.version} ${machine.privilege} no. ${index + 1}`,
    }
  })
}

/** A trial as every run of it came out, in the order of the columns. */
export interface TrialRow {
  readonly trial: TrialReport
  readonly cells: readonly (TrialReport | undefined)[]
}

/** The trials of one topology's life, from one control to the next. */
export interface TrialGroup {
  readonly rows: readonly TrialRow[]
}

/** The trials of a scenario in groups, the same trials of all runs side by side. */
export function groupTrials(scenarios: readonly (ScenarioReport | undefined)[]): TrialGroup[] {
  const rows = new Map<string, { trial: TrialReport; group: string; cells: (TrialReport | undefined)[] }>()
  for (const [column, scenario] of scenarios.entries())
    for (const { key, group, trial } of keyed(scenario?.trials ?? [])) {
      const row = rows.get(key) ?? { trial, group, cells: scenarios.map(() => undefined) }
      row.cells[column] = trial
      rows.set(key, row)
    }
  const groups = new Map<string, TrialRow[]>()
  for (const { group, ...row } of rows.values()) groups.set(group, [...(groups.get(group) ?? []), row])
  return [...groups.values()].map(list => ({ rows: list }))
}

/** Trials with a key that is the same in every run: which topology, and the how-manieth of its kind in there. */
function* keyed(trials: readonly TrialReport[]) {
  const seen = new Map<string, number>()
  let group = ''
  let before: TrialReport['phase'] = 'reverted'
  const count = (key: string) => {
    const number = (seen.get(key) ?? 0) + 1
    seen.set(key, number)
    return `${key} ${number}`
  }
  for (const [index, trial] of trials.entries()) {
    if (trial.phase === 'control' && (before !== 'control' || index === 0)) {
      const fixes = settingsUntilNextControl(trials.slice(index))
      group = count(JSON.stringify([trial.iptables, trial.repetition, fixes]))
    }
    before = trial.phase
    const key = JSON.stringify([group, trial.phase, trial.probe, Object.entries(trial.toggles).sort()])
    yield { key: count(key), group, trial }
  }
}

/** What tells one topology's life from another of the same scenario: the settings that it starts with and goes through. */
function settingsUntilNextControl(trials: readonly TrialReport[]): string {
  const past = trials.findIndex(({ phase }) => phase !== 'control')
  const next = trials.findIndex(({ phase }, index) => index > past && phase === 'control')
  const life = past < 0 ? trials : trials.slice(0, next < 0 ? undefined : next)
  const [first] = life
  // The first fix is enough, and is there even when a run ended early.
  const fixed = life.find(({ phase }) => phase === 'fixed')
  return JSON.stringify([first, fixed].map(trial => trial && Object.entries(trial.toggles).sort()))
}
