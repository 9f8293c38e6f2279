/** A history for people: the runs, a column for each behind every scenario, and the flips. */
import { counted } from '../base/text.js'
import type { Verdict } from '../model/verdict.js'
import type { Flip, History, HistoryRun } from './history.js'

const SIGNS: Readonly<Record<Verdict, string>> = {
  error: '?',
  regressed: '✕',
  'unexpected-pass': '!',
  flaky: '±',
  skipped: '–',
  changed: '~',
  confirmed: '✓',
}
const NOT_RUN = '·'

/** A run in a line: when, on which kernel, from which file. */
export function runLine({ started, kernel, distribution, file }: HistoryRun): string {
  return `${started.slice(0, 16).replace('T', ' ')}  ${kernel.release}, ${distribution}  ${file}`
}

/** What came with a flip, as part of a sentence. */
export function flipCause({ with: besides, commits }: Flip): string {
  const causes = [...commits, ...besides]
  return causes.length > 0 ? `with ${causes.join('; ')}` : 'with nothing else that the reports know of'
}

/** The history as plain text. */
export function historyText({ runs, scenarios }: History): string {
  const width = Math.max(0, ...scenarios.map(({ id }) => id.length))
  const used = new Set(scenarios.flatMap(({ verdicts }) => verdicts))
  const legend = Object.entries(SIGNS).filter(([verdict]) => used.has(verdict as Verdict))
  const number = (at: number) => String(at + 1).padStart(String(runs.length).length)
  const blocks = [
    runs.map((run, at) => `${number(at)}  ${runLine(run)}`),
    [
      ...scenarios.map(({ id, verdicts, flips }) => {
        const signs = verdicts.map(verdict => (verdict === null ? NOT_RUN : SIGNS[verdict])).join('')
        return `${id.padEnd(width)}  ${signs}${flips.length > 0 ? `  ${counted(flips.length, 'flip')}` : ''}`
      }),
      [
        ...legend.map(([verdict, sign]) => `${sign} ${verdict}`),
        ...(used.has(null) ? [`${NOT_RUN} not run`] : []),
      ].join('  '),
    ],
    scenarios.flatMap(({ id, flips }) =>
      flips.map(
        flip =>
          `${id}: ${flip.from} (${flip.before + 1}) → ${flip.to} (${flip.after + 1}), ${flipCause(flip)}`,
      ),
    ),
  ]
  return `${blocks
    .filter(lines => lines.length > 0)
    .map(lines => lines.join('\n'))
    .join('\n\n')}\n`
}

/** The history as Markdown. */
export function historyMarkdown({ runs, scenarios }: History): string {
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const text = (words: string) => words.replace(/\s+/g, ' ').replace(/[\\`*_<>[\]|]/g, '\\$&')
  const flips = scenarios.flatMap(({ id, flips: own }) =>
    own.map(
      flip =>
        `- \`${id}\`: ${flip.from} (${flip.before + 1}) → ${flip.to} (${flip.after + 1}), ${text(flipCause(flip))}`,
    ),
  )
  return `${[
    ...runs.map((run, at) => `${at + 1}. ${text(runLine(run))}`),
    '',
    row(['scenario', ...runs.map((_, at) => String(at + 1))]),
    row(['---', ...runs.map(() => '---')]),
    ...scenarios.map(({ id, verdicts }) =>
      row([`\`${id}\``, ...verdicts.map(verdict => verdict ?? NOT_RUN)]),
    ),
    ...(flips.length > 0 ? ['', ...flips] : []),
  ].join('\n')}\n`
}
