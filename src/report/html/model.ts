/** What the page is made from: one or several runs, and what happened in each of their experiments. */

import type { RunEvent } from '../../model/event.js'
import type { Report, ScenarioReport, TrialReport } from '../../model/report.js'
import { runNames, uniqueNames } from '../words.js'

/** One thing that happened in an experiment. */
export type Happening =
  | { readonly kind: 'phase'; readonly phase: TrialReport['phase'] }
  | ({ readonly kind: 'command' } & Pick<Extract<RunEvent, { type: 'command' }>, 'why' | 'command'>)
  | { readonly kind: 'trial'; readonly trial: TrialReport }

/** One experiment as it went. */
export interface ExperimentLog {
  readonly title: string
  readonly happenings: Happening[]
  /** Paths, from the page, of what the nodes were like after each trial; where they were kept. */
  states?: readonly string[]
}

/** One run. */
export interface RunLog {
  readonly report: Report
  /** Experiments by scenario; empty for a run that was read from its report, which holds no commands. */
  readonly experiments: ReadonlyMap<string, readonly ExperimentLog[]>
  /** Files that are kept beside the page. */
  readonly kept?: readonly string[]
}

/** A run with a name that no other run on the page has. */
export interface Column extends RunLog {
  readonly name: string
}

/** The runs as columns, named by kernel, and by distribution and machine where that is not enough. */
export function columnsOf(runs: readonly RunLog[]): Column[] {
  const names = runNames(runs.map(({ report }) => report))
  return runs.map((run, index) => ({ ...run, name: names[index] ?? '' }))
}

/** A trial as every run of it came out, in the order of the columns. */
export interface TrialRow {
  readonly trial: TrialReport
  readonly cells: readonly (TrialReport | undefined)[]
}

/** The trials of one experiment, with one iptables and in one repetition. */
export interface TrialGroup {
  readonly rows: readonly TrialRow[]
}

/** The trials of a scenario in groups, the same trials of all runs side by side. */
export function groupTrials(scenarios: readonly (ScenarioReport | undefined)[]): TrialGroup[] {
  const groups = new Map<string, Map<string, { trial: TrialReport; cells: (TrialReport | undefined)[] }>>()
  for (const [column, scenario] of scenarios.entries()) {
    const unique = uniqueNames()
    for (const trial of scenario?.trials ?? []) {
      const { experiment, iptables, repetition, phase, probe, fix = {}, persisted = '' } = trial
      const key = JSON.stringify([experiment, iptables, repetition])
      const rows = groups.get(key) ?? new Map()
      groups.set(key, rows)
      const name = unique(JSON.stringify([key, phase, probe, Object.entries(fix).sort(), persisted]))
      const row = rows.get(name) ?? { trial, cells: scenarios.map(() => undefined) }
      row.cells[column] = trial
      rows.set(name, row)
    }
  }
  return [...groups.values()].map(rows => ({ rows: [...rows.values()] }))
}
