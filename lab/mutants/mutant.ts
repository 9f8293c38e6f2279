import { repositoryFile } from '../../src/base/root.js'
import type { TrialReport } from '../../src/model/report.js'

/** Trials of a scenario that must come out otherwise than on the unpatched kernel: of each probe one at least. */
export interface Differing {
  /** Ids of the probes. */
  readonly probes: readonly string[]
  /** Settings that the trials have, all of these. */
  readonly when?: TrialReport['toggles']
  /** Whether it takes luck: there need not be one. */
  readonly byLuck?: true
}

/** What a mutant must do to a scenario. No trial may differ that is not named here. */
export type ExpectedChange = {
  /** The scenario's id. */
  readonly scenario: string
  readonly trials: readonly Differing[]
} & (
  | { readonly verdict: 'regressed' | 'unexpected-pass' }
  /**
   * What the lab can only call an error must be one that this matches: the words of each trial that is an error. `or` is a verdict
   * that it may have besides, by luck; `unlessLost`: on a slow guest it may only say that lines of the log or events were lost.
   */
  | {
      readonly verdict: 'error'
      readonly says: RegExp
      readonly or?: 'regressed' | 'unexpected-pass'
      readonly unlessLost?: true
    }
)

type ExpectedError = ExpectedChange & { readonly verdict: 'error' }

/** A kernel that differs from the unpatched one by one change, and the scenarios that must notice. */
export interface Mutant {
  /** Also the name of its kernel, and the stem of its patch. */
  readonly id: string
  /** One line for the table: what this kernel does. */
  readonly title: string
  /** The patch file, absolute; undefined for the unpatched kernel. */
  readonly patch: string | undefined
  /** The commit that it takes back, or that brought what it changes; undefined where none is known for sure. */
  readonly upstream: string | undefined
  /** Empty where nothing may change. A scenario that is not named must come out as on the unpatched kernel. */
  readonly changes: readonly ExpectedChange[]
}

/** A mutant with a patch in `lab/kernels/patches`. */
export function mutant(
  id: string,
  title: string,
  upstream: string | undefined,
  ...changes: readonly ExpectedChange[]
): Mutant {
  return { id, title, patch: repositoryFile(`lab/kernels/patches/${id}.patch`), upstream, changes }
}

/** A scenario some of whose trials fail on it, and must not. */
export function regressed(scenario: string, ...trials: readonly Differing[]): ExpectedChange {
  return { scenario, verdict: 'regressed', trials }
}

/** A scenario some of whose trials work on it, and must not. */
export function passes(scenario: string, ...trials: readonly Differing[]): ExpectedChange {
  return { scenario, verdict: 'unexpected-pass', trials }
}

/** A scenario that says nothing on it any more, and why it does not. */
export function fails(scenario: string, says: RegExp, ...trials: readonly Differing[]): ExpectedError {
  return { scenario, verdict: 'error', says, trials }
}

/** The same, for what depends on whether the kernel could have held back what it would have said. */
export function failsUnlessLost(
  scenario: string,
  says: RegExp,
  ...trials: readonly Differing[]
): ExpectedError {
  return { ...fails(scenario, says, ...trials), unlessLost: true }
}

/** Trials by the words for their probes, and by settings. */
export function trials(probes: string, when?: TrialReport['toggles']): Differing {
  return { probes: probes.split(' '), ...(when ? { when } : {}) }
}

/** Trials that may differ, and need not. */
export function byLuck(probes: string): Differing {
  return { ...trials(probes), byLuck: true }
}
