/** What a probe is: something that a user would do, judged on what came back. One file for each kind, all behind this. */
import { z } from 'zod'
import type { CommandRecord } from '../world/command.js'
import type { Netns } from '../world/netns.js'
import { type FieldsOf, nodesIn } from './fields.js'
import type { ScriptPart } from './script-part.js'
import type { IptablesCommands, Step } from './steps.js'

declare const NODES: unique symbol

/** A probe as a scenario has it: its kind, and the fields of that kind. `N` are the nodes that it names. */
export interface ProbeSpec<N extends string = string> {
  readonly kind: string
  /** What somebody does who must not get through: see `attack`. */
  readonly attack?: true
  /** For the compiler alone: no value has it. */
  readonly [NODES]?: N
}

/** What came of a probe. */
export interface ProbeResult {
  readonly outcome: 'works' | 'fails' | 'not-triggered'
  /** In a sentence, with numbers. */
  readonly says: string
  /** The address that the answer came from. */
  readonly answeredBy?: string
  /** The address that the server saw as its peer. */
  readonly serverSaw?: string
  /** Whether what failed is known to have got to a server; left out where that says whom it saw, or nobody knows. */
  readonly arrived?: boolean
  /** The system call that the kernel refused, and the errno's name: `sendto` and `EIO`. */
  readonly refused?: { readonly call: string; readonly code: string }
  /** An IPv6 address of the probe's own that the kernel flagged as a duplicate (IFA_F_DADFAILED), and that is taken away again. */
  readonly duplicate?: { readonly device: string; readonly address: string }
  /** Measurements by name; the name ends in its unit. */
  readonly measured?: Readonly<Record<string, number>>
}

/** A server of the topology, as far as a probe asks it. */
export interface ProbedService {
  /** The peer that sent something which begins with this word; undefined when none did. */
  seen(word: string): { readonly address: string; readonly port: number } | undefined
  /** Resolves when the TCP connection on which this word came has been ended and nothing of it is under way; at once where there is none. */
  drained(word: string): Promise<void>
}

/** What a probe may use while it runs. */
export interface ProbeContext {
  readonly netns: (node: string) => Netns
  /** The topology's own server on a port of a node. Throws LabError when there is none. */
  readonly server: (node: string, port: number) => ProbedService
  /** What a probe makes once and uses again, until the topology is taken down: what `make` makes, the first time for a key. */
  readonly keep: <T extends { close(): void }>(key: string, make: () => T) => T
  /** Runs a command in a node; its exit status is for the probe to judge. */
  readonly exec: (node: string, argv: readonly string[]) => Promise<CommandRecord>
  readonly iptables: IptablesCommands
  /** Milliseconds after which an answer that has not come counts as lost, scaled to the machine. */
  readonly deadlineMs: number
  /** Aborts when the kernel's own evidence says that the packet was lost: nothing is left to wait for. */
  readonly lost: AbortSignal
}

/** What a kind of probe says of itself; `Spec` are its fields. */
export interface ProbeBehaviour<Spec> {
  /** What it does, as a command that a reader knows. */
  describe(spec: Spec): string
  /** The node that it is seen from. */
  from(spec: Spec): string
  /** The address that its packets are sent to; left out where they go to everybody on the link. */
  to?(spec: Spec): string
  /** Whether nothing comes back of what it sends. */
  readonly oneWay?: true
  /** Whether what counts goes on with a connection that it has opened itself before. */
  readonly goesOn?: true
  /** Roughly how many milliseconds it takes to come to this outcome: what takes long is best begun early. */
  typicalMs(spec: Spec, outcome: 'works' | 'fails'): number
  /** Steps before each run of it, part of the plan. */
  prepare?(spec: Spec): Step[]
  /** Runs it. Throws SystemError only when the lab itself is broken. */
  run(spec: Spec, context: ProbeContext): Promise<ProbeResult>
  /** How a shell script does the same; left out where it takes the lab itself, as when its outcome is luck. */
  script?(spec: Spec, commands: IptablesCommands): ScriptPart | undefined
  /**
   * The same as a command of nothing but usual programs, whose status says whether it works: words for a shell, where `enter` are
   * those that bring a command into a node. Left out where it takes more.
   */
  plain?(spec: Spec, enter: (node: string) => string): string | undefined
}

type Shape = Readonly<Record<string, z.ZodType>>

/**
 * A probe of what must not be possible: `fails` where it is reached, which is the failure, and `works` where it is refused. Its
 * expectations say `reached` and `refused`, and so do reports.
 */
export function attack<const N extends string>(spec: ProbeSpec<N>): ProbeSpec<N> {
  return { ...spec, attack: true }
}

/** One kind of probe, which makes the probes of its kind: `tcp({ from: 'web', to: '192.0.2.1', port: 80, server: 'db' })`. */
export interface ProbeKind<K extends string = string, S extends Shape = Shape>
  extends ProbeBehaviour<FieldsOf<S>> {
  <const N extends string>(spec: FieldsOf<S, N>): ProbeSpec<N>
  readonly kind: K
  /** The shape of its probes, without the kind. */
  readonly fields: z.ZodObject<S>
  /** Every node that a probe names. */
  nodes(spec: ProbeSpec): string[]
}

/** A kind of probe from its name, the schemas of its fields, and what it does. */
export function probeKind<const K extends string, S extends Shape>(
  kind: K,
  shape: S,
  behaviour: ProbeBehaviour<FieldsOf<S>>,
): ProbeKind<K, S> {
  const make = <const N extends string>(spec: FieldsOf<S, N>): ProbeSpec<N> => ({ ...spec, kind })
  const made = Object.assign(make, behaviour, {
    kind,
    fields: z.strictObject({ ...shape, attack: z.literal(true).optional() }),
    nodes: (spec: ProbeSpec) => nodesIn(shape, spec),
  }) as ProbeKind<K, S>
  madeKinds().set(kind, made as unknown as ProbeKind)
  return made
}

const MADE = Symbol.for('netns-lab.probe-kinds')

/** Every kind of probe that was made in this process, also by another copy of this package: files of one's own may import theirs. */
export function madeKinds(): Map<string, ProbeKind> {
  const holder = globalThis as { [MADE]?: Map<string, ProbeKind> }
  holder[MADE] ??= new Map()
  return holder[MADE]
}
