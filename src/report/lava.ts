/** `result.txt`, as send-to-lava.sh of LKFT's test-definitions reads it: a name and pass, fail, skip or unknown in each line. */
import type { Reporter } from '../model/event.js'
import type { Result } from '../model/verdict.js'
import { suitesReporter } from './cases.js'
import type { Sink } from './sink.js'

/** An error is the lab's: of what is tested it says nothing. */
const RESULTS: Readonly<Record<Result, string>> = {
  pass: 'pass',
  fail: 'fail',
  skip: 'skip',
  error: 'unknown',
}

/** Writes all of it at the end: a line for each scenario, and one for each trial of it. */
export function lavaReporter(sink: Sink): Reporter {
  return suitesReporter(
    suites =>
      suites
        .flatMap(({ name, result, cases }) => [
          `${name} ${RESULTS[result]}\n`,
          ...cases.map(one => `${name}_${one.name} ${RESULTS[one.result]}\n`),
        ])
        .join(''),
    sink,
  )
}
