/** Scenarios as suites of cases with unique names, for formats that know nothing but these. */
import type { Reporter } from '../model/event.js'
import type { Report, ScenarioReport, TrialReport } from '../model/report.js'
import { type Result, resultOf, type Verdict } from '../model/verdict.js'
import type { Sink } from './sink.js'
import { slug, uniqueSlugs } from './slug.js'
import { beyondTrials, titledTrials } from './words.js'

/** One trial, or what of a scenario's verdict no trial shows. */
export interface Case {
  readonly name: string
  readonly verdict: Verdict
  readonly result: Result
  readonly why: string
  readonly elapsedMs: number
  readonly trial: TrialReport | undefined
}

export interface Suite {
  /** Unique among all runs. */
  readonly name: string
  readonly scenario: ScenarioReport
  readonly report: Report
  readonly result: Result
  readonly cases: readonly Case[]
}

/** Every scenario of some runs; of several runs, names begin with the kernel. */
function suitesOf(reports: readonly Report[]): Suite[] {
  const unique = uniqueSlugs(name => name.toLowerCase().replace(/[^a-z0-9]+/g, '-'))
  return reports.flatMap(report =>
    report.scenarios.map(scenario => ({
      name: unique(reports.length > 1 ? `${slug(report.kernel.version)}-${scenario.id}` : scenario.id),
      scenario,
      report,
      result: resultOf(scenario.verdict),
      cases: casesOf(scenario),
    })),
  )
}

function casesOf(scenario: ScenarioReport): Case[] {
  // Readers make names shorter still: what differs in dashes and dots alone is one name to them.
  const unique = uniqueSlugs(name => name.toLowerCase().replace(/[^a-z0-9]+/g, '-'))
  const { verdict, reason, elapsedMs } = scenario
  return [
    ...titledTrials(scenario).map(({ trial, title }) => ({
      name: unique(title),
      verdict: trial.verdict,
      result: resultOf(trial.verdict),
      why: trial.why,
      elapsedMs: trial.elapsedMs,
      trial,
    })),
    ...(beyondTrials(scenario)
      ? [
          {
            name: unique('verdict'),
            verdict,
            result: resultOf(verdict),
            why: reason,
            elapsedMs,
            trial: undefined,
          },
        ]
      : []),
  ]
}

/** A reporter that writes what `write` makes of all runs, at their end. */
export function suitesReporter(write: (suites: readonly Suite[]) => string, sink: Sink): Reporter {
  const reports: Report[] = []
  return {
    run: (report: Report) => void reports.push(report),
    close() {
      sink.write(write(suitesOf(reports)))
      sink.close()
    },
  }
}
