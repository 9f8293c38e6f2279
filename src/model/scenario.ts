/** What a scenario file says: one documented failure, as data. */

import type { ProbeSpec } from '../probes/index.js'
import type { Toggle } from '../toggles/toggle.js'
import type { Mechanism } from './proof.js'
import type { Topology } from './topology.js'
import type { KernelChange } from './version.js'

// biome-ignore format: one alias a line
type Toggles = Readonly<Record<string, Toggle>>
type SettingsOf<T extends Toggles> = { readonly [K in keyof T]: T[K] extends Toggle<infer S> ? S : never }

/** What must come of a probe, where the settings and the kernel are as said. The first one that fits counts. */
export interface Expectation<
  T extends Toggles = Toggles,
  P extends string = string,
  M extends string = string,
> {
  readonly probes: readonly P[]
  /** Settings that it is for; a list means any of them; left out, any at all. */
  readonly when?: { readonly [K in keyof T]?: SettingsOf<T>[K] | readonly SettingsOf<T>[K][] }
  /** Kernels that it is for. */
  readonly kernel?: { readonly has: KernelChange } | { readonly lacks: KernelChange }
  readonly outcome: 'works' | 'fails'
  /** The address that must have answered. */
  readonly answeredBy?: string
  /** The address that the server must have seen as its peer. */
  readonly serverSaw?: string
  /** Why it fails; for a success, what must have stopped, when that is not the failure of the same probe in `broken`. */
  readonly mechanism?: M
  /** Whether it takes luck: a failure that does not come is then `not triggered`, and no verdict. */
  readonly statistical?: boolean
  readonly why: string
  /** How this differs from the document. A scenario in which such an expectation holds is `changed`. */
  readonly differs?: string
}

/** One setting of toggles to try and to take back. */
export type Fix<T extends Toggles = Toggles> = { readonly [K in keyof T]?: SettingsOf<T>[K] }

/** One topology's life: control, broken, then each fix set and taken back. */
export interface Experiment<T extends Toggles = Toggles, P extends string = string> {
  readonly title: string
  /** Settings that hold throughout, where they differ from those of the document's failure. */
  readonly given?: Fix<T>
  readonly fixes: readonly Fix<T>[]
  /** Probes besides the controls; all when left out. */
  readonly probes?: readonly P[]
}

/** One documented failure. */
export interface Scenario<
  T extends Toggles = Toggles,
  P extends string = string,
  M extends string = string,
  C extends string = string,
> {
  readonly id: string
  /** A sentence: who cannot do what. */
  readonly title: string
  readonly source: { readonly title: string; readonly url: string; readonly says: string }
  /** The topology as a drawing in characters. */
  readonly drawing: string
  /** Ids of capabilities without which nothing of it can run. */
  readonly needs: readonly string[]
  readonly topology: Topology
  readonly toggles: T
  readonly probes: Readonly<Record<P, ProbeSpec>>
  /** Probes that must come out as expected before anything else counts. */
  readonly controls: readonly C[]
  readonly mechanisms: Readonly<Record<M, Mechanism>>
  readonly expectations: readonly Expectation<T, P, M>[]
  readonly experiments: readonly Experiment<T, P>[]
  /** What its experiments must have to themselves, machine-wide: those that name the same thing run one at a time. */
  readonly exclusive?: string
}

/** Checks the types of a scenario: names in expectations and experiments are those of its probes, toggles and mechanisms. */
export function defineScenario<
  const T extends Toggles,
  const P extends string,
  const M extends string,
  const C extends NoInfer<P>,
>(scenario: Scenario<T, P, M, C>): Scenario {
  return scenario as unknown as Scenario
}
