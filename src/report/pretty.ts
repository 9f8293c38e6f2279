/** The report for a person: a line while scenarios run (on a terminal), each result with its causes, a table at the end. */
import { styleText } from 'node:util'
import { seconds, wrap } from '../base/text.js'
import type { Reporter } from '../model/event.js'
import type { Report, ScenarioReport } from '../model/report.js'
import type { Verdict } from '../model/verdict.js'
import { describeFix, fixesOf } from './fixes.js'
import { causesOf, countResults, describeCause, describeRun, hintsOf, machineChangeLines } from './words.js'

const COLOUR: Readonly<Record<Verdict, Parameters<typeof styleText>[0]>> = {
  error: 'magenta',
  regressed: 'red',
  'unexpected-pass': 'red',
  flaky: 'yellow',
  skipped: 'gray',
  changed: 'cyan',
  confirmed: 'green',
}
const VERDICT_COLUMNS = 'unexpected-pass'.length
const INDENT = '    '
const DEFAULT_COLUMNS = 80
const LIVE_EVERY_MS = 100

/** What it writes to; a terminal says so, and how wide it is. */
interface PrettyStream {
  write(text: string): unknown
  readonly isTTY?: boolean
  readonly columns?: number
}

/**
 * Writes to `stream`. On a terminal: with a live line, wrapped to its width, and in colour unless NO_COLOR is set.
 * Elsewhere plain lines, one for each thing said, however long.
 */
export function prettyReporter(stream: PrettyStream): Reporter {
  const live = stream.isTTY === true
  const columns = () => stream.columns ?? DEFAULT_COLUMNS
  const paint: Paint = (format, text) => (live && !process.env.NO_COLOR ? styleText(format, text) : text)
  const running = new Map<string, { done: number; trials: number }>()
  const totals = new Map<string, number>()
  let drawn = 0
  let kernel: Report['kernel'] = { release: '', version: '' }
  const draw = (now: number) => {
    // Trials of many topologies end within the same few milliseconds: nobody reads a line for each.
    if (!live || now - drawn < LIVE_EVERY_MS) return
    drawn = now
    const text = [...running].map(([id, { done, trials }]) => `${id} ${done}/${trials}`).join('  ')
    stream.write(`\r\x1b[K${text.slice(0, Math.max(10, columns() - 1))}`)
  }
  const line = (text: string) => stream.write(`${live ? '\r\x1b[K' : ''}${text}\n`)
  const indented = (text: string, more = '') =>
    INDENT + (live ? wrap(text, columns() - INDENT.length - more.length, INDENT + more) : text)

  return {
    event(event) {
      switch (event.type) {
        case 'run-start':
          kernel = event.kernel
          line(describeRun(event))
          line('')
          for (const { id, trials } of event.scenarios) totals.set(id, trials)
          break
        case 'scenario-start':
          running.set(event.scenario, { done: 0, trials: totals.get(event.scenario) ?? 0 })
          break
        case 'trial': {
          const progress = running.get(event.scenario)
          if (progress) progress.done++
          break
        }
        case 'notice':
          line(paint('gray', `not available: ${event.what}: ${event.why}`))
          break
        case 'scenario-end':
          running.delete(event.scenario)
          // The next line is drawn below what is said of it.
          drawn = event.at
          return
      }
      draw(event.at)
    },
    scenario(scenario) {
      line(`${paintVerdict(scenario.verdict, paint)}  ${paint('bold', scenario.id)}`)
      line(indented(`${scenario.title}.`))
      line(indented(scenario.reason))
      for (const cause of causesOf(scenario)) line(paint('gray', indented(`✗ ${describeCause(cause)}`, '  ')))
      for (const fix of fixesOf(scenario))
        line(paint('gray', indented(`${fix.repairs.length > 0 ? '✓' : '–'} ${describeFix(fix)}`, '  ')))
      for (const hint of hintsOf(scenario, kernel)) line(paint('yellow', indented(`→ ${hint}`, '  ')))
      drawn = 0
    },
    run(report) {
      running.clear()
      line('')
      for (const text of table(report, paint)) line(text)
      for (const text of machineChangeLines(report)) line(paint('yellow', text))
      line('')
    },
    close() {
      if (live) stream.write('\r\x1b[K')
    },
  }
}

type Paint = (format: Parameters<typeof styleText>[0], text: string) => string

function paintVerdict(verdict: Verdict, paint: Paint): string {
  return paint(COLOUR[verdict], verdict.padEnd(VERDICT_COLUMNS))
}

function table({ scenarios, summary, elapsedMs }: Report, paint: Paint): string[] {
  const idColumns = Math.max(8, ...scenarios.map(({ id }) => id.length))
  const counts = Object.entries(summary).filter(([, count]) => count > 0)
  const total = counts.map(([verdict, count]) => paint(COLOUR[verdict as Verdict], `${count} ${verdict}`))
  return [
    paint('gray', `${'verdict'.padEnd(VERDICT_COLUMNS)}  ${'scenario'.padEnd(idColumns)}  trials     time`),
    ...scenarios.map(
      scenario =>
        `${paintVerdict(scenario.verdict, paint)}  ${scenario.id.padEnd(idColumns)}  ${String(scenario.trials.length).padStart(6)}  ${seconds(scenario.elapsedMs).padStart(7)}${paint('gray', notes(scenario))}`,
    ),
    `${scenarios.length} ${scenarios.length === 1 ? 'scenario' : 'scenarios'} in ${seconds(elapsedMs)}: ${total.join(', ')}`,
  ]
}

function notes({ trials }: ScenarioReport): string {
  const { skip, fail, error } = countResults(trials)
  const parts = [
    ...(fail > 0 ? [`${fail} not as they must be`] : []),
    ...(error > 0 ? [`${error} in error`] : []),
    ...(skip > 0 ? [`${skip} skipped`] : []),
  ]
  return parts.length > 0 ? `  ${parts.join(', ')}` : ''
}
