/** The table of fixes: what each probe came to under each setting of the toggles, whatever experiment that was tried in. */
import type { ScenarioReport, TrialReport } from '../model/report.js'
import { isBad } from '../model/verdict.js'
import { documented, type Toggles } from './words.js'

/** A trial as far as the table tells of it. */
export type TableTrial = Pick<
  TrialReport,
  | 'experiment'
  | 'phase'
  | 'probe'
  | 'toggles'
  | 'fix'
  | 'persisted'
  | 'outcome'
  | 'expected'
  | 'verdict'
  | 'attack'
  | 'mechanism'
  | 'change'
>

/** What came of a probe in a cell: `both` of what must come out one way, `untried` where no experiment tried it. */
type CellOutcome = TrialReport['outcome'] | 'both' | 'untried'

/** A probe under some settings, all of its trials together. */
export interface Cell {
  readonly outcome: CellOutcome
  /** Whether it must not have come out so. */
  readonly bad: boolean
  /** Whether the document says otherwise, and this kernel must come out so. */
  readonly changed: boolean
  readonly trials: readonly TableTrial[]
}

/** Some settings, and what every probe came to under them. */
export interface Row {
  /**
   * `documented`: nothing but what the failure takes; `fixed`: with a fix; `persisted`: once its rules were saved and loaded;
   * `reverted`: taken back, and otherwise than before.
   */
  readonly kind: 'documented' | 'fixed' | 'persisted' | 'reverted'
  /** How the rules of the fix were saved and loaded. */
  readonly persisted?: TrialReport['persisted']
  /** Each as `toggle=setting`: those of the fix, and those that were given besides. */
  readonly fix: readonly string[]
  /** Those that held throughout, where it takes them; several lists are alternatives. */
  readonly given: readonly (readonly string[])[]
  /** In the order of the table's probes. */
  readonly cells: readonly Cell[]
}

export interface TableProbe {
  readonly id: string
  readonly attack: boolean
}

export interface FixTable {
  /** Those that fail first, the controls and guards behind them. */
  readonly probes: readonly TableProbe[]
  readonly rows: readonly Row[]
}

/** What stands in front of the document's own settings. */
export const DOCUMENTED = 'as documented'

/** The table of a scenario; without rows where nothing was tried. */
export function fixTable({ trials, story }: Pick<ScenarioReport, 'trials' | 'story'>): FixTable {
  return tableOf(trials, story ? documented(story) : (trials[0]?.toggles ?? {}))
}

/** The table of trials; `base` are the settings of the document's failure. */
export function tableOf(trials: readonly TableTrial[], base: Toggles): FixTable {
  const probes = probesOf(trials)
  const groups = new Map<string, Pick<Row, 'kind' | 'persisted'> & { fix: Toggles; trials: TableTrial[] }>()
  const tried = trials.filter(({ phase }) => phase !== 'reverted')
  for (const trial of [...tried, ...returned(trials)]) {
    const fix = trial.fix ?? {}
    const { phase, persisted } = trial
    const kind = phase === 'control' || phase === 'broken' ? 'documented' : phase
    const key = JSON.stringify([kind, persisted, Object.entries(fix).sort()])
    const group = groups.get(key) ?? { kind, ...(persisted ? { persisted } : {}), fix, trials: [] }
    groups.set(key, group)
    group.trials.push(trial)
  }
  const order: readonly Row['kind'][] = ['documented', 'fixed', 'persisted', 'reverted']
  return {
    probes,
    rows: [...groups.values()]
      .sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind))
      .flatMap(({ kind, persisted, fix, trials: own }) =>
        variants(own, fix, base).map(({ given, trials: all }) => ({
          kind,
          ...(persisted ? { persisted } : {}),
          fix: Object.entries(fix).map(([toggle, setting]) => `${toggle}=${setting}`),
          given,
          cells: probes.map(({ id }) => cellOf(all.filter(({ probe }) => probe === id))),
        })),
      ),
  }
}

