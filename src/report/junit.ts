/** JUnit XML: a suite for each scenario, a case for each trial; failures are the kernel's, errors the lab's. */
import type { Reporter } from '../model/event.js'
import type { Report, ScenarioReport, TrialReport } from '../model/report.js'
import { resultOf } from '../model/verdict.js'
import type { Sink } from './sink.js'
import { beyondTrials, countResults, describeRun, retriedLines, titledTrials, uniqueNames } from './words.js'

/** Writes the document when all runs are over. */
export function junitReporter(sink: Sink): Reporter {
  const reports: Report[] = []
  return {
    run: report => void reports.push(report),
    close() {
      const unique = uniqueNames()
      const suites = reports.flatMap(report => {
        const run = reports.length > 1 ? `${unique(report.kernel.release)}: ` : ''
        return report.scenarios.map(scenario => suite(scenario, report, run))
      })
      const sum = (pick: (counts: Counts) => number) =>
        suites.reduce((total, { counts }) => total + pick(counts), 0)
      const elapsed = reports.reduce((total, { elapsedMs }) => total + elapsedMs, 0)
      sink.write(
        [
          '<?xml version="1.0" encoding="UTF-8"?>',
          `<testsuites name="netns-lab" tests="${sum(({ tests }) => tests)}" failures="${sum(({ failures }) => failures)}" errors="${sum(({ errors }) => errors)}" time="${time(elapsed)}">`,
          ...suites.map(({ text }) => text),
          '</testsuites>\n',
        ].join('\n'),
      )
      sink.close()
    },
  }
}

interface Counts {
  readonly tests: number
  readonly failures: number
  readonly errors: number
}

function suite(scenario: ScenarioReport, report: Report, run: string): { text: string; counts: Counts } {
  const { id, title, verdict, reason, trials, elapsedMs } = scenario
  const results = countResults(trials)
  // A verdict that no trial shows, flaky above all, would be lost: readers of JUnit only see cases.
  const extra = beyondTrials(scenario)
  if (extra) results[resultOf(verdict)]++
  const counts = { tests: trials.length + (extra ? 1 : 0), failures: results.fail, errors: results.error }
  const again = retriedLines(scenario)
  const properties = {
    title,
    verdict,
    reason,
    ...(again.length > 0 ? { retried: again.join('\n') } : {}),
    kernel: report.kernel.version,
    machine: describeRun(report),
  }
  const text = [
    `  <testsuite name="${xml(run + id)}" tests="${counts.tests}" failures="${counts.failures}" errors="${counts.errors}" skipped="${results.skip}" time="${time(elapsedMs)}" timestamp="${report.started.slice(0, 19)}" hostname="${xml(report.kernel.release)}">`,
    '    <properties>',
    ...Object.entries(properties).map(
      ([name, value]) => `      <property name="${name}" value="${xml(value)}"/>`,
    ),
    '    </properties>',
    ...titledTrials(scenario).map(({ trial, title: name }) => trialCase(trial, run + id, name)),
    ...(extra
      ? [
          `    <testcase classname="${xml(run + id)}" name="${xml(`${run}${id}: verdict`)}" time="0.000">`,
          `      ${outcome(verdict, reason, '')}`,
          '    </testcase>',
        ]
      : []),
    '  </testsuite>',
  ]
  return { text: text.join('\n'), counts }
}

function trialCase(trial: TrialReport, suite: string, title: string): string {
  const { verdict, why, says, evidence, elapsedMs } = trial
  const found = evidence.map(({ source, node, state, says: said }) => `${state} [${source} ${node}] ${said}`)
  const log = [says, ...found].join('\n')
  return [
    // Readers of JUnit that keep one case of each name do not look at its class.
    `    <testcase classname="${xml(suite)}" name="${xml(`${suite}: ${title}`)}" time="${time(elapsedMs)}">`,
    ...(resultOf(verdict) === 'pass' ? [] : [`      ${outcome(verdict, why, log)}`]),
    `      <system-out>${xml(log)}</system-out>`,
    '    </testcase>',
  ].join('\n')
}

function outcome(verdict: TrialReport['verdict'], why: string, log: string): string {
  const result = resultOf(verdict)
  if (result === 'skip') return `<skipped message="${xml(why)}"/>`
  const element = result === 'error' ? 'error' : 'failure'
  return `<${element} type="${verdict}" message="${xml(why)}">${xml(log)}</${element}>`
}

function time(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(3)
}

/** XML 1.0 has no way to write most control characters: they become U+FFFD. */
function xml(text: string): string {
  return (
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it is for
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
      .replace(/[\n\t]/g, character => `&#${character.charCodeAt(0)};`)
  )
}
