/** What a plan is made of: pure data that the engine performs, `script` prints and a reader can follow. */
import type { Persistence } from './persistence.js'
import type { PolicyRule } from './policy-rule.js'

/** The programs that edit, load and list one set of rules. */
export interface RulePrograms {
  readonly iptables: string
  readonly restore: string
  readonly save: string
}

/** How iptables is called: as the machine's `iptables`, or one of its two backends by name. */
export interface IptablesCommands extends RulePrograms {
  /** What edits the rules of the backend that is not called: `iptables-legacy`. */
  readonly other: string
}

/** As iptables is called where nobody asks for a backend, on a machine whose `iptables` is nft's. */
export const PLAIN_IPTABLES: IptablesCommands = {
  iptables: 'iptables',
  restore: 'iptables-restore',
  save: 'iptables-save',
  other: 'iptables-legacy',
}

/** Whose rules: those of iptables, of ip6tables, and of iptables with the other backend, which the kernel keeps beside them. */
export const RULE_SETS = ['iptables', 'ip6tables', 'otherIptables'] as const
export type RuleSet = (typeof RULE_SETS)[number]

/** Those that a topology is loaded with. */
export const LOADED_SETS = ['iptables', 'ip6tables'] as const

/** How the programs of a set of rules are called. */
export function rulePrograms(commands: IptablesCommands, set: RuleSet): RulePrograms {
  const { iptables, restore, save, other } = commands
  if (set === 'otherIptables') return { iptables: other, restore: `${other}-restore`, save: `${other}-save` }
  if (set === 'iptables') return { iptables, restore, save }
  const v6 = (name: string) => name.replace(/^ip/, 'ip6')
  return { iptables: v6(iptables), restore: v6(restore), save: v6(save) }
}

/** A program to run in a node (or, with node null, in the world itself). It must succeed. */
export interface RunStep {
  readonly do: 'run'
  readonly node: string | null
  readonly argv: readonly string[]
  readonly stdin?: string
  /** What it is for, as part of a message: `set accept_local`. */
  readonly why: string
  /** A regular expression: it is run again until its output does not match. */
  readonly untilNot?: string
}

/** Making network namespaces with names under /run/netns, or taking them away. */
export interface NamespacesStep {
  readonly do: 'namespaces'
  readonly action: 'add' | 'delete'
  readonly names: readonly string[]
  readonly why: string
}

/** Links, addresses, routes and policy rules of a node, in order: scaffolding, that the lab puts up itself where it can. */
export interface NetworkStep {
  readonly do: 'network'
  readonly node: string
  /** What ip(8) must be told beforehand of operations that do not say it themselves: which rules are of IPv6. */
  readonly family?: 'inet6'
  readonly operations: readonly NetworkOperation[]
  readonly why: string
}

/** Features (offloads) of a device, on and off by their names: scaffolding, that the lab puts up itself. */
export interface FeaturesStep {
  readonly do: 'features'
  readonly node: string
  readonly device: string
  readonly values: Readonly<Record<string, 'on' | 'off'>>
  readonly why: string
}

/** Sysctls of a node, written in order. */
export interface SysctlsStep {
  readonly do: 'sysctls'
  readonly node: string
  readonly values: Readonly<Record<string, string>>
  /**
   * `tool`: part of what is tried, by sysctl(8). `lab`: scaffolding, by the same system calls. `lab-fresh`: the same, with
   * nothing but the namespace there yet, so that only what differs needs to be written.
   */
  readonly by: 'tool' | 'lab' | 'lab-fresh'
  /** Whether they must read back as written: a write that was lost is the lab's failure, not the kernel's. */
  readonly readBack: boolean
  readonly why: string
}

/** A server that listens in a node until the topology is taken down. */
export interface ServeStep {
  readonly do: 'serve'
  readonly node: string
  readonly protocol: 'tcp' | 'udp'
  readonly address: string
  readonly port: number
}

/** Waiting until devices of a node carry frames: operational, and forwarding where they are ports of a bridge. */
export interface LinksUpStep {
  readonly do: 'links-up'
  readonly node: string
  /** Index of each device by name. */
  readonly devices: Readonly<Record<string, number>>
  /** Whether some are ports of a bridge. */
  readonly ports: boolean
  readonly why: string
}

