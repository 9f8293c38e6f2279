/** How the verdicts of scenarios went over time: many reports, oldest first, and what came with each flip. */
import type { Report } from '../model/report.js'
import type { Verdict } from '../model/verdict.js'
import { diffReports } from './diff.js'
import { machineLines } from './machine-diff.js'

/** A report with the file that it is from. */
export interface DatedReport {
  readonly file: string
  readonly report: Report
}

/** One run of a history. */
export interface HistoryRun {
  readonly file: string
  readonly started: string
  readonly kernel: Report['kernel']
  readonly distribution: string
}

/** A verdict that is another one than the run before it had. */
export interface Flip {
  /** Indexes of the two runs among those of the history. */
  readonly before: number
  readonly after: number
  readonly from: Verdict
  readonly to: Verdict
  /** What else changed from the one to the other: the kernel, the distribution, tools, defaults; none where nothing that a report knows of did. */
  readonly with: readonly string[]
  /** Commits that trials are keyed by which came out otherwise. */
  readonly commits: readonly string[]
}

interface ScenarioHistory {
  readonly id: string
  readonly title: string
  /** One for each run; null where it was not part of it. */
  readonly verdicts: readonly (Verdict | null)[]
  readonly flips: readonly Flip[]
}

export interface History {
  readonly schema: 'netns-lab.history/1'
  readonly runs: readonly HistoryRun[]
  /** Those that flipped most first. */
  readonly scenarios: readonly ScenarioHistory[]
}

/** The history of some reports, by when they were started. */
export function historyOf(given: readonly DatedReport[]): History {
  const reports = [...given].sort(
    (a, b) => a.report.started.localeCompare(b.report.started) || a.file.localeCompare(b.file),
  )
  const titles = new Map(
    reports.flatMap(({ report }) => report.scenarios.map(({ id, title }) => [id, title] as const)),
  )
  return {
    schema: 'netns-lab.history/1',
    runs: reports.map(({ file, report: { started, kernel, machine } }) => ({
      ...{ file, started, kernel },
      distribution: machine.distribution,
    })),
    scenarios: [...titles]
      .map(([id, title]) => {
        const verdicts = reports.map(
          ({ report }) => report.scenarios.find(scenario => scenario.id === id)?.verdict ?? null,
        )
        return { id, title, verdicts, flips: flipsOf(id, verdicts, reports) }
      })
      .sort((a, b) => b.flips.length - a.flips.length),
  }
}

function flipsOf(id: string, verdicts: readonly (Verdict | null)[], reports: readonly DatedReport[]): Flip[] {
  const flips: Flip[] = []
  let last: { readonly at: number; readonly verdict: Verdict } | undefined
  for (const [at, verdict] of verdicts.entries()) {
    if (verdict === null) continue
    const [before, after] = [reports[last?.at ?? at]?.report, reports[at]?.report]
    if (last && last.verdict !== verdict && before && after)
      flips.push({
        ...{ before: last.at, after: at, from: last.verdict, to: verdict },
        ...between(id, before, after),
      })
    last = { at, verdict }
  }
  return flips
}

/** What changed from one report to another besides a scenario's verdict. */
function between(id: string, before: Report, after: Report): Pick<Flip, 'with' | 'commits'> {
  const only = (report: Report) => ({
    ...report,
    scenarios: report.scenarios.filter(scenario => scenario.id === id),
  })
  const { machine, differences } = diffReports(only(before), only(after))
  const kernel =
    before.kernel.release === after.kernel.release
      ? []
      : [`kernel ${before.kernel.release} → ${after.kernel.release}`]
  const commits = differences.flatMap(({ change }) => (change ? [`${change.commit} ${change.title}`] : []))
  return { with: [...kernel, ...machineLines(machine)], commits: [...new Set(commits)] }
}
