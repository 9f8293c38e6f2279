/** Scenario × kernel tables of verdicts. */
import type { Report } from '../model/report.js'

/** One column: a kernel, and its report where there is one. */
interface Column {
  readonly name: string
  readonly report: Report | undefined
}

/** The table as text: a row for each scenario, a column for each kernel; `error` where there is no report. */
export function verdictTable(columns: readonly Column[]): string {
  const rows = [
    ['', ...columns.map(({ name }) => name)],
    ['', ...columns.map(({ report }) => report?.kernel.package ?? report?.kernel.version ?? '')],
    ...scenarioIds(columns).map(id => [id, ...columns.map(column => verdictOf(column, id))]),
  ]
  const widths = (rows[0] ?? []).map((_, index) => Math.max(...rows.map(row => (row[index] ?? '').length)))
  return `${rows
    .map(row =>
      row
        .map((cell, index) => cell.padEnd(widths[index] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')}\n`
}

/** The table as Markdown. */
export function markdownTable(columns: readonly Column[]): string {
  const head = columns.map(({ name, report }) => `${report?.kernel.version ?? '?'}<br>\`${name}\``)
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return `${[
    line(['scenario', ...head]),
    line(['---', ...columns.map(() => '---')]),
    ...scenarioIds(columns).map(id => line([`\`${id}\``, ...columns.map(column => verdictOf(column, id))])),
  ].join('\n')}\n`
}

function scenarioIds(columns: readonly Column[]): string[] {
  return [...new Set(columns.flatMap(({ report }) => report?.scenarios.map(({ id }) => id) ?? []))]
}

function verdictOf({ report }: Column, id: string): string {
  if (!report) return 'error'
  return report.scenarios.find(scenario => scenario.id === id)?.verdict ?? 'not run'
}
