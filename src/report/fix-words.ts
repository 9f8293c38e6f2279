/** What the table of fixes says, in lines that a person reads at once: first what breaks, then what repairs it. */
import { entryOf } from '../base/records.js'
import type { ScenarioReport } from '../model/report.js'
import { type Cell, DOCUMENTED, type FixTable, fixTable, isPartOf, type Row, rowParts } from './fix-table.js'

/** A line, and which sign stands before it. */
export interface FixLine {
  readonly kind: 'breaks' | 'repairs' | 'leaves' | 'other'
  readonly text: string
}

const SIGNS: Readonly<Record<FixLine['kind'], string>> = {
  breaks: '✕',
  repairs: '✓',
  leaves: '–',
  other: '!',
}

/** The sign that stands before a line. */
export function signOf({ kind }: FixLine): string {
  return SIGNS[kind]
}

/** The lines of a scenario; none where nothing was tried. */
export function fixLines(scenario: Pick<ScenarioReport, 'trials' | 'story'>): FixLine[] {
  return linesOf(fixTable(scenario), id => entryOf(scenario.story?.mechanisms ?? {}, id)?.title)
}

/** The lines of a table; `titleOf` says what a mechanism is called. */
export function linesOf(table: FixTable, titleOf: (mechanism: string) => string | undefined): FixLine[] {
  return [...breaks(table, titleOf), ...repairs(table), ...surprises(table)]
}

interface Entry {
  readonly probe: string
  readonly attack: boolean
  readonly cell: Cell
}

/** The cells of a row with their probes. */
function entriesOf({ probes }: FixTable, { cells }: Row): Entry[] {
  return probes.flatMap(({ id, attack }, at) => {
    const cell = cells[at]
    return cell ? [{ probe: id, attack, cell }] : []
  })
}

/** What fails before any fix, by its mechanism and by how sure that is to be so. */
function breaks(table: FixTable, titleOf: (mechanism: string) => string | undefined): FixLine[] {
  const rows = table.rows.filter(({ kind }) => kind === 'documented')
  const lines = new Map<
    string,
    { readonly probes: string[]; readonly says: string; readonly attack: boolean }
  >()
  for (const row of rows)
    for (const { probe, attack, cell } of entriesOf(table, row)) {
      if (cell.outcome !== 'fails' && cell.outcome !== 'both') continue
      const where = rowParts(row).slice(1)
      const known = cell.trials.flatMap(({ mechanism }) =>
        mechanism ? [titleOf(mechanism) ?? mechanism] : [],
      )
      const [why] = known
      const sure = cell.bad
        ? 'and must not'
        : cell.changed
          ? `as this kernel must${commitOf(cell)}`
          : DOCUMENTED
      const luck = cell.outcome === 'both' ? ' at times' : ''
      const says = `${luck}${where.length > 0 ? ` ${where.join(' ')}` : ''}, ${sure}${why ? `: ${why}` : ''}`
      const key = `${attack} ${says}`
      const line = lines.get(key) ?? { probes: [], says, attack }
      lines.set(key, line)
      if (!line.probes.includes(probe)) line.probes.push(probe)
    }
  const found = [...lines.values()].map(({ probes, says, attack }): FixLine => {
    const verb = attack
      ? probes.length > 1
        ? 'get through'
        : 'gets through'
      : probes.length > 1
        ? 'fail'
        : 'fails'
    return { kind: 'breaks', text: `${list(probes)} ${verb}${says}` }
  })
  return [...found, ...gone(table, rows)]
}

/** What fails in the document, and works here before any fix. */
function gone(table: FixTable, rows: readonly Row[]): FixLine[] {
  const works = rows.flatMap(row =>
    entriesOf(table, row).filter(({ cell }) => cell.outcome === 'works' && (cell.bad || cell.changed)),
  )
  const lines = new Map<string, { probes: string[]; bad: boolean; attack: boolean; since: string }>()
  for (const { probe, attack, cell } of works) {
    const since = commitOf(cell)
    const key = `${attack} ${cell.bad} ${since}`
    const line = lines.get(key) ?? { probes: [], bad: cell.bad, attack, since }
    lines.set(key, line)
    if (!line.probes.includes(probe)) line.probes.push(probe)
  }
  return [...lines.values()].map(({ probes, bad, attack, since }): FixLine => {
    const several = probes.length > 1
    const verb = attack ? (several ? 'are refused' : 'is refused') : several ? 'work' : 'works'
    return {
      kind: bad ? 'other' : 'leaves',
      text: `${list(probes)} ${verb}${bad ? ', and must not' : ` here without a fix${since}`}`,
    }
  })
}

interface Effect {
  /** What a row of it is called. */
  readonly name: string
  /** All that it takes besides the document's settings. */
  readonly settings: readonly string[]
  readonly repairs: readonly string[]
  readonly leaves: readonly string[]
  /** Probes that work without it. */
  readonly costs: readonly string[]
  /** Of what the document says otherwise: the commit. */
  readonly since: string
}

/** What each fix does to what fails without it; of fixes that do the same, the one that sets less. */
function repairs(table: FixTable): FixLine[] {
  const effects = effectsOf(table)
  const broken = new Set(effects.flatMap(effect => [...effect.repairs, ...effect.leaves]))
  const needed = effects.filter(
    (own, at) =>
      !effects.some(
        (other, index) =>
          sameEffect(other, own) &&
          (isPartOf(other.settings, own.settings) ||
            (index < at && sameSettings(other.settings, own.settings))),
      ),
  )
  const groups = new Map<string, Effect[]>()
  for (const effect of needed) {
    const key = JSON.stringify([effect.repairs, effect.leaves, effect.costs, effect.since])
    groups.set(key, [...(groups.get(key) ?? []), effect])
  }
  const attacks = table.probes.flatMap(({ id, attack }) => (attack ? [id] : []))
  return [...groups.values()]
    .sort(([a], [b]) => (b?.repairs.length ?? 0) - (a?.repairs.length ?? 0))
    .flatMap(own => (own[0] ? [effectLine(own, own[0], broken, attacks)] : []))
}

