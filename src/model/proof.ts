/**
 * A proof is one thing that the kernel would say if a mechanism was at work. Sources turn proofs into findings: they
 * take what they need before the probe runs, and look again after it.
 */

import type { Capture } from '../evidence/capture.js'
import type { ConntrackEvents } from '../evidence/conntrack-events.js'
import type { KernelLog } from '../evidence/kernel-log.js'
import type { Trace } from '../evidence/trace.js'
import type { IptablesCommands } from '../topology/compile.js'
import type { CommandRecord } from '../world/command.js'
import type { Netns } from '../world/netns.js'
import type { KernelChange, KernelVersion } from './version.js'

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
  /** `dadfailed`: it is there, and given up; `missing`: there is none that could be used; `none`: there is none at all. */
  readonly flag: 'dadfailed' | 'missing' | 'none'
}

/** A counter of `conntrack -S`, summed over the CPUs. */
export interface ConntrackStatProof extends AnyProof {
  readonly source: 'conntrack-stat'
  readonly counter: string
  readonly moves: boolean
  /** By how much at least, where 1 would not prove it. */
  readonly atLeast?: number
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

/**
 * A packet that the kernel gave up, skb:kfree_skb, attributed by the index of the device that it came in on. Addresses are
 * those that it had then, after DNAT.
 */
export interface DropProof extends AnyProof {
  readonly source: 'drop'
  /** A regular expression for the device that the routing code saw it come in on: for a frame that br_netfilter took up, the bridge. */
  readonly device: string
  /** Regular expressions for the addresses. */
  readonly from: string
  readonly to: string
  /** A regular expression for the function that gave it up. */
  readonly function: string
  /** The reason's name by kernel, newest first; left out, any. */
  readonly reasons?: readonly { readonly name: string; readonly since: string }[]
}

/** The route lookups that were made for a packet that came in on a device, fib:fib_table_lookup. */
export interface FibProof extends AnyProof {
  readonly source: 'fib'
  /** Regular expressions, as in a drop. */
  readonly device: string
  readonly from: string
  readonly to: string
  /** A regular expression for the device that the lookup of the way back must have found, where there has to be such a lookup. */
  readonly back?: string
}

/** A connection that began to be tracked, as `conntrack -E` says it. */
export interface ConntrackEventProof extends AnyProof {
  readonly source: 'conntrack-event'
  /** A regular expression for the line. */
  readonly event: string
}

/** A frame on a device, as a packet socket sees it. */
export interface CaptureProof extends AnyProof {
  readonly source: 'capture'
  readonly device: string
  readonly direction: 'in' | 'out'
  readonly protocol?: 'icmp' | 'icmpv6' | 'tcp' | 'udp'
  readonly from?: string
  readonly to?: string
  /** ICMP or ICMPv6 type. */
  readonly type?: number
  /** Whether it must have the device's own MAC address as its source. */
  readonly ownMac?: boolean
  readonly present: boolean
}

export type Proof =
  | MibProof
  | RuleProof
  | RouteProof
  | AddressProof
  | ConntrackStatProof
  | ConntrackProof
  | KernelLogProof
  | DropProof
  | FibProof
  | ConntrackEventProof
  | CaptureProof

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
  /** Index of a device. */
  readonly index: (node: string, device: string) => number
  /** The machine's kernel log, or why it cannot be read. */
  readonly kernelLog: KernelLog | string
  /** The run's tracer, or why there is none. */
  readonly trace: Trace<unknown> | string
  /** What this experiment's devices are registered with the tracer under. */
  readonly owner: unknown
  /** The experiment's captures, or why there are none. */
  readonly capture: Capture | string
  /** The connection tracking events of a node, or why there are none. */
  readonly conntrackEvents: (node: string) => ConntrackEvents | string
  readonly kernel: KernelVersion
}

/** A proof under watch: `look` says what came since it was taken up. */
export interface Watch {
  /** Whether looking again and again while a probe waits says when it happened; `dear`: at the price of a program each time. */
  readonly pollable: boolean | 'dear'
  look(): Promise<Finding> | Finding
}

/** One source of evidence. */
export interface EvidenceSource<P extends Proof> {
  watch(proof: P, context: EvidenceContext): Promise<Watch> | Watch
}
