/** Markdown: the verdict table (a column for each kernel when there are several), surprises, and causes. */
import { seconds } from '../base/text.js'
import type { Reporter } from '../model/event.js'
import type { Report, ScenarioReport } from '../model/report.js'
import { compareVerdicts, type Verdict } from '../model/verdict.js'
import { cellText, legendOf } from './fix-grid.js'
import { type FixTable, fixTable, rowParts } from './fix-table.js'
import { fixLines, signOf } from './fix-words.js'
import { describeFix, fixesOf } from './fixes.js'
import type { Sink } from './sink.js'
import { describeWay } from './way.js'
import {
  causesOf,
  describeCause,
  describeRun,
  hintsOf,
  machineChangeLines,
  oneLine,
  retriedLines,
  runNames,
  trialNotes,
} from './words.js'

const VERDICT_SIGNS: Readonly<Record<Verdict, string>> = {
  error: '💥',
  regressed: '❌',
  'unexpected-pass': '❗',
  flaky: '🎲',
  skipped: '⏭️',
  changed: '🔀',
  confirmed: '✅',
}

/** Writes the document when all runs are over. */
export function markdownReporter(sink: Sink): Reporter {
  const reports: Report[] = []
  return {
    run: report => void reports.push(report),
    close() {
      sink.write(markdownOf(reports))
      sink.close()
    },
  }
}

/** The reports of one or several runs as one document. */
export function markdownOf(reports: readonly Report[]): string {
  const [title, ...rows] = blocks(reports)
  const sections = reports.flatMap(report => [
    ...report.scenarios.map(scenario => section(scenario, of(report, reports), report.kernel)),
    unavailable(report, of(report, reports)),
  ])
  return documentOf([...(title ?? []), ...rows.flat(), ''], sections)
}

/**
 * The same in at most so many bytes: where it is too long, the worst scenarios come first, what each fix changed is left out, and
 * a line at the end says how many sections, or rows of the table, are missing. Nothing where there is no room for that line.
 */
export function markdownWithin(reports: readonly Report[], bytes: number): string {
  const whole = markdownOf(reports)
  if (Buffer.byteLength(whole) <= bytes) return whole
  const sections = reports
    .flatMap(report => report.scenarios.map(scenario => ({ scenario, report })))
    .sort((one, other) => compareVerdicts(one.scenario.verdict, other.scenario.verdict))
    .map(({ scenario, report }) => brief(scenario, of(report, reports), report.kernel))
  const [title = [], ...rows] = blocks(reports)
  const all = [title, ...rows, [''], ...sections]
  const note = (left: number) => [
    '',
    `${left} more parts have no room here; the HTML and JSON reports have all of it.`,
  ]
  let room = bytes - Buffer.byteLength(documentOf(note(all.length), []))
  if (room < 0) return ''
  const fitting = all.findIndex(block => {
    room -= Buffer.byteLength(`${block.join('\n')}\n`)
    return room < 0
  })
  const kept = fitting < 0 ? all : all.slice(0, fitting)
  return documentOf([...kept.flat(), ...(fitting < 0 ? [] : note(all.length - fitting))], [])
}

function documentOf(head: readonly string[], sections: readonly (readonly string[])[]): string {
  return `${[...head, ...sections.flat()].join('\n').trimEnd()}\n`
}

/** What comes before the sections: the title with a line for each run, then the rows of the table, each a block. */
function blocks(reports: readonly Report[]): string[][] {
  const lines = ['# netns-lab', '']
  for (const report of reports) {
    const summary = Object.entries(report.summary).filter(([, count]) => count > 0)
    lines.push(
      `- ${escapeMarkdown(describeRun(report))}: ${summary.map(([verdict, count]) => `${count} ${verdict}`).join(', ') || 'nothing ran'} in ${seconds(report.elapsedMs)}`,
      ...machineChangeLines(report).map(text => `  - ${escapeMarkdown(text)}`),
    )
  }
  const [head = '', rule = '', ...rows] = table(reports)
  return [[...lines, '', head, rule], ...rows.map(row => [row])]
}

/** Which of several runs a section is of. */
function of(report: Report, reports: readonly Report[]): string {
  const name = runNames(reports)[reports.indexOf(report)] ?? ''
  return reports.length > 1 ? ` on Linux ${escapeMarkdown(name)}` : ''
}

