/** `results.yaml` of tmt's custom results (https://tmt.readthedocs.io/en/stable/spec/results.html): one for each scenario, and for each trial below it. */
import type { Reporter } from '../model/event.js'
import { type Suite, suitesReporter } from './cases.js'
import type { Sink } from './sink.js'
import { oneLine } from './words.js'

/** Writes all of it at the end, as YAML whose values are JSON. */
export function tmtReporter(sink: Sink): Reporter {
  return suitesReporter(suites => (suites.length === 0 ? '[]\n' : suites.flatMap(entries).join('')), sink)
}

function entries({ name, scenario, report, result, cases }: Suite): string[] {
  const kernel = report.kernel.release
  return [
    entry(`/${name}`, result, scenario.elapsedMs, {
      kernel,
      verdict: scenario.verdict,
      reason: scenario.reason,
    }),
    ...cases.map(one =>
      entry(`/${name}/${one.name}`, one.result, one.elapsedMs, {
        kernel,
        verdict: one.verdict,
        reason: one.why,
      }),
    ),
  ]
}

/**
 * One result of `results.yaml`; without `elapsedMs`, what took no time of its own. Notes have been a text and a list of texts in tmt's versions; a context, which all of
 * them have, holds what there is to say.
 */
export function entry(
  name: string,
  result: Suite['result'],
  elapsedMs: number | undefined,
  context: Readonly<Record<string, string>>,
): string {
  const fields = Object.entries(context).map(
    ([key, value]) => `    ${key}: ${JSON.stringify(oneLine(value))}\n`,
  )
  const took = elapsedMs === undefined ? '' : `  duration: ${JSON.stringify(duration(elapsedMs))}\n`
  return `- name: ${JSON.stringify(name)}\n  result: ${JSON.stringify(result)}\n${took}  context:\n${fields.join('')}`
}

/** `HH:MM:SS` */
function duration(elapsedMs: number): string {
  const seconds = Math.round(elapsedMs / 1000)
  const two = (value: number) => String(value).padStart(2, '0')
  return [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].map(two).join(':')
}