/** Rules of a node that are saved, taken away, and loaded, as over a boot. What cannot be loaded is not there then, which is no error. */
export interface PersistStep {
  readonly do: 'persist'
  readonly node: string
  readonly by: Persistence
  /** Whose rules iptables-save saves; nft saves all. */
  readonly set: RuleSet
  readonly programs: RulePrograms
  readonly why: string
}

/** A program that keeps running in a node until the topology is taken down. */
export interface DaemonStep {
  readonly do: 'daemon'
  readonly node: string
  readonly argv: readonly string[]
  /** A folder under the world's own /run, made when it is missing. */
  readonly folder: string
  /** Files written into the folder before the program starts, by relative path. */
  readonly files: Readonly<Record<string, string>>
  /** It is ready when this file exists, or when this command succeeds. */
  readonly ready: { readonly file: string } | { readonly argv: readonly string[] }
  /** Folders of the machine that it sees a sub-folder of its own folder in place of, by path. */
  readonly privateFolders?: Readonly<Record<string, string>>
  readonly why: string
}

/** A prefix in a router advertisement (RFC 4861, 4.6.2). */
interface AdvertisedPrefix {
  /** With its length. */
  readonly prefix: string
  /** Whether its addresses are on the link (L); true when left out. */
  readonly onLink?: boolean
  /** Whether hosts make themselves an address of it (A); true when left out. */
  readonly autonomous?: boolean
  /** Seconds until it is no longer on the link, and until its addresses are no longer used; a day when left out. */
  readonly valid?: number
}

/** One router advertisement to all nodes of a link. It is over when the node that it is for has got it. */
export interface AdvertiseStep {
  readonly do: 'advertise'
  readonly node: string
  readonly device: string
  /** Who must have got it. */
  readonly to: string
  /** Seconds for which its sender is a default router; 0 says that it is none. */
  readonly lifetime: number
  readonly prefixes: readonly AdvertisedPrefix[]
  readonly why: string
}

/** One general query of MLDv2 to all nodes of a link, that is to be answered at once. It is over when the node that it is for has got it. */
export interface QueryStep {
  readonly do: 'query'
  readonly node: string
  readonly device: string
  /** Who must have got it. */
  readonly to: string
  readonly why: string
}

export type Step =
  | RunStep
  | NamespacesStep
  | NetworkStep
  | FeaturesStep
  | SysctlsStep
  | ServeStep
  | LinksUpStep
  | DaemonStep
  | AdvertiseStep
  | QueryStep
  | PersistStep

/** A device that is about to be made. */
export interface NewDevice {
  readonly name: string
  /** Index that it gets; the kernel picks one when left out. */
  readonly index?: number
  readonly mac?: string
  /** The longest packet that it takes, in bytes; the driver's own when left out. */
  readonly mtu?: number
}

/** One way of several that a route shares its packets among. */
export interface NextHop {
  readonly via?: string
  readonly device?: string
  /** Its share, from 1. */
  readonly weight?: number
}

/** A route as `ip route add` takes it. */
export interface Route {
  /** `default`, or a prefix. */
  readonly to: string
  /** Address of the next hop. */
  readonly via?: string
  readonly device?: string
  /** The longest packet that is sent along it, in bytes (RTAX_MTU); what path MTU discovery finds may still be less. */
  readonly mtu?: number
  /** The MSS that TCP announces along it, in bytes (RTAX_ADVMSS), in place of what the device's MTU leaves room for. */
  readonly advmss?: number
  /** `main` when left out, or its number. */
  readonly table?: string
  readonly metric?: number
  /** The source that the node itself takes for what it sends there. */
  readonly source?: string
  /** Whether the next hop is taken to be on the link, whatever its address. */
  readonly onlink?: true
  /** Several ways, in place of one. */
  readonly nextHops?: readonly NextHop[]
  /** Id of the next hop object that says the way. */
  readonly nextHopId?: number
  /** The shortest time after which TCP sends a segment again that nobody acknowledged, in milliseconds (RTAX_RTO_MIN). */
  readonly rtoMin?: number
  /** Words of ip-route(8) besides these, in its order: what only ip(8) itself can send. */
  readonly more?: readonly string[]
  /** The route's type where it is not `unicast`; only ip(8) itself can send it. */
  readonly type?: string
}

