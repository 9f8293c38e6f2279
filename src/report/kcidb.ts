/** A submission to KCIDB, schema v5.3 (kcidb_io.schema.v05_03 of kernelci/kcidb-io): a test for each scenario, and one for each trial below it. */
import { EXIT, LabError } from '../base/errors.js'
import type { Reporter } from '../model/event.js'
import type { Result } from '../model/verdict.js'
import { type Suite, suitesReporter } from './cases.js'
import type { Sink } from './sink.js'
import { describeRun } from './words.js'

const STATUS: Readonly<Record<Result, string>> = { pass: 'PASS', fail: 'FAIL', skip: 'SKIP', error: 'ERROR' }
/** `log_excerpt` may have no more characters. */
const EXCERPT = 16384
/** What the schema allows. */
const ORIGIN = /^[a-z0-9_]+$/
const BUILD = /^[a-z0-9_]+:[^\0]*$/

/** Who submits, and the build that was tested. */
export interface Submission {
  readonly origin?: string | undefined
  readonly buildId?: string | undefined
}

/** Writes all of it at the end. Throws LabError (exit 2) where the schema would refuse who submits, or the build. */
export function kcidbReporter(sink: Sink, { origin, buildId }: Submission): Reporter {
  if (origin === undefined || !ORIGIN.test(origin))
    throw new LabError(
      `the reporter kcidb takes who submits${origin === undefined ? '' : `, and '${origin}' is no such name`}`,
      '--origin NAME: small letters, digits and underscores',
      EXIT.usage,
    )
  if (buildId === undefined || !BUILD.test(buildId))
    throw new LabError(
      `the reporter kcidb takes the build that was tested${buildId === undefined ? '' : `, and '${buildId}' is no id of one`}`,
      '--build-id ORIGIN:ID, as whoever built the kernel submitted it',
      EXIT.usage,
    )
  return suitesReporter(
    suites => `${JSON.stringify(submission(suites, { origin, buildId }), null, 2)}\n`,
    sink,
  )
}

function submission(suites: readonly Suite[], { origin, buildId }: Required<Submission>) {
  const tests = suites.flatMap(({ name, scenario, report, result, cases }) => {
    const common = {
      origin,
      build_id: buildId,
      environment: { comment: clean(describeRun(report)) },
      start_time: report.started,
    }
    // Of two runs on a build, no test has the id of another one.
    const id = (path: string) => `${origin}:netns-lab:${buildId}:${report.started}:${path}`
    return [
      {
        ...common,
        id: id(name),
        path: pathOf(name),
        comment: clean(scenario.title),
        status: STATUS[result],
        duration: scenario.elapsedMs / 1000,
        log_excerpt: excerpt(scenario.reason),
        misc: { verdict: scenario.verdict },
      },
      ...cases.map(one => ({
        ...common,
        id: id(`${name}.${one.name}`),
        path: pathOf(name, one.name),
        status: STATUS[one.result],
        duration: one.elapsedMs / 1000,
        log_excerpt: excerpt([one.trial?.says, one.why].filter(Boolean).join('\n')),
        misc: { verdict: one.verdict, ...(one.trial?.mechanism ? { mechanism: one.trial.mechanism } : {}) },
      })),
    ]
  })
  return { version: { major: 5, minor: 3 }, tests }
}

/** Dots separate the parts of a path: none may be in them. */
function pathOf(...names: readonly string[]): string {
  return ['netns-lab', ...names.map(name => name.replaceAll('.', '-'))].join('.')
}

function excerpt(text: string): string {
  return clean(text).slice(0, EXCERPT)
}

/** Text without what the schema's patterns refuse. */
function clean(text: string): string {
  return text.replaceAll('\0', '')
}
