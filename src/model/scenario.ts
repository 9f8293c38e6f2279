/** What a scenario is: one documented failure, as data. */
import type { Audit } from './audit.js'
import type { KernelChange } from './change.js'
import type { Mechanism } from './evidence.js'
import type { Persistence } from './persistence.js'
import type { ProbeSpec } from './probe.js'
import type { Toggle } from './toggle.js'
import type { Topology, TopologyDefinition } from './topology.js'

/** Every toggle of a scenario with its setting. */
export type Settings = Readonly<Record<string, string>>

/** The document that tells of a failure. */
export interface Source {
  readonly title: string
  readonly url: string
  /** Its own words for what people saw. */
  readonly says: string
}

/** Versions of tools by name: those from one on, or those before it. */
type ToolVersions = Readonly<Record<string, { readonly since: string } | { readonly before: string }>>

/** What must come of a probe where the settings and the kernel are as said. Of several that fit, the first one counts. */
export interface Expectation {
  /** Settings that it is for, a list meaning any of them; left out, any at all. */
  readonly when?: Readonly<Record<string, string | readonly string[]>>
  /** Kernels that it is for. */
  readonly kernel?: { readonly has: KernelChange } | { readonly lacks: KernelChange }
  /** For rules that were saved and loaded this way alone; left out, for any. */
  readonly persisted?: Persistence
  /** Versions of tools that it is for, by the name of the package upstream. */
  readonly tools?: ToolVersions
  readonly outcome: 'works' | 'fails'
  /** The address that must have answered. */
  readonly answeredBy?: string
  /** The address that the server must have seen as its peer. */
  readonly serverSaw?: string
  /** Why it fails; for a success, what must have stopped, when that is not the failure of the same probe in `broken`. */
  readonly mechanism?: string
  /** Of an attack that must be refused: what refuses it, whose evidence must be seen. */
  readonly refusedBy?: string
  /** Whether it takes luck: a failure that does not come is then `not triggered`, and no verdict. */
  readonly statistical?: boolean
  readonly why: string
  /** How this differs from the document. A scenario in which such an expectation holds is `changed`. */
  readonly differs?: string
}

/** One topology's life: control, broken, then each fix set and taken back. */
export interface Experiment {
  /** In a few words, that no other experiment of the scenario has. */
  readonly title: string
  /** Settings that hold throughout, where they differ from those of the document's failure. */
  readonly given?: Settings
  readonly fixes: readonly Settings[]
  /** Probes besides the controls; all that are no guards when left out. */
  readonly probes?: readonly string[]
  /** Probes that are run while a fix is set, and only then: what it must not do, or what it costs. */
  readonly guards?: readonly string[]
  /**
   * Whether each trial has a topology of its own, with the control in front of it: for what the kernel remembers from one to the
   * next (path MTUs, TIME_WAIT, connections that go on). They then run side by side.
   */
  readonly fresh?: true
  /** Milliseconds that it takes, about, besides what its probes always do: the longest experiments begin first. */
  readonly waitsMs?: number
}

/** One documented failure. */
export interface Scenario {
  readonly id: string
  /** What messages call the file that it is from. */
  readonly file: string
  /** A sentence: who cannot do what. */
  readonly title: string
  readonly source: Source
  /** The topology as a drawing in characters. */
  readonly drawing: string
  /** Ids of capabilities without which nothing of it can run. */
  readonly needs: readonly string[]
  readonly topology: Topology
  readonly toggles: Readonly<Record<string, Toggle>>
  readonly probes: Readonly<Record<string, ProbeSpec>>
  /** Probes that must come out as expected before anything else counts. */
  readonly controls: readonly string[]
  readonly mechanisms: Readonly<Record<string, Mechanism>>
  /** What must come of each probe. */
  readonly expect: Readonly<Record<string, readonly Expectation[]>>
  readonly experiments: readonly Experiment[]
  /** What its experiments must have to themselves, machine-wide: those that name the same thing run one at a time. */
  readonly exclusive?: string
  /** What makes a machine like it. */
  readonly audit?: Audit
}

