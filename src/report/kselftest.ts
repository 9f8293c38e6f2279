/**
 * What run_kselftest.sh prints, with a program for each scenario: TAP 13 whose comments hold the program's own output, as
 * tools/testing/selftests/kselftest/runner.sh of the kernel frames it. NIPA, LKFT and openQA read it. They take a case by all
 * that stands behind its number, so nothing does but its name: a documented failure that came is a plain `ok`.
 */
import type { Reporter } from '../model/event.js'
import { type Case, type Suite, suitesReporter } from './cases.js'
import type { Sink } from './sink.js'
import { oneLine } from './words.js'

/** The folder of selftests that the programs are told to be in. */
const COLLECTION = 'netns-lab'

/** Writes all of it at the end. */
export function kselftestReporter(sink: Sink): Reporter {
  return suitesReporter(write, sink)
}

function write(suites: readonly Suite[]): string {
  const lines = suites.flatMap(({ name, scenario, result, cases }, at) => {
    const program = `selftests: ${COLLECTION}: ${name}`
    const bad = result === 'fail' || result === 'error'
    return [
      `# ${program}`,
      ...[
        ...(cases.length > 0 ? ['TAP version 13', `1..${cases.length}`] : []),
        ...cases.flatMap((one, index) => caseLines(one, index + 1)),
        comment(`${scenario.verdict}: ${scenario.reason}`),
      ].map(line => `# ${line}`),
      `${bad ? 'not ok' : 'ok'} ${at + 1} ${program}${bad ? ' # exit=1' : result === 'skip' ? ' # SKIP' : ''}`,
    ]
  })
  return `${['TAP version 13', `1..${suites.length}`, ...lines].join('\n')}\n`
}

function caseLines({ name, verdict, result, why, trial }: Case, number: number): string[] {
  const bad = result === 'fail' || result === 'error'
  const evidence = trial?.evidence.map(
    ({ state, source, node, says }) => `${state} ${source} ${node}: ${says}`,
  )
  return [
    ...(bad || result === 'skip' ? [comment(`${verdict}: ${why}`)] : []),
    ...(bad && trial ? [trial.says, ...(evidence ?? [])].map(comment) : []),
    `${bad ? 'not ok' : 'ok'} ${number} ${name}${result === 'skip' ? ' # SKIP' : ''}`,
  ]
}

/** A comment that no reader takes for a result, nor for a word that it looks for in the whole of an output. */
function comment(text: string): string {
  const words = oneLine(text)
    .replace(/#/g, 'no. ')
    .replace(/\[( ?)(fail|skip|pass|okay|ok)( ?)\]/gi, '($2)')
    .replace(/(fail|skip):/gi, '$1 –')
    .replace(/\bok (?=\d)/g, 'ok, ')
    .replace(/\bPASSED all /g, 'passed all ')
    .replace(/\b(TAP version|selftests:)/g, '“$1”')
  return `# ${words}`
}
