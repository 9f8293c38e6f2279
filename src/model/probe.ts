/** What a probe is: something that a user would do, judged on what came back. */

import type { EchoServer } from '../probes/server.js'
import type { Netns } from '../world/netns.js'
import type { Step } from './steps.js'

/** What came of a probe. */
export interface ProbeResult {
  readonly outcome: 'works' | 'fails' | 'not-triggered'
  /** In a sentence, with numbers. */
  readonly says: string
  /** The address that the answer came from. */
  readonly answeredBy?: string
  /** The address that the server saw as its peer. */
  readonly serverSaw?: string
  /** Measurements by name; the name ends in its unit. */
  readonly measured?: Readonly<Record<string, number>>
}

/** What a probe may use while it runs. */
export interface ProbeContext {
  readonly netns: (node: string) => Netns
  readonly server: (node: string, port: number) => EchoServer
  /** What a probe makes once and uses again, until the topology is taken down: what `make` makes, the first time for a key. */
  readonly keep: <T extends { close(): void }>(key: string, make: () => T) => T
  /** Milliseconds after which an answer that has not come counts as lost, scaled to the machine. */
  readonly deadlineMs: number
  /** Aborts when the kernel's own evidence says that the packet was lost: nothing is left to wait for. */
  readonly lost: AbortSignal
}

/** One kind of probe behind the interface that all share. */
export interface ProbeKind<Spec> {
  /** What it does, as a command that a reader knows. */
  describe(spec: Spec): string
  /** Roughly how many milliseconds it takes to come to this outcome: what takes long is best begun early. */
  typicalMs(spec: Spec, outcome: 'works' | 'fails'): number
  /** Steps before each run of it, part of the plan. */
  prepare?(spec: Spec): Step[]
  /** Runs it. Throws SystemError only when the lab itself is broken. */
  run(spec: Spec, context: ProbeContext): Promise<ProbeResult>
}
