/** The report for a person: a line while scenarios run (on a terminal), each result with its causes, a table at the end. */
import { type Paint, painter } from '../base/colour.js'
import { counted, seconds, wrap } from '../base/text.js'
import type { Reporter } from '../model/event.js'
import type { Report, ScenarioReport } from '../model/report.js'
import { isBad, type Verdict } from '../model/verdict.js'
import { fixGrid } from './fix-grid.js'
import { fixTable } from './fix-table.js'
import { type FixLine, fixLines, signOf } from './fix-words.js'
import { describeFix, fixesOf } from './fixes.js'
import { describeWay } from './way.js'
import {
  causesOf,
  describeCause,
  describeRun,
  hintsOf,
  machineChangeLines,
  retriedLines,
  trialNotes,
} from './words.js'

const COLOUR: Readonly<Record<Verdict, Parameters<Paint>[0]>> = {
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
const LINE_COLOUR: Readonly<Record<FixLine['kind'], Parameters<Paint>[0] | undefined>> = {
  breaks: undefined,
  repairs: 'green',
  leaves: 'gray',
  other: 'red',
}
/** Of a terminal that does not say how wide it is, and of a table that goes elsewhere. */
const DEFAULT_COLUMNS = { terminal: 80, elsewhere: 100 }
const LIVE_EVERY_MS = 100

/** What it writes to; a terminal says so, and how wide it is. */
interface PrettyStream {
  write(text: string): unknown
  readonly isTTY?: boolean
  readonly columns?: number
}

/** How much is said: `quiet` the last line alone, `verbose` also by what evidence a verdict stands. */
export type Detail = 'quiet' | 'normal' | 'verbose'

/**
 * Writes to `stream`. On a terminal: with a live line, wrapped to its width, and in colour, by `painter`.
 * Elsewhere plain lines, one for each thing said, however long.
 */
export function prettyReporter(stream: PrettyStream, detail: Detail = 'normal'): Reporter {
  const live = stream.isTTY === true
  const quiet = detail === 'quiet'
  const columns = () => stream.columns ?? DEFAULT_COLUMNS[live ? 'terminal' : 'elsewhere']
  const paint = painter(stream)
  const running = new Map<string, { done: number; trials: number }>()
  const totals = new Map<string, number>()
  let drawn = 0
  let kernel: Report['kernel'] = { release: '', version: '' }
  const draw = (now: number) => {
    // Trials of many topologies end within the same few milliseconds: nobody reads a line for each.
    if (!live || quiet || now - drawn < LIVE_EVERY_MS) return
    drawn = now
    const text = [...running].map(([id, { done, trials }]) => `${id} ${done}/${trials}`).join('  ')
    stream.write(`\r\x1b[K${text.slice(0, Math.max(10, columns() - 1))}`)
  }
  const line = (text: string) => stream.write(`${live ? '\r\x1b[K' : ''}${text}\n`)
  const indented = (text: string, more = '') =>
    INDENT + (live ? wrap(text, columns() - INDENT.length - more.length, INDENT + more) : text)
  const sayEvidence = (scenario: ScenarioReport) => {
    line('')
    for (const cause of causesOf(scenario)) {
      line(paint('gray', indented(`✕ ${describeCause(cause)}`, '  ')))
      if (cause.way) line(paint('gray', indented(`  ${describeWay(cause.way)}`, '    ')))
    }
    for (const fix of fixesOf(scenario))
      line(paint('gray', indented(`${fix.repairs.length > 0 ? '✓' : '–'} ${describeFix(fix)}`, '  ')))
  }

  return {
    event(event) {
      switch (event.type) {
        case 'run-start':
          kernel = event.kernel
          if (!quiet) {
            line(describeRun(event))
            line('')
          }
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
          if (!quiet) line(paint('gray', `not available: ${event.what}: ${event.why}`))
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
      if (quiet) return
      line(`${paintVerdict(scenario.verdict, paint)}  ${paint('bold', scenario.id)}`)
      line(indented(`${scenario.title}.`))
      line(indented(scenario.reason))
      for (const said of fixLines(scenario)) {
        const text = indented(`${signOf(said)} ${said.text}`, '  ')
        const colour = LINE_COLOUR[said.kind]
        line(colour ? paint(colour, text) : text)
      }
      const grid = fixGrid(fixTable(scenario), columns() - INDENT.length, paint)
      for (const text of grid.length > 0 ? ['', ...grid] : []) line(text === '' ? '' : INDENT + text)
      if (detail === 'verbose' || isBad(scenario.verdict)) sayEvidence(scenario)
      for (const text of retriedLines(scenario)) line(paint('yellow', indented(`! ${text}`, '  ')))
      for (const hint of hintsOf(scenario, kernel)) line(paint('yellow', indented(`→ ${hint}`, '  ')))
      line('')
      drawn = 0
    },
    run(report) {
      running.clear()
      if (quiet) return void line(totalLine(report, paint))
      for (const text of table(report, paint)) line(text)
      for (const text of machineChangeLines(report)) line(paint('yellow', text))
      line('')
    },
    close() {
      if (live && !quiet) stream.write('\r\x1b[K')
    },
  }
}

function paintVerdict(verdict: Verdict, paint: Paint): string {
  return paint(COLOUR[verdict], verdict.padEnd(VERDICT_COLUMNS))
}

function table(report: Report, paint: Paint): string[] {
  const { scenarios } = report
  const idColumns = Math.max(8, ...scenarios.map(({ id }) => id.length))
  return [
    paint('gray', `${'verdict'.padEnd(VERDICT_COLUMNS)}  ${'scenario'.padEnd(idColumns)}  trials     time`),
    ...scenarios.map(
      scenario =>
        `${paintVerdict(scenario.verdict, paint)}  ${scenario.id.padEnd(idColumns)}  ${String(scenario.trials.length).padStart(6)}  ${seconds(scenario.elapsedMs).padStart(7)}${paint('gray', noted(scenario))}`,
    ),
    totalLine(report, paint),
  ]
}

/** `2 scenarios in 0.6 s: 1 changed, 1 confirmed` */
function totalLine({ scenarios, summary, elapsedMs }: Report, paint: Paint): string {
  const counts = Object.entries(summary).filter(([, count]) => count > 0)
  const total = counts.map(([verdict, count]) => paint(COLOUR[verdict as Verdict], `${count} ${verdict}`))
  return `${counted(scenarios.length, 'scenario')} in ${seconds(elapsedMs)}: ${total.join(', ') || 'nothing ran'}`
}

function noted(scenario: ScenarioReport): string {
  const notes = trialNotes(scenario)
  return notes.length > 0 ? `  ${notes.join(', ')}` : ''
}
