/** From the reports of the cells to what an upgrade does. */
import type { DefaultChange } from '../distro/defaults-diff.js'
import type { Report } from '../model/report.js'
import { differenceOf, sideOf } from '../report/diff.js'
import type { MachineChange } from '../report/machine-diff.js'
import { documented, settingsBeyond } from '../report/words.js'
import { type Attribution, attribute, attributeRunning, type Cells, needsOlder } from './attribute.js'
import type { Moved, Subject, Untold } from './report.js'
import { type TrialState, trialStates } from './trials.js'

/** The report of each cell, where there is one; see `Cells`. */
export interface CellReports {
  readonly ends: { readonly before: Report | undefined; readonly after: Report | undefined }
  readonly kernel: Report | undefined
  readonly running: {
    readonly before: Report | undefined
    readonly tools: Report | undefined
    readonly after: Report | undefined
  }
  readonly older?: { readonly tools: Report | undefined; readonly defaults: Report | undefined } | undefined
}

/** One group of sysctls that an upgrade changes, alone on the running kernel. */
export interface SysctlCell {
  readonly changes: readonly DefaultChange[]
  readonly report: Report | undefined
}

/** What is known of the causes besides the cells. */
export interface Behind {
  /** Packages whose versions differ. */
  readonly packages: readonly MachineChange[]
  /** Names of the packages whose programs a scenario calls. */
  readonly packagesOf: (scenario: string) => readonly string[]
  readonly defaults: readonly DefaultChange[]
  readonly sysctls: readonly SysctlCell[]
}

/** What came of comparing both ends. */
export interface Comparison {
  readonly moved: readonly Moved[]
  readonly untold: readonly Untold[]
  readonly compared: number
}

/** One trial at both ends, wherever these were seen. */
interface Pair {
  readonly key: string
  readonly before: TrialState
  readonly after: TrialState
  readonly seen: Moved['seen']
}

type States = ReturnType<typeof trialStates>

/** The scenarios of which some trial comes out otherwise at the other end, on their own kernels or on the running one. */
export function movedScenarios(reports: CellReports): string[] {
  return [...new Set(movedPairs(statesOf(reports)).map(({ before }) => before.scenario.id))]
}

/** Those of them of which the defaults move some trial on the running kernel. */
export function movedByDefaults(reports: CellReports): string[] {
  const { running } = statesOf(reports)
  const ids = [...running.tools].flatMap(([key, { state, scenario }]) => {
    const after = running.after.get(key)?.state
    return state !== undefined && after !== undefined && state !== after ? [scenario.id] : []
  })
  return [...new Set(ids)]
}

/** Those of them for which the older kernel has to be asked, too. */
export function undecidedScenarios(reports: CellReports): string[] {
  const states = statesOf(reports)
  const ids = movedPairs(states).flatMap(({ key, before, seen }) =>
    seen === 'own-kernels' && needsOlder(cellsOf(states, key)) ? [before.scenario.id] : [],
  )
  return [...new Set(ids)]
}

/** Compares both ends, and attributes what differs. */
export function compareEnds(
  reports: CellReports,
  names: readonly [string, string],
  behind: Behind,
): Comparison {
  const states = statesOf(reports)
  const leaves = behind.sysctls.map(({ changes, report }) => ({ changes, states: trialStates(report) }))
  const moved = movedPairs(states).map((pair): Moved => {
    const { key, seen, before, after } = pair
    const cells = cellsOf(states, key)
    const attribution = seen === 'own-kernels' ? attribute(cells) : attributeRunning(cells.running)
    const kind = differenceOf(before.trial, after.trial) ?? 'mechanism'
    const alone = leaves.filter(leaf => leaf.states.get(key)?.state === after.state)
    return {
      ...subjectOf(after),
      kind,
      stops: ['fix-broke', 'now-fails', 'judged-worse'].includes(kind),
      before: sideOf(before.trial),
      after: sideOf(after.trial),
      seen,
      ...attribution,
      ...detailsOf(
        attribution,
        pair,
        behind,
        alone.flatMap(({ changes }) => changes),
      ),
    }
  })
  const judged = ({ before, after }: { readonly before: States; readonly after: States }) =>
    [...before.keys()].filter(key => [before, after].every(own => own.get(key)?.state !== undefined))
  const both = new Set([...judged(states.ends), ...judged(states.running)])
  return {
    moved: merge(moved, ({ kind, cause, before, after, seen }) => [
      kind,
      cause,
      before.mechanism,
      after.mechanism,
      seen,
    ]).sort((a, b) => Number(b.stops) - Number(a.stops)),
    untold: untoldOf((reports.ends.before ?? reports.ends.after) ? reports.ends : reports.running, names),
    compared: both.size,
  }
}

function statesOf({ ends, kernel, running, older }: CellReports) {
  return {
    ends: { before: trialStates(ends.before), after: trialStates(ends.after) },
    kernel: trialStates(kernel),
    running: {
      before: trialStates(running.before),
      tools: trialStates(running.tools),
      after: trialStates(running.after),
    },
    older: older && { tools: trialStates(older.tools), defaults: trialStates(older.defaults) },
  }
}

