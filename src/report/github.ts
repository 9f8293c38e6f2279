/** GitHub Actions: a folded group for each scenario, annotations for what needs a look, and the job summary. */

import { appendFileSync, statSync } from 'node:fs'
import { LabError } from '../base/errors.js'
import { seconds } from '../base/text.js'
import type { Reporter } from '../model/event.js'
import type { Report, ScenarioReport } from '../model/report.js'
import type { Verdict } from '../model/verdict.js'
import { markdownWithin } from './markdown.js'
import type { Sink } from './sink.js'
import { oneLine, retriedLines, titledTrials, uniqueNames } from './words.js'

const ANNOTATIONS: Readonly<Record<Verdict, 'error' | 'warning' | 'notice' | undefined>> = {
  error: 'error',
  regressed: 'error',
  'unexpected-pass': 'error',
  flaky: 'error',
  skipped: 'warning',
  changed: 'notice',
  confirmed: undefined,
}

/** What GitHub takes of a step's summary, in bytes; of a longer one it shows nothing at all. */
export const SUMMARY_BYTES = 1024 ** 2

/**
 * Writes workflow commands as scenarios end, and appends what came out to the job summary at the end, as much of it as
 * GitHub takes. `runs` is how many runs the
 * events are of; `summary` is the file that GITHUB_STEP_SUMMARY names, where it does. `close` throws LabError when that
 * cannot be written.
 */
export function githubReporter(sink: Sink, runs: number, summary: string | undefined): Reporter {
  const reports: Report[] = []
  const unique = uniqueNames()
  let kernel = ''
  return {
    event(event) {
      if (event.type === 'run-start') kernel = unique(event.kernel.version)
    },
    scenario: scenario => sink.write(scenarioLines(scenario, kernel, runs).join('\n').concat('\n')),
    run: report => void reports.push(report),
    close() {
      sink.close()
      if (summary === undefined) return
      try {
        const room = SUMMARY_BYTES - (statSync(summary, { throwIfNoEntry: false })?.size ?? 0)
        appendFileSync(summary, markdownWithin(reports, room))
      } catch (error) {
        throw new LabError(
          `the job summary ${summary} could not be written: ${(error as NodeJS.ErrnoException).code}`,
          'GITHUB_STEP_SUMMARY must name a file that may be written; unset it where there is no job summary',
        )
      }
    },
  }
}

function scenarioLines(scenario: ScenarioReport, kernel: string, runs: number): string[] {
  const { id, verdict, reason, trials, elapsedMs } = scenario
  const annotation = ANNOTATIONS[verdict]
  const where = runs > 1 ? ` on Linux ${kernel}` : ''
  return [
    `::group::${data(`${verdict} ${id}${where}: ${trials.length} trials, ${seconds(elapsedMs)}`)}`,
    ...titledTrials(scenario).map(({ trial, title }) => {
      const why = trial.ok && trial.verdict !== 'skipped' ? '' : ` (${trial.why})`
      return plain(`${trial.verdict}: ${title}: ${trial.says}${why}`)
    }),
    '::endgroup::',
    ...retriedLines(scenario).map(
      text => `::notice title=${property(`netns-lab: ${id}: tried again on Linux ${kernel}`)}::${data(text)}`,
    ),
    ...(annotation
      ? [
          `::${annotation} title=${property(`netns-lab: ${id}: ${verdict} on Linux ${kernel}`)}::${data(reason)}`,
        ]
      : []),
  ]
}

/** A line of log. The runner takes `##[` anywhere, and `::` at the start, for a command. */
function plain(text: string): string {
  return oneLine(text).replaceAll('##[', '## [')
}

/** The message of a workflow command, escaped as @actions/core does. */
function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

/** A property of a workflow command. */
function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}
