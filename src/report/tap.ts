/** TAP 14: a subtest for each scenario (for each kernel first, when there are several), a test for each trial. */
import type { Reporter } from '../model/event.js'
import type { Report, ScenarioReport, TrialReport } from '../model/report.js'
import { isBad, type Result, resultOf } from '../model/verdict.js'
import type { Sink } from './sink.js'
import { describeRun, oneLine, retriedLines, titledTrials, uniqueNames } from './words.js'

/** Writes each scenario as it ends. `runs` is how many runs the events are of. */
export function tapReporter(sink: Sink, runs: number): Reporter {
  const outer = runs > 1 ? '    ' : ''
  const unique = uniqueNames()
  let run = 0
  let name = ''
  let number = 0
  let complete = true
  const write = (indent: string, lines: readonly string[]) =>
    sink.write(lines.map(line => `${indent}${line}\n`).join(''))

  return {
    event(event) {
      switch (event.type) {
        case 'run-start':
          if (run === 0) write('', ['TAP version 14'])
          run++
          number = 0
          complete = false
          name = unique(describeRun(event))
          write('', [`${runs > 1 ? '# Subtest: ' : '# '}${escapeTap(name)}`])
          break
        case 'notice':
          write(outer, [`# not available: ${escapeTap(event.what)}: ${escapeTap(event.why)}`])
          break
      }
    },
    scenario(scenario) {
      number++
      write(outer, scenarioLines(scenario, number))
    },
    run(report) {
      complete = true
      write(outer, [`1..${number}`])
      if (runs > 1) write('', [resultLine(runResult(report), run, name)])
    },
    close() {
      if (!complete) write('', ['Bail out! The run did not come to its end'])
      else if (runs > 1) write('', [`1..${run}`])
      sink.close()
    },
  }
}

function runResult({ scenarios }: Report): 'pass' | 'fail' {
  return scenarios.some(({ verdict }) => isBad(verdict)) ? 'fail' : 'pass'
}

function scenarioLines(scenario: ScenarioReport, number: number): string[] {
  const { id, title, verdict, reason, elapsedMs, trials } = scenario
  const inner = titledTrials(scenario).flatMap(({ trial, title: name }, index) => [
    resultLine(resultOf(trial.verdict), index + 1, name, trial.why),
    ...diagnostics(trialDiagnostics(trial)),
  ])
  return [
    `# Subtest: ${escapeTap(id)}`,
    ...retriedLines(scenario).map(text => `# ${escapeTap(text)}`),
    ...[...inner, `1..${trials.length}`].map(line => `    ${line}`),
    resultLine(resultOf(verdict), number, `${id}: ${verdict}`, reason),
    ...diagnostics({ title, verdict, reason, duration_ms: elapsedMs }),
  ]
}

function resultLine(result: Result, number: number, text: string, why = ''): string {
  const skip = result === 'skip' ? ` # SKIP ${escapeTap(why)}` : ''
  return `${result === 'fail' || result === 'error' ? 'not ok' : 'ok'} ${number} - ${escapeTap(text)}${skip}`
}

/** TAP 14 gives `#` and `\` in a description a meaning. */
function escapeTap(text: string): string {
  return oneLine(text).replace(/[\\#]/g, '\\$&')
}

function trialDiagnostics(trial: TrialReport): Readonly<Record<string, unknown>> {
  const { verdict, expected, outcome, says, why, mechanism, evidence, iptables, toggles, elapsedMs } = trial
  return {
    verdict,
    expected,
    outcome,
    says,
    why,
    ...(mechanism ? { mechanism } : {}),
    iptables,
    toggles,
    evidence: evidence.map(({ source, node, state, says: said }) => `${state} [${source} ${node}] ${said}`),
    duration_ms: elapsedMs,
  }
}

/** A YAML block. Values are JSON, which YAML 1.2 reads: nothing that a kernel or a tool says can break out of it. */
function diagnostics(values: Readonly<Record<string, unknown>>): string[] {
  return ['  ---', ...Object.entries(values).map(([key, value]) => `  ${key}: ${inOneLine(value)}`), '  ...']
}

/** JSON without what JSON may hold as it is, and YAML and readers of TAP take for the end of a line. */
function inOneLine(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u0085\u2028\u2029]/g,
    character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
