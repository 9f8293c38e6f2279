/** Markdown: the verdict table (a column for each kernel when there are several), surprises, and causes. */
import { seconds } from '../base/text.js'
import type { Reporter } from '../model/event.js'
import type { Report, ScenarioReport } from '../model/report.js'
import type { Verdict } from '../model/verdict.js'
import { describeFix, fixesOf } from './fixes.js'
import type { Sink } from './sink.js'
import {
  causesOf,
  countResults,
  describeCause,
  describeRun,
  hintsOf,
  machineChangeLines,
  oneLine,
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
  const lines = ['# netns-lab', '']
  for (const report of reports) {
    const summary = Object.entries(report.summary).filter(([, count]) => count > 0)
    lines.push(
      `- ${escapeMarkdown(describeRun(report))}: ${summary.map(([verdict, count]) => `${count} ${verdict}`).join(', ') || 'nothing ran'} in ${seconds(report.elapsedMs)}`,
      ...machineChangeLines(report).map(text => `  - ${escapeMarkdown(text)}`),
    )
  }
  lines.push('', ...table(reports), '')
  for (const report of reports) {
    const of = reports.length > 1 ? ` on Linux ${escapeMarkdown(report.kernel.version)}` : ''
    for (const scenario of report.scenarios) lines.push(...section(scenario, of, report.kernel))
    if (report.unavailable.length > 0)
      lines.push(
        `## Not available${of}`,
        '',
        ...report.unavailable.map(({ what, why }) => `- ${escapeMarkdown(what)}: ${escapeMarkdown(why)}`),
        '',
      )
  }
  return `${lines.join('\n').trimEnd()}\n`
}

function table(reports: readonly Report[]): string[] {
  const titles = new Map(
    reports.flatMap(({ scenarios }) => scenarios.map(({ id, title }) => [id, title] as const)),
  )
  const columns =
    reports.length > 1
      ? reports.map(({ kernel }) => escapeMarkdown(kernel.version))
      : ['verdict', 'trials', 'time']
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

function counted({ trials }: ScenarioReport): string {
  const { skip, fail, error } = countResults(trials)
  const notes = [
    ...(fail > 0 ? [`${fail} failed`] : []),
    ...(error > 0 ? [`${error} in error`] : []),
    ...(skip > 0 ? [`${skip} skipped`] : []),
  ]
  return [String(trials.length), ...notes].join(', ')
}

function sign(verdict: Verdict): string {
  return `${VERDICT_SIGNS[verdict]} ${verdict}`
}

function section(scenario: ScenarioReport, of: string, kernel: Report['kernel']): string[] {
  const { id, verdict, reason, story } = scenario
  const source = story?.source
  return [
    `## ${sign(verdict)}: \`${id}\`${of}`,
    '',
    escapeMarkdown(reason),
    '',
    ...(source ? [`Source: [${escapeMarkdown(source.title)}](${source.url})`, ''] : []),
    ...causesOf(scenario).map(cause => `- ${escapeMarkdown(describeCause(cause))}`),
    ...hintsOf(scenario, kernel).map(hint => `- → ${escapeMarkdown(hint)}`),
    '',
    ...fixes(scenario),
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
