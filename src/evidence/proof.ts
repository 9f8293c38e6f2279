/**
 * A proof is one thing that the kernel would say if a mechanism was at work. Sources turn proofs into findings: they
 * take what they need before the probe runs, and look again after it.
 */
import type { KernelChange } from '../kernel/version.js'
import type { IptablesCommands } from '../topology/compile.js'
import type { CommandRecord } from '../world/command.js'
import type { Netns } from '../world/netns.js'
import type { KernelLog } from './kernel-log.js'

interface AnyProof {
  readonly node: string
  /** False for what is there whether the failure is repaired or not; it is then not asked to stop when it is. */
  readonly stops?: false
}

/** A counter of a namespace, by the name that nstat gives it: `TcpExtIPReversePathFilter`. */
export interface MibProof extends AnyProof {
  readonly source: 'mib'
  readonly counter: string
  readonly moves: boolean
  /** By how much at least, where 1 would not prove it. */
  readonly atLeast?: number
}

/** The packet counter of an iptables rule whose text holds `rule`. */
export interface RuleProof extends AnyProof {
  readonly source: 'rule-counter'
  readonly table: string
  readonly rule: string
  readonly moves: boolean
}

/** What `ip route get` says for a packet that comes in on `device`. */
export interface RouteProof extends AnyProof {
  readonly source: 'route'
  readonly from: string
  readonly to: string
  readonly device: string
  /** A regular expression for what it prints. */
  readonly says: string
}

/** The state of an IPv6 address, from /proc/net/if_inet6. */
export interface AddressProof extends AnyProof {
  readonly source: 'address'
  readonly device: string
  readonly startsWith: string
  /** `dadfailed`: it is there, and given up; `missing`: there is none that could be used. */
  readonly flag: 'dadfailed' | 'missing'
}

/** A counter of `conntrack -S`, summed over the CPUs. */
export interface ConntrackStatProof extends AnyProof {
  readonly source: 'conntrack-stat'
  readonly counter: string
  readonly moves: boolean
}

/** An entry of a node's connection tracking table that matches a regular expression. */
export interface ConntrackProof extends AnyProof {
  readonly source: 'conntrack'
  readonly entry: string
  readonly present: boolean
}

/** A line of the kernel log. `@mac@` stands for the device's MAC address, `@ll@` for how a link-layer header dump begins. */
export interface KernelLogProof extends AnyProof {
  readonly source: 'kernel-log'
  readonly device: string
  /** A regular expression for the line itself. */
  readonly line: string
  /** Whether a `ll header:` dump with the device's MAC address as destination follows. */
  readonly header: boolean
}

export type Proof =
  | MibProof
  | RuleProof
  | RouteProof
  | AddressProof
  | ConntrackStatProof
  | ConntrackProof
  | KernelLogProof

/** Why packets get lost, in the kernel's terms, and what would prove it. */
export interface Mechanism {
  /** In a few words: `martian source`. */
  readonly title: string
  /** Where in the kernel: functions, and the commit where there is one. */
  readonly where: string
  /** The document's own line that shows it. */
  readonly document: string
  /** All must be seen that the machine can show; at least one must be. */
  readonly proofs: readonly Proof[]
  /** Changes that the mechanism's look depends on. */
  readonly changes?: readonly KernelChange[]
}

/** What came of one proof in one trial. */
export interface Finding {
  readonly source: Proof['source']
  readonly node: string
  /**
   * `seen` and `absent` are what they say. `not-seen` is weaker than absent: the source may have left it out (rate
   * limits). `unavailable`: this machine, kernel or user cannot show it.
   */
  readonly state: 'seen' | 'absent' | 'not-seen' | 'unavailable'
  readonly says: string
}

/** What a source may use. */
export interface EvidenceContext {
  readonly netns: (node: string) => Netns
  /** Runs a command in a node; its exit status is for the caller to judge. */
  readonly exec: (node: string, argv: readonly string[]) => Promise<CommandRecord>
  readonly iptables: IptablesCommands
  /** MAC address of a device. */
  readonly mac: (node: string, device: string) => string
  /** The machine's kernel log, or why it cannot be read. */
  readonly kernelLog: KernelLog | string
}

/** A proof under watch: `look` says what came since it was taken up. */
export interface Watch {
  /** Whether looking again and again while a probe waits says when it happened. */
  readonly pollable: boolean
  look(): Promise<Finding> | Finding
}

/** One source of evidence. */
export interface EvidenceSource<P extends Proof> {
  watch(proof: P, context: EvidenceContext): Promise<Watch> | Watch
}