/** A next hop object, as `ip nexthop add` takes it: one way, or a group of others by their ids. */
export interface NextHopObject {
  readonly id: number
  readonly via?: string
  readonly device?: string
  readonly group?: readonly number[]
}

/** One change of a node's links, addresses, routes or policy rules. */
export type NetworkOperation =
  | {
      readonly op: 'add-veth'
      readonly end: NewDevice
      readonly peer: NewDevice
      /** Namespace of the peer, by its name under /run/netns. */
      readonly peerNetns: string
      /** Bridge that the end is born as a port of, and up. */
      readonly bridge?: string
    }
  | { readonly op: 'add-bridge'; readonly bridge: NewDevice }
  | {
      readonly op: 'set-link'
      readonly device: string
      readonly mac?: string
      readonly bridge?: string
      readonly up?: true
    }
  | {
      readonly op: 'add-address'
      readonly device: string
      /** With its prefix length. */
      readonly address: string
      /** Whether duplicate address detection is left out. */
      readonly nodad?: true
      /** Whether the route to its prefix is left out. */
      readonly noprefixroute?: true
    }
  | { readonly op: 'add-next-hop'; readonly nextHop: NextHopObject }
  | { readonly op: 'add-route'; readonly route: Route }
  | { readonly op: 'add-rule'; readonly rule: PolicyRule }

/** A run step for one command. */
export function run(node: string | null, argv: readonly string[], why: string, stdin?: string): RunStep {
  return { do: 'run', node, argv, why, ...(stdin === undefined ? {} : { stdin }) }
}

/** A step that writes sysctls in a node by sysctl(8) and has them read back. */
export function writeSysctls(
  node: string,
  values: Readonly<Record<string, string | number>>,
  why: string,
): SysctlsStep {
  const text = Object.fromEntries(Object.entries(values).map(([key, value]) => [key, String(value)]))
  return { do: 'sysctls', node, values: text, by: 'tool', readBack: true, why }
}

/** The command line of sysctl(8) that writes these. */
export function sysctlCommand({ values }: SysctlsStep): string[] {
  return ['sysctl', '-q', '-w', ...Object.entries(values).map(([key, value]) => `${key}=${value}`)]
}

/** The same steps with the sysctls that are written one after the other, node by node, each in one command. */
export function mergeSysctls(steps: readonly Step[]): Step[] {
  const merged: Step[] = []
  let mergeable = new Map<string, number>()
  for (const step of steps) {
    if (step.do !== 'sysctls' || !step.readBack) {
      mergeable = new Map()
      merged.push(step)
      continue
    }
    const at = mergeable.get(step.node)
    const before = at === undefined ? undefined : merged[at]
    if (at === undefined || before?.do !== 'sysctls') {
      mergeable.set(step.node, merged.length)
      merged.push(step)
      continue
    }
    const why = before.why.split('; ').includes(step.why) ? before.why : `${before.why}; ${step.why}`
    merged[at] = { ...before, values: { ...before.values, ...step.values }, why }
  }
  return merged
}

/** Replaces folders of the machine by folders of its own, in a mount namespace of its own, and becomes the program. */
const PRIVATE_FOLDERS = `set -e
while [ "$1" != -- ]; do
  case $1 in /run/*) mkdir -p "$1" ;; esac
  mount --bind "$2" "$1"
  shift 2
done
shift
exec "$@"`

/** The folders that a daemon's command needs, and the command itself, which sees its private ones in place of the machine's. */
export function daemonCommand({ argv, folder, privateFolders = {} }: DaemonStep): {
  readonly folders: readonly string[]
  readonly argv: readonly string[]
} {
  const pairs = Object.entries(privateFolders).map(([path, name]) => [path, `${folder}/${name}`] as const)
  if (pairs.length === 0) return { folders: [], argv }
  return {
    folders: pairs.map(([, own]) => own),
    argv: [
      ...['unshare', '--mount', '--propagation', 'private', 'sh', '-c', PRIVATE_FOLDERS, 'sh'],
      ...pairs.flat(),
      '--',
      ...argv,
    ],
  }
}
