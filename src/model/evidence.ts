/**
 * What evidence is. A mechanism is why packets get lost; a proof is one thing that the kernel says if it was at work; a
 * source turns proofs into findings: it takes what it needs before the probe runs, and looks again after it. One file for
 * each source, all behind this.
 */
import type { z } from 'zod'
import type { CommandRecord } from '../world/command.js'
import type { Netns } from '../world/netns.js'
import type { KernelChange } from './change.js'
import type { ProbeResult } from './probe.js'
import type { RuleCount } from './rule-count.js'
import type { ScriptPart } from './script-part.js'
import type { IptablesCommands, RuleSet } from './steps.js'
import type { Place } from './topology.js'
import type { KernelVersion } from './version.js'

/** One thing that the kernel would say, and where; the rest is for its source to know. */
export interface Proof<N extends string = string> {
  /** Name of its source. */
  readonly source: string
  readonly node: N
  /** False for what is there whether the failure is repaired or not; it is then not asked to stop when it is. */
  readonly stops?: false
}

/** Why packets get lost, in the kernel's terms, and what would prove it. */
export interface Mechanism<N extends string = string> {
  /** In a few words: `martian source`. */
  readonly title: string
  /** Where in the kernel: functions, and the commit where there is one. */
  readonly where: string
  /** The document's own line that shows it. */
  readonly document: string
  /** Where the packet is lost, where no proof names the device. */
  readonly at?: Place<N>
  /** All must be seen that the machine can show; at least one must be. */
  readonly proofs: readonly Proof<N>[]
  /** Changes that the mechanism's look depends on. */
  readonly changes?: readonly KernelChange[]
}

/** What came of one proof in one trial. */
export interface Finding {
  readonly source: string
  readonly node: string
  /**
   * `seen` and `absent` are what they say. `not-seen` is weaker than absent: the source may have left it out (rate
   * limits). `unavailable`: this machine, kernel or user cannot show it.
   */
  readonly state: 'seen' | 'absent' | 'not-seen' | 'unavailable'
  readonly says: string
  /** Of what was not seen: that nothing can have kept it back. */
  readonly complete?: true
}

/** `none`: outcomes alone; `basic`: what costs next to nothing; `full`: traces and captures as well. */
export const EVIDENCE_LEVELS = ['none', 'basic', 'full'] as const
export type EvidenceLevel = (typeof EVIDENCE_LEVELS)[number]

/** One experiment, as what observes it needs to know it. */
export interface ObservedExperiment {
  /** In a few words, for whoever reads a capture. */
  readonly title: string
  /** Names of its nodes. */
  readonly nodes: readonly string[]
  /** Every device but lo, with an index that no other device of the machine has. */
  readonly devices: readonly { readonly node: string; readonly device: string; readonly index: number }[]
  readonly netns: (node: string) => Netns
}

/** What a run observes with: the file that it goes to, if anything is kept. */
interface ObservedRun {
  /** A folder of the run's, where files are kept; undefined where nothing is. */
  readonly out: string | undefined
  /** Says that something is not to be had on this machine, once. */
  readonly notice: (what: string, why: string) => void
}

/** What observes one experiment while it lasts. */
export interface ExperimentObservation<View> {
  /** What sources look at; or why there is nothing to look at. */
  readonly view: View | string
  /** Says that a trial begins. */
  startTrial?(label: string): void
  close?(): void
}

/** What observes a whole run: opened before its first experiment, closed after its last. */
export interface RunObservation<View> {
  experiment(experiment: ObservedExperiment): ExperimentObservation<View>
  /** Writes what is to be kept. Throws the file system's error. */
  close(): void
  /** Gives up at once what belongs to the machine, where the run is ended by a signal. */
  abort?(): void
}

/** Something that has to be opened to be looked at, and is shared by every proof that looks at it: a log, a tracer. */
export interface Observer<View> {
  /** What is missing where it cannot be opened: `kernel log`. */
  readonly what: string
  /** From which level of evidence on it is used. */
  readonly level: Exclude<EvidenceLevel, 'none'>
  /** Opens it; or says why this machine, kernel or user has none. Throws the file system's error for the run's folder. */
  open(run: ObservedRun): RunObservation<View> | string
}

/** A rule, or the policy of a chain, and what it has counted. */
export interface CountedRule {
  readonly set: RuleSet
  readonly table: string
  /** As iptables-save lists it: `-A PREROUTING -d …`, `:FORWARD DROP`. */
  readonly words: string
  readonly packets: number
}

/** What a source may use. */
export interface EvidenceContext {
  readonly netns: (node: string) => Netns
  /** Runs a command in a node; its exit status is for the caller to judge. */
  readonly exec: (node: string, argv: readonly string[]) => Promise<CommandRecord>
  readonly iptables: IptablesCommands
  /** What a node's rules have counted until now. */
  readonly ruleCounts: (node: string) => Promise<readonly CountedRule[]>
  /** The same as the kernel has it, of whatever made the rules. Throws SystemError. */
  readonly chainCounts: (node: string) => readonly RuleCount[]
  /** Whether the topology was loaded with a rule of a node whose text holds this: one that must be there to be counted. */
  readonly hasRule: (node: string, set: RuleSet, table: string, text: string) => boolean
  /** MAC address of a device. */
  readonly mac: (node: string, device: string) => string
  /** Index of a device. */
  readonly index: (node: string, device: string) => number
  /** What an observer sees of this experiment, or why it sees nothing. */
  readonly view: <View>(observer: Observer<View>) => View | string
  readonly kernel: KernelVersion
  /** What came of the probe; undefined while it runs. */
  readonly result: () => ProbeResult | undefined
}

/** A proof under watch: `look` says what came since it was taken up. */
export interface Watch {
  /** Whether looking again and again while a probe waits says when it happened. */
  readonly pollable: boolean
  look(): Promise<Finding> | Finding
}

/** What a proof in a script depends on. */
interface ScriptContext {
  readonly commands: IptablesCommands
  readonly mac: (node: string, device: string) => string
}

/** One source of evidence. */
export interface EvidenceSource<P extends Proof = Proof> {
  readonly source: P['source']
  /** The shape of its proofs. */
  readonly fields: z.ZodType
  /** From which level of evidence on it is asked. */
  readonly level: Exclude<EvidenceLevel, 'none'>
  /** What has to be opened for it. */
  readonly observer?: Observer<unknown>
  /** Whether a proof is about something that happens, not about something that stays away. */
  happens(proof: P): boolean
  /** Whether a proof is the kernel's own account of this very loss, and no count that something else may have moved. */
  isOwnAccount?(proof: P): boolean
  watch(proof: P, context: EvidenceContext): Promise<Watch> | Watch
  /** How clearly it tells a reader where a packet went, 1 the clearest; left out where its numbers say little by themselves. */
  readonly clarity?: number
  /** What a reader is told, where that is not what the first of its findings says. */
  tells?(findings: readonly Finding[]): { readonly says: string; readonly device?: string }
  /** The device on which a proof sees the packet get lost, and how well it knows that, 1 the best. */
  locates?(proof: P): { readonly device: string; readonly rank: number }
  /** How a shell script reads the same; left out where it takes the lab itself. */
  script?(proof: P, context: ScriptContext): ScriptPart | undefined
}