type Toggles<N extends string> = Readonly<Record<string, Toggle<string, N>>>
type SettingsOf<T> = { readonly [K in keyof T]: T[K] extends Toggle<infer S> ? S : never }

/** One setting of toggles to try and to take back. */
type FixOf<T> = { readonly [K in keyof T]?: SettingsOf<T>[K] }

interface Circumstances<T> {
  /** Settings that it is for; a list means any of them; left out, any at all. */
  readonly when?: { readonly [K in keyof T]?: SettingsOf<T>[K] | readonly SettingsOf<T>[K][] }
  /** Kernels that it is for: those without this change. */
  readonly before?: KernelChange
  /** Kernels that it is for: those with this change. */
  readonly since?: KernelChange
  /** Where rules were saved and loaded this way (`lab run --persist`), and not otherwise. */
  readonly persisted?: Persistence
  /** Tools that it is for, by their versions: `{ iptables: { before: '1.8.8' } }`. */
  readonly tools?: ToolVersions
  /** How this differs from the document. A scenario in which such an expectation holds is `changed`. */
  readonly differs?: string
}

/** What must come of a probe, as a scenario writes it. Of several that fit, the first one counts. */
export type ExpectationDefinition<T = Readonly<Record<string, Toggle>>, M extends string = string> =
  | (Circumstances<T> & {
      /** It must work, and this is why. */
      readonly works: string
      /** The address that must have answered. */
      readonly answeredBy?: string
      /** The address that the server must have seen as its peer. */
      readonly serverSaw?: string
      /** What must have stopped, where that is not the failure of the same probe. */
      readonly stops?: M
    })
  | (Circumstances<T> & {
      /** It must fail, by this mechanism. */
      readonly fails: M
      readonly why: string
      /** Whether it takes luck: a failure that does not come is then `not triggered`, and no verdict. */
      readonly statistical?: boolean
    })
  | (Circumstances<T> & {
      /** The attack gets through, which is the failure, by this mechanism. */
      readonly reached: M
      readonly why: string
    })
  | (Circumstances<T> & {
      /** The attack must be refused, by this mechanism, whose evidence must be seen. */
      readonly refused: M
      readonly why: string
    })

/** A scenario as its file writes it. Names of nodes, toggles, settings, probes and mechanisms are those that it defines. */
export interface ScenarioDefinition<
  N extends string,
  T extends Toggles<N>,
  P extends string,
  M extends string,
> extends Pick<Scenario, 'id' | 'title' | 'source' | 'drawing' | 'needs' | 'exclusive'> {
  readonly topology: TopologyDefinition<N>
  readonly toggles: T
  readonly probes: Readonly<Record<P, ProbeSpec<NoInfer<N>>>>
  /** Probes that must come out as expected before anything else counts. */
  readonly controls: readonly NoInfer<P>[]
  readonly mechanisms: Readonly<Record<M, Mechanism<NoInfer<N>>>>
  /** What must come of each probe: a list, of which the first one that fits the settings and the kernel counts. */
  readonly expect: Readonly<Record<NoInfer<P>, readonly ExpectationDefinition<NoInfer<T>, NoInfer<M>>[]>>
  readonly experiments: readonly {
    readonly title: string
    readonly given?: FixOf<NoInfer<T>>
    readonly fixes: readonly FixOf<NoInfer<T>>[]
    readonly probes?: readonly NoInfer<P>[]
    readonly guards?: readonly NoInfer<P>[]
    readonly fresh?: true
    readonly waitsMs?: number
  }[]
  readonly audit?: Audit<NoInfer<N>, NoInfer<P>>
}

declare const DEFINED: unique symbol

/** A scenario as its file exports it, to be read by `readScenario`: its names fit together, as far as a compiler sees. */
export interface DefinedScenario {
  readonly id: string
  /** For the compiler alone: no value has it. */
  readonly [DEFINED]?: never
}
