/** The outcomes of liars in numbers. */
import { columns } from '../../src/base/text.js'
import { EQUIVALENTS } from './equivalents.js'
import { subjectOf } from './liar.js'
import { type Came, OUTCOMES, type Outcome } from './outcome.js'

/** What is said of each outcome at the head of a column. */
const HEADS: Readonly<Record<Came, string>> = {
  named: 'error that names it',
  error: 'other error',
  regressed: 'regressed',
  'unexpected-pass': 'unexpected-pass',
  flaky: 'flaky',
  missed: 'missed',
  equivalent: 'equivalent',
  idle: 'idle',
  skipped: 'skipped',
}
/** Nobody could have noticed them. */
const UNCOUNTED: ReadonlySet<Came> = new Set(['equivalent', 'idle', 'skipped'])

function counts(outcomes: readonly Outcome[]): number[] {
  return OUTCOMES.map(came => outcomes.filter(outcome => outcome.came === came).length)
}

function groups(outcomes: readonly Outcome[], name: (outcome: Outcome) => string): Map<string, Outcome[]> {
  const found = new Map<string, Outcome[]>()
  for (const outcome of outcomes) {
    const key = name(outcome)
    found.set(key, [...(found.get(key) ?? []), outcome])
  }
  return found
}

/** A line for each scenario, for a terminal. */
export function summary(outcomes: readonly Outcome[]): string {
  const rows = groups(outcomes, ({ liar }) => liar.scenario.id)
  return columns([
    ['scenario', 'liars', ...OUTCOMES.map(came => HEADS[came])],
    ...[...rows, ['all', outcomes] as const].map(([name, own]) => [
      name,
      ...[own.length, ...counts(own)].map(number => (number === 0 ? '·' : String(number))),
    ]),
  ])
}

/** How many of those that could be noticed were: `1042 of 1042 caught (100.0 %)`. */
export function score(outcomes: readonly Outcome[]): string {
  const counted = outcomes.filter(({ came }) => !UNCOUNTED.has(came))
  return share(counted.filter(({ came }) => came !== 'missed').length, counted.length)
}

/** The outcomes of one scenario, for a document. */
export function table(outcomes: readonly Outcome[]): string {
  const shown = OUTCOMES.filter(came => outcomes.some(outcome => outcome.came === came))
  const head = ['what is lied about', 'liars', ...shown.map(came => HEADS[came])]
  const cells = (own: readonly Outcome[]) =>
    [own.length, ...shown.map(came => own.filter(outcome => outcome.came === came).length)].map(number =>
      number === 0 ? '' : String(number),
    )
  const rows = [...groups(outcomes, ({ liar }) => subjectOf(liar))].map(([name, own]) => [
    name,
    ...cells(own),
  ])
  return [
    `${score(outcomes)}, of ${outcomes.length} liars.`,
    '',
    ...[head, head.map(() => '---'), ...rows, ['all', ...cells(outcomes)]].map(
      row => `| ${row.join(' | ')} |`,
    ),
  ].join('\n')
}

/** The sections of scenarios that a document has, with these in place of older ones, in the order of their ids. */
export function withSections(document: string, fresh: ReadonlyMap<string, string>): string {
  const [, ...old] = `\n${document}`.split('\n### ')
  const sections = new Map(
    old.map(section => {
      const [id = '', ...lines] = section.split('\n')
      return [id, lines.join('\n').trim()] as const
    }),
  )
  return [...new Map([...sections, ...fresh])]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([id, text]) => `### ${id}\n\n${text}\n`)
    .join('\n')
}

/** What the scores in a document come to: each scenario's table begins with one. */
export function total(document: string): string {
  const scores = [...document.matchAll(/^(\d+) of (\d+) caught \([\d.]+ %\), of (\d+) liars\.$/gm)]
  const sum = (at: number) => scores.reduce((all, found) => all + Number(found[at]), 0)
  return `${share(sum(1), sum(2))}, of ${sum(3)} liars in ${scores.length} scenarios.`
}

/** The list of those that come to the same. */
export function equivalents(): string {
  return EQUIVALENTS.map(({ which, why }) => `- ${which}: ${why}.`).join('\n')
}

function share(caught: number, counted: number): string {
  const percent = counted === 0 ? 100 : (100 * caught) / counted
  return `${caught} of ${counted} caught (${percent.toFixed(1)} %)`
}