/** Trials whose ends differ; on the running kernel, those that were not judged at both ends. */
function movedPairs({ ends, running }: ReturnType<typeof statesOf>): Pair[] {
  const keys = new Set([ends.before, running.before].flatMap(states => [...states.keys()]))
  const differing = (key: string, from: States, to: States, seen: Pair['seen']): Pair[] => {
    const [before, after] = [from.get(key), to.get(key)]
    if (before?.state === undefined || after?.state === undefined) return []
    return before.state === after.state ? [] : [{ key, before, after, seen }]
  }
  return [...keys].flatMap(key => {
    const judged = [ends.before, ends.after].every(states => states.get(key)?.state !== undefined)
    return judged
      ? differing(key, ends.before, ends.after, 'own-kernels')
      : differing(key, running.before, running.after, 'running-kernel')
  })
}

function cellsOf({ ends, kernel, running, older }: ReturnType<typeof statesOf>, key: string): Cells {
  const state = (states: States) => states.get(key)?.state
  return {
    ends: { before: state(ends.before), after: state(ends.after) },
    kernel: state(kernel),
    running: { before: state(running.before), tools: state(running.tools), after: state(running.after) },
    ...(older ? { older: { tools: state(older.tools), defaults: state(older.defaults) } } : {}),
  }
}

function subjectOf({ scenario, trial }: TrialState): Subject {
  const base = documented(scenario.story)
  return {
    scenario: scenario.id,
    probe: trial.probe,
    phases: [trial.phase],
    iptables: [trial.iptables],
    ...(trial.persisted ? { persisted: trial.persisted } : {}),
    settings: Object.fromEntries(
      Object.entries(trial.toggles).filter(
        ([name]) => settingsBeyond({ [name]: trial.toggles[name] ?? '' }, base).length > 0,
      ),
    ),
  }
}

function detailsOf(
  { factors }: Attribution,
  { before, after }: Pair,
  { packages, packagesOf, defaults }: Behind,
  alone: readonly DefaultChange[],
): Pick<Moved, 'change' | 'packages' | 'sysctls'> {
  const change = [after, before].map(({ trial }) => trial.change).find(Boolean)
  // A commit that both ends have, or neither, is behind nothing.
  const told = before.trial.change?.has !== after.trial.change?.has ? change : undefined
  const names = packagesOf(after.scenario.id)
  const called = packages.filter(({ what }) => names.includes(what))
  return {
    ...(factors.includes('kernel') && told ? { change: told } : {}),
    ...(factors.includes('tools') ? { packages: called.length > 0 ? called : packages } : {}),
    ...(factors.includes('defaults') ? { sysctls: alone.length > 0 ? alone : defaults } : {}),
  }
}

/**
 * Trials of which one end says nothing, and the other something, or both nothing for an error of the lab's; and scenarios that the lab
 * could not begin with.
 */
function untoldOf(
  reports: Readonly<Record<'before' | 'after', Report | undefined>>,
  [older, newer]: readonly [string, string],
): Untold[] {
  const found = new Map<string, Untold>()
  const add = (one: Omit<Untold, 'trials'>, trials: number) => {
    const group = JSON.stringify(one)
    found.set(group, { ...one, trials: (found.get(group)?.trials ?? 0) + trials })
  }
  const [before, after] = [trialStates(reports.before), trialStates(reports.after)]
  for (const key of new Set([...before.keys(), ...after.keys()])) {
    const [own, other] = [before.get(key), after.get(key)]
    const [quiet, told] = own?.state === undefined ? [own, other] : [other, own]
    const broke = quiet?.silent?.startsWith('error') ?? false
    if (!quiet || quiet.silent === undefined || (told?.state === undefined && !broke)) continue
    add({ scenario: quiet.scenario.id, end: quiet === own ? older : newer, why: quiet.silent }, 1)
  }
  for (const [end, report] of [
    [older, reports.before],
    [newer, reports.after],
  ] as const)
    for (const { id, verdict, reason, trials } of report?.scenarios ?? [])
      if (verdict === 'error' && trials.length === 0) add({ scenario: id, end, why: `error: ${reason}` }, 0)
  return [...found.values()]
}

/** Joins what is the same but for the phase or the iptables that it was seen with. */
function merge<S extends Subject>(all: readonly S[], also: (one: S) => readonly unknown[]): S[] {
  const merged = new Map<string, S>()
  for (const one of all) {
    const key = JSON.stringify([one.scenario, one.probe, one.settings, one.persisted, ...also(one)])
    const known = merged.get(key)
    merged.set(
      key,
      known
        ? {
            ...known,
            phases: [...new Set([...known.phases, ...one.phases])],
            iptables: [...new Set([...known.iptables, ...one.iptables])],
          }
        : one,
    )
  }
  return [...merged.values()]
}
