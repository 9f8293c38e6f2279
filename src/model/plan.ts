/**
 * What a plan is: pure data that says which commands run where, in what order, and what must come of each trial. The engine
 * performs it; whoever prints, draws or ships it needs nothing else.
 */
import type { Claim, Policy } from './configuration.js'
import type { Persistence } from './persistence.js'
import type { ProbeSpec } from './probe.js'
import type { Expectation, Settings } from './scenario.js'
import type { IptablesCommands, RuleSet, Step } from './steps.js'

/**
 * The phases of an experiment, in their order; `fixed` and `reverted` come again for each fix. An experiment that persists has
 * `persisted` in place of what comes after `fixed`: the fix, once its rules were saved, taken away and loaded.
 */
export const PHASES = ['control', 'broken', 'fixed', 'persisted', 'reverted'] as const
export type Phase = (typeof PHASES)[number]

/** The two ways in which iptables talks to the kernel. */
export const IPTABLES_BACKENDS = ['nft', 'legacy'] as const
export type IptablesBackend = (typeof IPTABLES_BACKENDS)[number]

/** The backend that it is when it is not this one. */
export function otherBackend(backend: IptablesBackend): IptablesBackend {
  return backend === 'nft' ? 'legacy' : 'nft'
}

/** One probe under one setting of the toggles. */
export interface TrialPlan {
  readonly probe: string
  readonly spec: ProbeSpec
  readonly prepare: readonly Step[]
  readonly settings: Settings
  readonly expectation: Expectation
  /** Ids of the mechanisms that can make this probe fail. */
  readonly mechanisms: readonly string[]
}

/** A claim with the toggle and the setting that it is of. */
export interface ToggleClaim {
  readonly toggle: string
  readonly setting: string
  readonly claim: Claim
}

export interface PhasePlan {
  readonly phase: Phase
  readonly settings: Settings
  /** The fix that a `fixed` phase sets and a `reverted` one takes back. */
  readonly fix?: Settings
  /** How the rules of the fix are saved and loaded, in a `persisted` phase. */
  readonly persisted?: Persistence
  /** What brings the toggles from the phase before to this one. */
  readonly change: readonly Step[]
  /** What the kernel must say in this phase, by the toggle that claims it. */
  readonly claims: readonly ToggleClaim[]
  readonly trials: readonly TrialPlan[]
}

/** One topology with everything that happens in it. */
export interface ExperimentPlan {
  readonly scenario: string
  /** Differs between the experiments of one run. */
  readonly id: string
  /** Title of the experiment, which no other one of the scenario has. */
  readonly title: string
  readonly iptables: IptablesBackend
  readonly commands: IptablesCommands
  /** Name under /run/netns of each node. */
  readonly netns: Readonly<Record<string, string>>
  /** MAC address by `node:device`. */
  readonly macs: Readonly<Record<string, string>>
  /** Index of every device but lo by `node:device`; no other device of the machine has it, unless the plan stands alone. */
  readonly indexes: Readonly<Record<string, number>>
  readonly folder: string
  /** Ids of the capabilities that it needs. */
  readonly needs: readonly string[]
  readonly exclusive?: string
  /** Milliseconds that it takes, about, besides what its probes always do. */
  readonly waitsMs?: number
  /** Whether it would be another experiment with another backend. */
  readonly usesIptables: boolean
  /** The rules that the topology is loaded with, chain by chain, without the words that name the chain. */
  readonly rules: readonly {
    readonly node: string
    readonly set: RuleSet
    readonly table: string
    readonly chain: string
    readonly rules: readonly string[]
    /** The chain's policy where the topology says one. */
    readonly policy?: Policy
  }[]
  /** The lines that nodes are loaded with by nft(8) and tc(8), by node. */
  readonly loaded: Readonly<
    Record<string, { readonly nft?: readonly string[]; readonly tc?: readonly string[] }>
  >
  readonly build: readonly (readonly Step[])[]
  readonly phases: readonly PhasePlan[]
  readonly teardown: readonly Step[]
}