/** What a row is called, in pieces: `hairpin_mode=on`, `as documented`, `after promisc=on`; each with what was given besides. */
export function rowParts({ kind, persisted, fix, given }: Row): string[] {
  const saved = persisted ? [`saved by ${persisted}`] : []
  const besides = given.map((list, at) => `${at === 0 ? 'with' : 'or'} ${list.join(' and ')}`)
  if (kind === 'documented') return [DOCUMENTED, ...besides]
  const [first = '', ...rest] = fix
  return [kind === 'reverted' ? `after ${first}` : first, ...rest, ...saved, ...besides]
}

/** Those that fail in the failure's own settings first; then what works there, and what is only tried with a fix. */
function probesOf(trials: readonly TableTrial[]): TableProbe[] {
  const rank = (id: string) => {
    const own = trials.filter(({ probe }) => probe === id)
    if (
      own.some(
        ({ phase, expected, outcome }) => phase === 'broken' && (expected === 'fails' || outcome === 'fails'),
      )
    )
      return 0
    return own.some(({ phase }) => phase === 'broken')
      ? 1
      : own.some(({ phase }) => phase === 'control')
        ? 2
        : 3
  }
  const ids = [...new Set(trials.map(({ probe }) => probe))]
  return ids
    .map(id => ({
      id,
      attack: trials.some(({ probe, attack }) => probe === id && attack === true),
      rank: rank(id),
    }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ id, attack }) => ({ id, attack }))
}

/** Trials after a fix was taken back that did not come out as they must: those that did say nothing that is not known. */
function returned(trials: readonly TableTrial[]): TableTrial[] {
  return trials.filter(({ phase, verdict }) => phase === 'reverted' && isBad(verdict))
}

interface Variant {
  given: (readonly string[])[]
  trials: TableTrial[]
}

/** The trials of a fix by what else was given, those that came out alike together; nothing is given where all did. */
function variants(trials: readonly TableTrial[], fix: Toggles, base: Toggles): Variant[] {
  const byGiven = new Map<string, Variant>()
  for (const trial of trials) {
    const given = Object.entries(trial.toggles).flatMap(([toggle, setting]) =>
      Object.hasOwn(fix, toggle) || base[toggle] === setting ? [] : [`${toggle}=${setting}`],
    )
    const key = given.join(' ')
    const variant = byGiven.get(key) ?? { given: [given], trials: [] }
    byGiven.set(key, variant)
    variant.trials.push(trial)
  }
  const merged: Variant[] = []
  for (const variant of byGiven.values()) {
    const alike = merged.find(other => agree(other.trials, variant.trials))
    if (!alike) merged.push({ given: [...variant.given], trials: [...variant.trials] })
    else {
      alike.given.push(...variant.given)
      alike.trials.push(...variant.trials)
    }
  }
  if (merged.length === 1) return merged.map(({ trials: all }) => ({ given: [], trials: all }))
  return merged.map(({ given, trials: all }) => ({ given: fewest(given), trials: all }))
}

/** Of lists of settings, those that no other one is a part of; none where nothing needs to be given. */
function fewest(given: readonly (readonly string[])[]): (readonly string[])[] {
  if (given.some(list => list.length === 0)) return []
  return given.filter(list => !given.some(other => other !== list && isPartOf(other, list)))
}

/** Whether all of some settings are among others, which are more. */
export function isPartOf(some: readonly string[], all: readonly string[]): boolean {
  return some.length < all.length && some.every(setting => all.includes(setting))
}

function agree(some: readonly TableTrial[], others: readonly TableTrial[]): boolean {
  return some.every(({ probe }) => {
    const [a, b] = [some, others].map(list => cellOf(list.filter(trial => trial.probe === probe)))
    if (!a || !b || a.outcome === 'untried' || b.outcome === 'untried') return true
    return a.outcome === b.outcome && a.bad === b.bad && a.changed === b.changed
  })
}

function cellOf(trials: readonly TableTrial[]): Cell {
  const told = trials.filter(({ outcome }) => outcome === 'works' || outcome === 'fails')
  const outcomes = [...new Set((told.length > 0 ? told : trials).map(({ outcome }) => outcome))]
  const [first = 'untried'] = outcomes
  return {
    outcome: outcomes.includes('error') ? 'error' : outcomes.length > 1 ? 'both' : first,
    bad: trials.some(({ verdict }) => isBad(verdict)),
    changed: trials.some(({ verdict }) => verdict === 'changed'),
    trials,
  }
}
