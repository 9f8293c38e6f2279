/** The outcomes of liars in numbers. */
import { columns } from '../../src/base/text.js'
import { EQUIVALENTS } from './equivalents.js'
import { deedOf, subjectOf } from './liar.js'
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

/** Outcomes by a name. */
export function groups(
  outcomes: readonly Outcome[],
  name: (outcome: Outcome) => string,
): Map<string, Outcome[]> {
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

/** Columns of a document's table behind the scenario: what is counted in each. */
const COLUMNS: readonly (readonly [head: string, came: readonly Came[]])[] = [
  ['error that names it', ['named']],
  ['other error', ['error']],
  ['other verdict', ['regressed', 'unexpected-pass', 'flaky']],
  ['missed', ['missed']],
  ['equivalent', ['equivalent']],
  ['idle', ['idle', 'skipped']],
]
const MISSED_AT = 3
const CAUGHT = COLUMNS.slice(0, MISSED_AT).length

/** The heads of a document's table. */
const TABLE_HEAD = [
  ['scenario', 'liars', ...COLUMNS.map(([head]) => head)],
  ['---', '--:', ...COLUMNS.map(() => '--:')],
].map(row => `| ${row.join(' | ')} |`)

/** What came of a scenario's liars in numbers: its liars, then a number for each column. */
export function counted(outcomes: readonly Outcome[]): number[] {
  return [
    outcomes.length,
    ...COLUMNS.map(([, all]) => outcomes.filter(({ came }) => all.includes(came)).length),
  ]
}

/** The rows of a document's table by scenario. */
export function rowsIn(document: string): Map<string, number[]> {
  return new Map(
    [...document.matchAll(/^\| \[?`([\w-]+)`.*?((?: \| *\d*)+) \|$/gm)].map(([, id = '', cells = '']) => [
      id,
      cells.split('|').slice(1).map(Number),
    ]),
  )
}

/** A document's table, in the order of ids. */
export function tableOf(rows: ReadonlyMap<string, readonly number[]>): string {
  const cells = (numbers: readonly number[]) => numbers.map(number => (number === 0 ? '' : String(number)))
  return [
    ...TABLE_HEAD,
    ...[...rows]
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([id, numbers]) => `| ${[`\`${id}\``, ...cells(numbers)].join(' | ')} |`),
  ].join('\n')
}

/** What the rows of a table come to: `1132 of 1137 caught (99.6 %), of 1255 liars in 8 scenarios.` */
export function total(rows: ReadonlyMap<string, readonly number[]>): string {
  const sum = (from: number, to: number) =>
    [...rows.values()].flatMap(numbers => numbers.slice(from, to)).reduce((all, number) => all + number, 0)
  const caught = sum(1, 1 + CAUGHT)
  return `${share(caught, caught + sum(1 + MISSED_AT, 2 + MISSED_AT))}, of ${sum(0, 1)} liars in ${rows.size} scenarios.`
}

/** Those of a scenario's liars that were not caught by name, a line for each thing that is lied about. */
export function deviations(outcomes: readonly Outcome[]): string {
  const odd = outcomes.filter(({ came }) => came !== 'named' && !UNCOUNTED.has(came))
  return [...groups(odd, ({ came, liar }) => `${subjectOf(liar)}: ${HEADS[came]}`)]
    .map(([name, own]) => `- ${name}: ${own.map(({ liar }) => deedOf(liar)).join('; ')}`)
    .join('\n')
}

/** The sections of scenarios that a document has, with these in place of older ones, in the order of ids; empty ones go. */
export function withSections(document: string, fresh: ReadonlyMap<string, string>): string {
  const [, ...old] = `\n${document}`.split('\n### ')
  const sections = new Map(
    old.map(section => {
      const [id = '', ...lines] = section.split('\n')
      return [id, lines.join('\n').trim()] as const
    }),
  )
  return [...new Map([...sections, ...fresh])]
    .filter(([, text]) => text !== '')
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([id, text]) => `### ${id}\n\n${text}\n`)
    .join('\n')
}

/** The list of those that come to the same. */
export function equivalents(): string {
  return EQUIVALENTS.map(({ which, why }) => `- ${which}: ${why}.`).join('\n')
}

function share(caught: number, counted: number): string {
  const percent = counted === 0 ? 100 : (100 * caught) / counted
  return `${caught} of ${counted} caught (${percent.toFixed(1)} %)`
}
