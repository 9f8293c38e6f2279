/** Every reporter by name, and any number of them as one. */
import { EXIT, LabError } from '../base/errors.js'
import { unknownWord } from '../base/nearest.js'
import { Collector } from '../model/collect.js'
import type { Reporter, TimedEvent } from '../model/event.js'
import { eventsReporter } from './events.js'
import { githubReporter } from './github.js'
import { htmlReporter } from './html.js'
import { jsonReporter } from './json.js'
import { junitReporter } from './junit.js'
import { kcidbReporter, type Submission } from './kcidb.js'
import { kselftestReporter } from './kselftest.js'
import { ktapReporter } from './ktap.js'
import { lavaReporter } from './lava.js'
import { markdownReporter } from './markdown.js'
import { type Detail, prettyReporter } from './pretty.js'
import { fileSink, type Sink, streamSink } from './sink.js'
import { tapReporter } from './tap.js'
import { tmtReporter } from './tmt.js'

/** A reporter with the name that messages about it use. */
export interface NamedReporter {
  readonly name: string
  readonly reporter: Reporter
}

/** What reporters are made for. */
export interface ReportersContext {
  /** How many runs they will get the events of, one after the other. */
  readonly runs: number
  readonly env: NodeJS.ProcessEnv
  /** How much `pretty` says; `normal` when left out. */
  readonly detail?: Detail
  /** What a submission to KCIDB says of itself. */
  readonly submission?: Submission
}

type Make = (sink: Sink, context: ReportersContext) => Reporter

/** Those that write to a sink; `pretty` and `json` go about it their own way. */
const TEXT: Readonly<Record<string, Make>> = {
  tap: (sink, { runs }) => tapReporter(sink, runs),
  ktap: (sink, { runs }) => ktapReporter(sink, runs),
  junit: sink => junitReporter(sink),
  github: (sink, { runs, env }) => githubReporter(sink, runs, env.GITHUB_STEP_SUMMARY || undefined),
  markdown: sink => markdownReporter(sink),
  html: sink => htmlReporter(sink),
  events: sink => eventsReporter(sink),
  kselftest: sink => kselftestReporter(sink),
  kcidb: (sink, { submission = {} }) => kcidbReporter(sink, submission),
  tmt: sink => tmtReporter(sink),
  lava: sink => lavaReporter(sink),
}
/** Every name that `--reporter` takes. */
export const REPORTER_NAMES = ['pretty', 'json', ...Object.keys(TEXT)]

/**
 * The reporters that are asked for as `NAME` or `NAME=FILE`; without a file, or with `-`, they write to standard output.
 * `pretty` is always one of them, on standard error when another has standard output. Throws LabError (exit 2) for an
 * unknown name, for two on standard output, and for a file whose folder cannot be written.
 */
export function createReporters(requests: readonly string[], context: ReportersContext): NamedReporter[] {
  const parsed = requests.map(parseRequest)
  const onStdout = parsed.filter(({ file }) => file === undefined)
  const [first, second] = onStdout
  if (first && second)
    throw new LabError(
      `${first.name} and ${second.name} cannot both be written to standard output`,
      `give one of them a file: --reporter ${second.name}=FILE`,
      EXIT.usage,
    )
  if (context.runs > 1 && parsed.some(({ name }) => name === 'json'))
    throw new LabError(
      'a JSON report holds one run',
      'the reports that were given are JSON already; choose another reporter',
      EXIT.usage,
    )
  const made = parsed.map(({ name, file }): NamedReporter => {
    if (name === 'json') return { name, reporter: jsonReporter(file ?? '-') }
    const make = TEXT[name]
    if (make)
      return {
        name,
        reporter: make(file === undefined ? streamSink(process.stdout) : fileSink(file), context),
      }
    if (file === undefined) return { name, reporter: prettyReporter(process.stdout, context.detail) }
    const sink = fileSink(file)
    const reporter = prettyReporter(sink, context.detail)
    return { name, reporter: { ...reporter, close: () => sink.close() } }
  })
  if (first?.name === 'pretty') return made
  const stream = first ? process.stderr : process.stdout
  return [{ name: 'pretty', reporter: prettyReporter(stream, context.detail) }, ...made]
}

function parseRequest(text: string): { readonly name: string; readonly file: string | undefined } {
  const [name = '', ...rest] = text.split('=')
  if (!REPORTER_NAMES.includes(name)) throw unknownWord('reporter', name, REPORTER_NAMES)
  const file = rest.join('=')
  if (rest.length > 0 && file === '')
    throw new LabError(`--reporter ${text}: the file has no name`, `write ${name}=FILE`, EXIT.usage)
  return { name, file: rest.length === 0 || file === '-' ? undefined : file }
}

/** Several reporters as one, which is told the events alone. */
export interface Reporters {
  event(event: TimedEvent): void
  /** Closes all of them. Throws LabError that names every one that failed. */
  close(): Promise<void>
}

/**
 * Several reporters as one, each of which is told what came to its end with an event, too. One that throws is told no more,
 * the others go on, and `complain` is told at once.
 */
export function combine(reporters: readonly NamedReporter[], complain: (text: string) => void): Reporters {
  const collector = new Collector()
  const failures = new Map<NamedReporter, LabError>()
  const fail = (one: NamedReporter, error: unknown) => {
    if (error instanceof LabError) return failures.set(one, error)
    const message = error instanceof Error ? error.message : String(error)
    return failures.set(
      one,
      new LabError(`the ${one.name} reporter failed: ${message}`, 'this is a bug of the lab'),
    )
  }
  return {
    event(event) {
      const { scenario, report } = collector.add(event)
      for (const one of reporters) {
        if (failures.has(one)) continue
        try {
          one.reporter.event?.(event)
          if (scenario) one.reporter.scenario?.(scenario)
          if (report) one.reporter.run?.(report)
        } catch (error) {
          fail(one, error)
          complain(`the ${one.name} reporter failed and writes no more: ${(error as Error).message}`)
        }
      }
    },
    async close() {
      for (const one of reporters) {
        if (failures.has(one)) continue
        try {
          await one.reporter.close?.()
        } catch (error) {
          fail(one, error)
        }
      }
      const [first, ...others] = [...failures.values()]
      if (!first) return
      if (others.length === 0) throw first
      throw new LabError(
        [first, ...others].map(({ message }) => message).join('; '),
        [...new Set([first, ...others].map(({ remedy }) => remedy))].join('; '),
      )
    },
  }
}
