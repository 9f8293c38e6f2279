/** What an upgrade is judged to do: `netns-lab.upgrade/1`. */
import type { DefaultChange } from '../distro/defaults-diff.js'
import type { Report, TrialReport } from '../model/report.js'
import type { Difference, DifferenceKind, Side } from '../report/diff.js'
import type { MachineChange } from '../report/machine-diff.js'
import type { Attribution } from './attribute.js'
import { isNew, type RuleLoss } from './own-rules.js'

export const UPGRADE_SCHEMA = 'netns-lab.upgrade/1'

/** A release, as its own kernel and programs call themselves. */
export interface End {
  /** As it was asked for: `debian:12`. */
  readonly name: string
  /** Left out where its guest gave no report. */
  readonly kernel?: Report['kernel'] | undefined
  /** Its point release. */
  readonly version?: string | undefined
}

/** One trial, in every phase and with every iptables in which it is the same. */
export type Subject = Pick<
  Difference,
  'scenario' | 'probe' | 'phases' | 'iptables' | 'settings' | 'persisted'
>

/** A trial that comes out otherwise after the upgrade. */
export interface Moved extends Subject, Attribution {
  readonly kind: DifferenceKind
  /** Whether something that worked no longer does, or what kept something out no longer does. */
  readonly stops: boolean
  readonly before: Side
  readonly after: Side
  /** Where both were seen: each on its own kernel, or both on the running one. */
  readonly seen: 'own-kernels' | 'running-kernel'
  /** The commit, where the kernel is behind it and its expectation is keyed by one. */
  readonly change?: NonNullable<TrialReport['change']>
  /** Packages of programs that the scenario calls and whose versions differ, where the tools are behind it. */
  readonly packages?: readonly MachineChange[]
  /** The sysctls that move it alone, where defaults are behind it; all that differ where none does. */
  readonly sysctls?: readonly DefaultChange[]
}

/** Trials of which one end says nothing, so that nothing is said of the upgrade. */
export interface Untold {
  readonly scenario: string
  readonly end: string
  /** The trial's verdict with its reason. */
  readonly why: string
  readonly trials: number
}

/** What changes of the sysctls that are set at boot. */
interface DefaultsChanges {
  readonly changes: readonly DefaultChange[]
  /** How a device filters by reverse path, and what became of a packet whose source is routed elsewhere. */
  readonly reversePath: readonly {
    readonly name: string
    readonly mode: string
    readonly dropped: boolean
  }[]
}

/** One of the runs that an upgrade was judged by. */
export interface CellRun {
  readonly name: string
  /** The run of which it does again what broke. */
  readonly again?: string
  /** Of its report in the folder. */
  readonly file?: string
  /** Why there is none. */
  readonly problem?: string
  readonly elapsedMs: number
}

export interface UpgradeReport {
  readonly schema: typeof UPGRADE_SCHEMA
  readonly before: End
  readonly after: End
  readonly started: string
  readonly elapsedMs: number
  /** Packages whose versions differ. */
  readonly tools: readonly MachineChange[]
  readonly defaults: DefaultsChanges
  /** What of the user's own rules either release does not keep. */
  readonly rules?: readonly RuleLoss[]
  /** What stops first. */
  readonly moved: readonly Moved[]
  readonly untold: readonly Untold[]
  /** Trials that were judged of both releases, on their own kernels or on the running one. */
  readonly compared: number
  readonly cells: readonly CellRun[]
}

/** Names of the runs that gave no report, nor did any that was to make up for them. */
export function lackingRuns({ cells }: Pick<UpgradeReport, 'cells'>): string[] {
  const first = ({ name, again = name }: CellRun) => again
  const made = new Set(cells.filter(({ problem }) => problem === undefined).map(first))
  return [...new Set(cells.map(first))].filter(name => !made.has(name))
}

/** Whether something that worked before the upgrade does not after it: a trial, or a setting or a rule of the user's own. */
export function stopsSomething({ moved, defaults, rules = [] }: UpgradeReport): boolean {
  return (
    moved.some(({ stops }) => stops) ||
    defaults.changes.some(({ advice }) => advice !== undefined) ||
    rules.some(isNew)
  )
}
