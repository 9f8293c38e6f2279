/** What makes a machine like a scenario, in the words of the scenario's file; and what an audit comes to. */

/**
 * Facts of a machine by name, as a configuration has them (`link br0 kind`, `address 10.0.3.1/24 dev br0`, `sysctl net.ipv4.ip_forward`,
 * `ip rule inet 100`), and besides: `rule iptables nat POSTROUTING 1`, `policy iptables filter FORWARD`, `dnat 1`, `snat 1`, `conf eth0
 * rp_filter`. A pattern is a regular expression in which `{name}` stands for one word: a name that has no meaning yet gets it there. Names
 * are those of the scenario's topology, which the machine calls otherwise.
 */
export type FactPattern = string

/** A number that a fact's value is held against. */
interface Limits {
  readonly atLeast?: number
  readonly below?: number
}

/** A packet as far as it matters; names in braces as in patterns. What is left out may be anything. */
export interface PacketTemplate {
  /** `ip` when left out. */
  readonly family?: 'ip' | 'ip6' | 'bridge'
  readonly hook: 'PREROUTING' | 'INPUT' | 'FORWARD' | 'OUTPUT' | 'POSTROUTING'
  /** Whether what is asked is its translation, and not whether it passes. */
  readonly nat?: true
  /** Whose rules are asked: those of iptables, or tables of nftables that no iptables keeps; all when left out. */
  readonly by?: 'iptables' | 'nft'
  readonly in?: string
  readonly out?: string
  readonly src?: string
  readonly dst?: string
  readonly proto?: string
  readonly dport?: string
  readonly icmp?: string
  readonly mark?: string
  /** State and status of its connection: `NEW`, `INVALID`, `NEW,DNAT`. */
  readonly ct?: string
  readonly srcType?: string
  readonly dstType?: string
  /** Whether it is only bridged. */
  readonly bridged?: true
  /** Source MAC address, of frames. */
  readonly mac?: string
  /** Destination MAC address, of frames. */
  readonly toMac?: string
  /** `ip`, `ip6`, `arp`: of frames. */
  readonly etherType?: string
  /** Whether the destination is an address of the very device that it comes by. */
  readonly localToDevice?: 'yes' | 'no'
}

/** One part of a shape. `as` says in a few words what it is, for a machine that has it not: `a DNAT rule`. */
export type Part =
  | {
      readonly fact: FactPattern
      readonly is?: FactPattern | Limits
      readonly as?: string
    }
  /** There is no such fact. */
  | { readonly no: FactPattern; readonly is?: FactPattern | Limits; readonly as?: string }
  /** One of these lists of parts. */
  | { readonly any: readonly (readonly Part[])[]; readonly as?: string }
  /** What becomes of a packet: a pattern of `ACCEPT`, `DROP`, `policy ACCEPT`, `policy DROP`, `none`, or of a target of NAT. */
  | { readonly packet: PacketTemplate; readonly becomes: string; readonly as?: string }

/** What an audit knows of a scenario. */
export interface Audit<N extends string = string, P extends string = string> {
  /** The node of the topology that is the machine. */
  readonly node: N
  /** All that must be there for the failure to be possible, causes that a fix takes away included. */
  readonly shape: readonly Part[]
  /**
   * By which parts a setting of a toggle is known, where what the toggle claims does not say it: the first setting whose parts are all
   * there. A toggle without any, and whose claims say nothing of this node, is taken to have its first setting, and named.
   */
  readonly reads?: Readonly<Record<string, Readonly<Record<string, readonly Part[]>>>>
  /** What must be so besides, and cannot be read from the machine: `who is behind it uses TFTP`. */
  readonly if?: readonly string[]
  /** Probes whose failure makes the machine exposed; all that some fix repairs when left out. */
  readonly probes?: readonly P[]
}

/** `exposed`: fails here; `relies on`: a setting, a rule or the kernel holds it; `not concerned`: a part is missing; `cannot tell`: a part could not be read. */
type FindingKind = 'exposed' | 'relies on' | 'not concerned' | 'cannot tell'

/** What holds a failure. */
export interface Holder {
  /** The toggle and its setting, or the kernel's change by its commit. */
  readonly by: string
  /** Where that shows: facts of the machine. */
  readonly facts: readonly string[]
  /** What a boot changes of it, by the files that say so; nothing where it stays, or no file says. */
  readonly boot?: string
}

/** A way to repair it, as `lab explain` has it. */
export interface Repair {
  readonly settings: Readonly<Record<string, string>>
  readonly probes: readonly string[]
  readonly commands: readonly string[]
}

/** One scenario against one namespace of a machine. */
export interface Finding {
  readonly scenario: string
  readonly title: string
  /** The machine's namespace: `this`, a name under /run/netns, or a process. */
  readonly netns: string
  readonly finding: FindingKind
  /** The very objects, as facts: `link br-lxc kind: bridge`. */
  readonly objects: readonly string[]
  /** What the machine calls the names of the topology, for each place where it is so. */
  readonly places: readonly Readonly<Record<string, string>>[]
  /** Settings of the toggles as they were read. */
  readonly settings: Readonly<Record<string, string>>
  /** Probes that fail, and why. */
  readonly fails: readonly { readonly probe: string; readonly why: string }[]
  /** Probes that a fix holds, by what. */
  readonly held: readonly { readonly probe: string; readonly why: string }[]
  readonly holders: readonly Holder[]
  readonly repairs: readonly Repair[]
  /** `certain`, or what it hangs on that could not be read. */
  readonly conditions: readonly string[]
  /** Of `not concerned`: the part that is missing; of `cannot tell`: what could not be read, and why. */
  readonly missing?: string
}

/** Of a finding that names nothing. */
export const NOTHING_FOUND = {
  objects: [],
  places: [],
  settings: {},
  fails: [],
  held: [],
  holders: [],
  repairs: [],
  conditions: [],
} as const

/** Something that could not be read. */
export interface Unread {
  readonly what: string
  readonly why: string
  /** Who or what could read it, where that is known. */
  readonly remedy?: string
}

/** What an upgrade changes of what a machine relies on, or of a setting of its own. */
export interface AuditChange {
  readonly netns?: string
  readonly scenario?: string
  /** One sentence: what is so now, and what will be. */
  readonly change: string
  readonly worse: boolean
  /** Commands or lines that keep it. */
  readonly remedy?: string
}

/** What an audit of a machine comes to. */
export interface AuditReport {
  readonly version: 1
  readonly kernel: { readonly release: string; readonly version: string; readonly package?: string }
  readonly distribution: string
  readonly packages: Readonly<Record<string, string>>
  readonly savedRules: readonly string[]
  readonly nwfilters: readonly string[]
  readonly netns: readonly string[]
  readonly findings: readonly Finding[]
  /** What it was asked to be held against, and what would change. */
  readonly for?: { readonly name: string; readonly changes: readonly AuditChange[] }
  readonly unread: readonly (Unread & { readonly netns?: string })[]
}