function unavailable(report: Report, of: string): string[] {
  if (report.unavailable.length === 0) return []
  return [
    `## Not available${of}`,
    '',
    ...report.unavailable.map(({ what, why }) => `- ${escapeMarkdown(what)}: ${escapeMarkdown(why)}`),
    '',
  ]
}

function table(reports: readonly Report[]): string[] {
  const titles = new Map(
    reports.flatMap(({ scenarios }) => scenarios.map(({ id, title }) => [id, title] as const)),
  )
  const columns = reports.length > 1 ? runNames(reports).map(escapeMarkdown) : ['verdict', 'trials', 'time']
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [
    row(['scenario', ...columns]),
    row(['---', ...columns.map(() => '---')]),
    ...[...titles].map(([id, title]) => {
      const found = reports.map(({ scenarios }) => scenarios.find(scenario => scenario.id === id))
      const only = found[0]
      const cells =
        reports.length > 1
          ? found.map(scenario => (scenario ? sign(scenario.verdict) : '–'))
          : only
            ? [sign(only.verdict), counted(only), seconds(only.elapsedMs)]
            : []
      return row([`\`${id}\`<br>${escapeMarkdown(title)}`, ...cells])
    }),
  ]
}

function counted(scenario: ScenarioReport): string {
  return [String(scenario.trials.length), ...trialNotes(scenario)].join(', ')
}

function sign(verdict: Verdict): string {
  return `${VERDICT_SIGNS[verdict]} ${verdict}`
}

function section(scenario: ScenarioReport, of: string, kernel: Report['kernel']): string[] {
  return [...brief(scenario, of, kernel), ...fixes(scenario)]
}

function brief(scenario: ScenarioReport, of: string, kernel: Report['kernel']): string[] {
  const { id, verdict, reason, story } = scenario
  const source = story?.source
  return [
    `## ${sign(verdict)}: \`${id}\`${of}`,
    '',
    escapeMarkdown(reason),
    '',
    ...(source ? [`Source: [${escapeMarkdown(source.title)}](${source.url})`, ''] : []),
    ...fixLines(scenario).map(line => `- ${signOf(line)} ${escapeMarkdown(line.text)}`),
    '',
    ...fixTableLines(fixTable(scenario)),
    ...causesOf(scenario).flatMap(cause => [
      `- ${escapeMarkdown(describeCause(cause))}`,
      ...(cause.way ? [`  - ${escapeMarkdown(describeWay(cause.way))}`] : []),
    ]),
    ...retriedLines(scenario).map(text => `- ❕ ${escapeMarkdown(text)}`),
    ...hintsOf(scenario, kernel).map(hint => `- → ${escapeMarkdown(hint)}`),
    '',
  ]
}

/** The table of fixes, with an empty line behind it; none of a scenario in which nothing was tried. */
export function fixTableLines(table: FixTable): string[] {
  const { probes, rows } = table
  if (rows.length === 0) return []
  const legend = legendOf(table)
  return [
    `| | ${probes.map(({ id }) => escapeMarkdown(id)).join(' | ')} |`,
    `| --- |${' --- |'.repeat(probes.length)}`,
    ...rows.map(row => {
      const cells = row.cells.map((cell, at) => escapeMarkdown(cellText(cell, probes[at]?.attack ?? false)))
      return `| ${escapeMarkdown(rowParts(row).join(', '))} | ${cells.join(' | ')} |`
    }),
    '',
    ...(legend.length > 0 ? [escapeMarkdown(legend.join('; ')), ''] : []),
  ]
}

/** What each fix changed, folded: it is what a reader asks for next. */
function fixes(scenario: ScenarioReport): string[] {
  const found = fixesOf(scenario)
  if (found.length === 0) return []
  const lines = found.map(
    fix => `- ${fix.repairs.length > 0 ? '✅' : '➖'} ${escapeMarkdown(describeFix(fix))}`,
  )
  return ['<details><summary>What each fix changed</summary>', '', ...lines, '', '</details>', '']
}

/** Text that Markdown would take for markup, as text, in one line. */
function escapeMarkdown(text: string): string {
  return oneLine(text)
    .replace(/[\\`*_[\]|~]/g, '\\$&')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
}
