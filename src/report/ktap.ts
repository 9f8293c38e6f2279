/**
 * KTAP 1, as Documentation/dev-tools/ktap.rst of the kernel has it: nested by two spaces, each level with its version
 * line and plan. A documented failure that came as expected is XFAIL, a broken lab ERROR.
 */
import type { Reporter } from '../model/event.js'
import type { ScenarioReport, TrialReport } from '../model/report.js'
import { isBad, resultOf } from '../model/verdict.js'
import type { Sink } from './sink.js'
import { describeRun, oneLine, retriedLines, titledTrials, uniqueNames } from './words.js'

/** Writes each scenario as it ends. `runs` is how many runs the events are of: several are one more level. */
export function ktapReporter(sink: Sink, runs: number): Reporter {
  const outer = runs > 1 ? '  ' : ''
  const unique = uniqueNames()
  let run = 0
  let number = 0
  const write = (indent: string, lines: readonly string[]) =>
    sink.write(lines.map(line => `${indent}${line}\n`).join(''))

  return {
    event(event) {
      switch (event.type) {
        case 'run-start':
          if (runs > 1 && run === 0) write('', ['KTAP version 1', `1..${runs}`])
          run++
          number = 0
          write(outer, ['KTAP version 1', `1..${event.scenarios.length}`, `# ${oneLine(describeRun(event))}`])
          break
        case 'notice':
          write(outer, [`# not available: ${oneLine(`${event.what}: ${event.why}`)}`])
          break
      }
    },
    scenario(scenario) {
      number++
      write(outer, scenarioLines(scenario, number))
    },
    run(report) {
      if (runs <= 1) return
      const bad = report.scenarios.some(({ verdict }) => isBad(verdict))
      write('', [`${bad ? 'not ok' : 'ok'} ${run} ${description(unique(describeRun(report)))}`])
    },
    close: () => sink.close(),
  }
}

function scenarioLines(scenario: ScenarioReport, number: number): string[] {
  const { id, title, verdict, reason, trials } = scenario
  const inner = titledTrials(scenario).flatMap(({ trial, title: name }, index) =>
    trialLines(trial, index + 1, name),
  )
  const directive = { pass: '', skip: 'SKIP ', fail: '', error: 'ERROR ' }[resultOf(verdict)]
  return [
    // A level without a test is no level.
    ...(trials.length > 0 ? ['KTAP version 1', `1..${trials.length}`, ...inner] : []).map(
      line => `  ${line}`,
    ),
    `# ${oneLine(title)}`,
    ...retriedLines(scenario).map(text => `# ${text}`),
    `${isBad(verdict) ? 'not ok' : 'ok'} ${number} ${description(id)} # ${directive}${verdict}: ${oneLine(reason)}`,
  ]
}

function trialLines(trial: TrialReport, number: number, title: string): string[] {
  const { verdict, why, says, evidence, expected, outcome, mechanism } = trial
  const result = resultOf(verdict)
  const bad = isBad(verdict)
  const data = {
    pass: expected === 'fails' && outcome === 'fails' ? ` # XFAIL ${oneLine(mechanism ?? says)}` : '',
    skip: ` # SKIP ${oneLine(why)}`,
    fail: ` # ${verdict}: ${oneLine(why)}`,
    error: ` # ERROR ${oneLine(why)}`,
  }[result]
  const log = bad
    ? [says, ...evidence.map(found => `${found.state} [${found.source} ${found.node}] ${found.says}`)]
    : []
  return [
    ...log.map(text => `# ${oneLine(text)}`),
    `${bad ? 'not ok' : 'ok'} ${number} ${description(title)}${data}`,
  ]
}

/** A description must not hold the separator of directives. */
function description(text: string): string {
  return oneLine(text).replaceAll('#', 'no. ')
}