function effectsOf(table: FixTable): Effect[] {
  const before = table.rows.filter(({ kind }) => kind === 'documented')
  return table.rows
    .filter(({ kind }) => kind === 'fixed')
    .flatMap(row => {
      // What a fix does is told by what was so in the same circumstances.
      const own = before.filter(({ given }) => sharesGiven(given, row.given))
      const was = (outcome: 'works' | 'fails') => {
        const entries = (own.length > 0 ? own : before).flatMap(one => entriesOf(table, one))
        return (probe: string) =>
          entries.some(
            entry =>
              entry.probe === probe && (entry.cell.outcome === outcome || entry.cell.outcome === 'both'),
          )
      }
      const [fails, works] = [was('fails'), was('works')]
      const entries = entriesOf(table, row)
      const those = (meant: (entry: Entry) => boolean) => entries.filter(meant).map(({ probe }) => probe)
      const repaired = those(({ probe, cell }) => fails(probe) && cell.outcome === 'works')
      const left = those(({ probe, cell }) => fails(probe) && cell.outcome === 'fails')
      const costs = those(({ probe, cell }) => !fails(probe) && works(probe) && cell.outcome === 'fails')
      if (repaired.length + left.length + costs.length === 0) return []
      const changed = entries.find(({ probe, cell }) => fails(probe) && cell.changed)
      const besides = rowParts(row).slice(row.fix.length).join(' ')
      return [
        {
          name: `${row.fix.join(' and ')}${besides === '' ? '' : ` ${besides}`}`,
          settings: [...row.fix, ...(row.given[0] ?? [])],
          repairs: repaired,
          leaves: left,
          costs,
          since: changed ? commitOf(changed.cell) : '',
        },
      ]
    })
}

/** Whether rows were tried in circumstances that are the same for one of their alternatives. */
function sharesGiven(some: Row['given'], others: Row['given']): boolean {
  if (others.length === 0) return true
  return some.some(list => others.some(other => sameSettings(list, other)))
}

function sameSettings(some: readonly string[], others: readonly string[]): boolean {
  return JSON.stringify([...some].sort()) === JSON.stringify([...others].sort())
}

function sameEffect(a: Effect, b: Effect): boolean {
  return JSON.stringify([a.repairs, a.costs]) === JSON.stringify([b.repairs, b.costs])
}

/** `a=1 or b=1 repairs x and y, not z; p fails with it`. */
function effectLine(
  group: readonly Effect[],
  { repairs: repaired, leaves, costs, since }: Effect,
  broken: ReadonlySet<string>,
  attacks: readonly string[],
): FixLine {
  const several = group.some(({ name }) => name.includes(' '))
  const fixes = list(
    group.map(({ name }) => name),
    several ? '; or ' : ' or ',
    several ? '; ' : ', ',
  )
  const price = costs.length > 0 ? `; ${list(costs)} ${costs.length > 1 ? 'fail' : 'fails'} with it` : ''
  const [ins, outs] = [false, true].map(attack =>
    list((repaired.length > 0 ? repaired : leaves).filter(probe => attacks.includes(probe) === attack)),
  )
  if (repaired.length === 0) {
    const verb = outs && !ins ? 'keep out' : 'repair'
    const does =
      leaves.length === 0
        ? 'repairs nothing'
        : broken.size === 1
          ? 'does not'
          : `does not ${verb} ${list(leaves)}`
    return { kind: 'leaves', text: `${fixes} ${does}${since ? `,${since}` : ''}${price}` }
  }
  const does = [...(ins ? [`repairs ${ins}`] : []), ...(outs ? [`keeps out ${outs}`] : [])].join(' and ')
  const not = leaves.length > 0 ? `, not ${list(leaves)}` : ''
  return { kind: 'repairs', text: `${fixes} ${does}${since}${not}${price}` }
}

/** What did not come out as it must with a fix, or after it. */
function surprises(table: FixTable): FixLine[] {
  return table.rows
    .filter(({ kind }) => kind !== 'documented')
    .flatMap(row =>
      entriesOf(table, row)
        .filter(({ cell }) => cell.bad && (cell.outcome === 'works' || cell.outcome === 'fails'))
        .map(({ probe, attack, cell }): FixLine => {
          const [trial] = cell.trials.filter(({ outcome, expected }) => outcome !== expected)
          const came =
            cell.outcome === 'works' ? (attack ? 'is refused' : 'works') : attack ? 'gets through' : 'fails'
          const when = row.kind === 'reverted' ? rowParts(row).join(' ') : `with ${rowParts(row).join(', ')}`
          return {
            kind: 'other',
            text: `${probe} ${came} ${when}, and ${trial ? 'must not' : 'not as it must'}`,
          }
        }),
    )
}

/** ` since 751de2012eaf`, or ` before` it; empty where no commit is behind it. */
function commitOf({ trials }: Cell): string {
  const change = trials.find(trial => trial.verdict === 'changed' && trial.change)?.change
  if (!change) return ''
  return ` ${change.has === false ? 'before' : 'since'} ${change.commit}`
}

function list(words: readonly string[], last = ' and ', others = ', '): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(others)}${last}${words.at(-1)}`
}
