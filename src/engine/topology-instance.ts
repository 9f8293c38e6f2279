/** A topology that stands: its namespaces, its servers and its daemons, and the way to take them down. */
import { freemem } from 'node:os'
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises'
import { LabError } from '../base/errors.js'
import type { Persistence } from '../model/persistence.js'
import type { ExperimentPlan } from '../model/plan.js'
import type { ProbeContext } from '../model/probe.js'
import { persistCommands } from '../model/saved-rules.js'
import type {
  AdvertiseStep,
  DaemonStep,
  FeaturesStep,
  LinksUpStep,
  NamespacesStep,
  NetworkStep,
  PersistStep,
  QueryStep,
  RuleSet,
  RunStep,
  Step,
  SysctlsStep,
} from '../model/steps.js'
import { programOf } from '../topology/programs.js'
import { runAside } from '../world/aside.js'
import { CommandError, type CommandRecord } from '../world/command.js'
import { SystemError } from '../world/libc.js'
import { Netns } from '../world/netns.js'
import { linksDown, performFeatures, performNamespaces, performNetwork, performSysctls } from './builtins.js'
import { Daemon } from './daemon.js'
import { EchoServer } from './echo-server.js'
import { messagesTo, sendAsRouter } from './router-messages.js'

const COMMAND_TIMEOUT_MS = 20_000
const DAEMON_TIMEOUT_MS = 10_000
const POLL_MS = 5
const LINK_POLL_MS = 1
/** Many ticks of the kernel's clock (CONFIG_HZ), on a machine that is busy as well. */
const ANSWERS_MS = 60
const TAKEN_IN_MS = 10
const NOT_READY: ReadonlySet<string> = new Set(['ENETUNREACH', 'EADDRNOTAVAIL'])
/** For so long the lab's own system calls may keep everything else waiting. */
const TURN_MS = 10

/**
 * Namespaces that nobody needs any more. The kernel frees what is in a namespace under its one lock for all network
 * configuration (cleanup_net(), rtnl_mutex), one or a hundred alike, and all else that configures anything waits for it.
 */
const retired: Netns[] = []
/** How many are let go of at once in a run that makes too many of them to keep. */
const RETIRED_AT_ONCE = 128
/** As many go with the world in the end: a second's work for the kernel, some 200 MiB. */
const KEPT_MOST = 1024
const KEPT_MEMORY_SHARE = 4
const NETNS_BYTES = 200 * 1024
let retiredAtOnce = RETIRED_AT_ONCE

/** Has namespaces that nobody needs any more go in the end, where a run makes so few, `count`, that the machine can keep them. */
export function expectNamespaces(count: number): void {
  const fit = Math.min(KEPT_MOST, freemem() / KEPT_MEMORY_SHARE / NETNS_BYTES)
  retiredAtOnce = count <= fit ? KEPT_MOST : RETIRED_AT_ONCE
}

function retire(netns: Netns): void {
  netns.closeSockets()
  retired.push(netns)
  if (retired.length < retiredAtOnce) return
  for (const one of retired.splice(0)) one.close()
}

/** What the rules of a node are kept under that were saved in one way: nft saves all of a node's at once. */
export function savedKey(node: string, by: Persistence, set: RuleSet = 'iptables'): string {
  return `${node} ${by === 'nft' ? by : set}`
}

/** Rules of a node that were saved and loaded. */
export interface Saved {
  /** As they were saved. */
  readonly text: string
  /** What was said of them where they could not be loaded: there are none then. */
  readonly refused?: string
}

/** One topology while an experiment has it. Throws LabError from every step that does not succeed. */
export class TopologyInstance {
  readonly #netns = new Map<string, Netns>()
  readonly #servers = new Map<string, EchoServer>()
  #built = false
  #turnBegan = performance.now()
  readonly #born = new Map<string, string | undefined>()
  readonly #kept = new Map<string, { close(): void }>()
  readonly #names: ReadonlyMap<string, string>
  readonly #daemons: Daemon[] = []
  readonly #saved = new Map<string, Saved>()

  constructor(
    readonly plan: ExperimentPlan,
    /** By which factor deadlines are to be stretched now. */
    private readonly slowness: () => number,
    private readonly onCommand: (record: CommandRecord, why: string) => void,
  ) {
    this.#names = new Map(Object.entries(plan.netns).map(([node, name]) => [name, node]))
  }

  /** Builds it, stage after stage. */
  async build(): Promise<void> {
    for (const stage of this.plan.build) await Promise.all(stage.map(step => this.perform(step)))
    this.#built = true
  }

  /** Performs steps one after the other. */
  async performAll(steps: readonly Step[]): Promise<void> {
    for (const step of steps) await this.perform(step)
  }

  async perform(step: Step): Promise<void> {
    switch (step.do) {
      case 'run':
        return this.#run(step)
      case 'daemon':
        return this.#start(step)
      case 'links-up':
        return this.#linksUp(step)
      case 'namespaces':
        await this.#itself(step, () => performNamespaces(step))
        return
      case 'network':
        return this.#network(step)
      case 'features': {
        const index = this.plan.indexes[`${step.node}:${step.device}`] ?? 0
        await this.#itself(step, () => performFeatures(step, this.netns(step.node), index))
        return
      }
      case 'sysctls':
        return this.#sysctls(step)
      case 'advertise':
      case 'query':
        return this.#sendAsRouter(step)
      case 'persist':
        return this.#persist(step)
      case 'serve': {
        const { node, protocol, address, port } = step
        this.#servers.set(`${node}:${port}`, new EchoServer(this.netns(node), protocol, address, port))
      }
    }
  }

  /** The namespace of a node. */
  netns(node: string): Netns {
    let netns = this.#netns.get(node)
    if (!netns) {
      netns = new Netns(this.plan.netns[node] ?? node)
      this.#netns.set(node, netns)
    }
    return netns
  }

  /** What probes need here beside their nodes. */
  get probeContext(): Omit<ProbeContext, 'deadlineMs' | 'lost'> {
    return {
      exec: (node, argv) => this.exec(node, argv, 'run the probe'),
      iptables: this.plan.commands,
      netns: node => this.netns(node),
      server: (node, port) => {
        const server = this.#servers.get(`${node}:${port}`)
        if (server) return server
        throw new LabError(
          `nothing listens on port ${port} of node ${node}`,
          'add the service to the topology',
        )
      },
      keep: <T extends { close(): void }>(key: string, make: () => T): T => {
        const kept = (this.#kept.get(key) as T | undefined) ?? make()
        this.#kept.set(key, kept)
        return kept
      },
    }
  }

  /** The rules of nodes that were saved and loaded, by `savedKey`. */
  get saved(): ReadonlyMap<string, Saved> {
    return this.#saved
  }

  /** Runs a command in a node, whatever its exit status. */
  async exec(
    node: string | null,
    argv: readonly string[],
    why: string,
    stdin?: string,
  ): Promise<CommandRecord> {
    const record = await runAside(argv, {
      node,
      netns: node === null ? undefined : this.netns(node),
      stdin,
      timeoutMs: this.#patienceMs(),
    })
    this.onCommand(record, why)
    return record
  }

  /** How long anything may take that is done aside, in milliseconds. */
  #patienceMs(): number {
    return COMMAND_TIMEOUT_MS * this.slowness()
  }

  /** Takes it down; its names are free then. What is behind them is freed by the kernel, in its time and many at once. */
  async destroy(): Promise<void> {
    for (const daemon of this.#daemons) daemon.kill()
    for (const server of this.#servers.values()) server.close()
    for (const kept of this.#kept.values()) kept.close()
    for (const netns of this.#netns.values()) retire(netns)
    // What a build left half-made goes with the world; to take it down by name would only fail on what is not there.
    if (this.#built) await this.performAll(this.plan.teardown)
  }

  /** Has the lab itself perform a step, and says which command that stands for. False when `perform` leaves it to that. */
  async #itself(
    step: NamespacesStep | NetworkStep | FeaturesStep | SysctlsStep,
    perform: () => unknown,
  ): Promise<boolean> {
    const started = performance.now()
    if (started - this.#turnBegan > TURN_MS) {
      await nextTurn()
      this.#turnBegan = performance.now()
    }
    if ((await perform()) === false) return false
    const { node, argv, stdin, why } = programOf(step)
    this.onCommand(
      {
        node,
        argv,
        ...(stdin === undefined ? {} : { stdin }),
        builtin: true,
        exitCode: 0,
        stdout: '',
        stderr: '',
        elapsedMs: performance.now() - started,
      },
      why,
    )
    return true
  }

  async #network(step: NetworkStep): Promise<void> {
    const names = {
      byName: (name: string) => {
        const node = this.#names.get(name)
        return node === undefined ? undefined : this.netns(node)
      },
      index: (device: string) => this.plan.indexes[`${step.node}:${device}`],
    }
    const done = await this.#itself(step, () => performNetwork(step, this.netns(step.node), names))
    if (!done) await this.#run(programOf(step))
  }

  async #sysctls(step: SysctlsStep): Promise<void> {
    if (step.by === 'tool') await this.#run(programOf(step))
    else await this.#itself(step, () => performSysctls(step, this.netns(step.node), this.#born))
    if (!step.readBack || step.by !== 'tool') return
    for (const [key, value] of Object.entries(step.values)) {
      const now = this.netns(step.node).readSysctl(key)?.replace(/\s+/g, ' ')
      if (now !== value)
        throw new LabError(
          `${step.why}: ${key} in node ${step.node} reads ${now ?? 'nothing'} after ${value} was written to it`,
          'the write was lost: is sysctl what it should be, and /proc/sys writable?',
        )
    }
  }

  async #persist({ node, by, set, programs, why }: PersistStep): Promise<void> {
    const { save, load, flush } = persistCommands(by, programs)
    const must = (record: CommandRecord) => {
      if (record.exitCode !== 0) throw new CommandError(record, why)
      return record
    }
    const { stdout: text } = must(await this.exec(node, save, why))
    const { argv, stdin } = flush(text)
    must(await this.exec(node, argv, why, stdin))
    const { exitCode, stderr } = await this.exec(node, load, why, text)
    this.#saved.set(savedKey(node, by, set), { text, ...(exitCode === 0 ? {} : { refused: stderr.trim() }) })
  }

  async #sendAsRouter(step: AdvertiseStep | QueryStep): Promise<void> {
    const started = performance.now()
    const to = this.netns(step.to)
    const heard = messagesTo(to, step.do)
    this.onCommand(await this.#onceReady(started, () => sendAsRouter(step, this.netns(step.node))), step.why)
    while (messagesTo(to, step.do) === heard) {
      if (this.#isLate(started))
        throw new LabError(
          `${step.why}: nothing of the kind came in at ${step.to} from node ${step.node} within ${Math.round(performance.now() - started)} ms`,
        )
      await delay(LINK_POLL_MS)
    }
    // A bridge takes a querier for one when the time for answers is over: a tick of the kernel's clock.
    // It is counted before it is taken in (icmpv6_rcv(), net/ipv6/icmp.c), on another CPU maybe.
    await delay(step.do === 'query' ? ANSWERS_MS : TAKEN_IN_MS)
  }

  /**
   * Sends once a device can: it carries frames a moment before IPv6 has its routes for multicast (addrconf_notify(), which
   * linkwatch calls). Throws what sending throws.
   */
  async #onceReady<T>(started: number, send: () => T): Promise<T> {
    for (;;) {
      try {
        return send()
      } catch (error) {
        const early = error instanceof SystemError && NOT_READY.has(error.code)
        if (!early || this.#isLate(started)) throw error
        await delay(LINK_POLL_MS)
      }
    }
  }

  async #linksUp(step: LinksUpStep): Promise<void> {
    const started = performance.now()
    const route = this.netns(step.node).route()
    for (let down = linksDown(step, route); down.length > 0; down = linksDown(step, route)) {
      if (this.#isLate(started))
        throw new LabError(
          `${step.why}: in node ${step.node} ${down.join(', ')} did not come up within ${Math.round(performance.now() - started)} ms`,
        )
      await delay(LINK_POLL_MS)
    }
  }

  async #run(step: RunStep): Promise<void> {
    const started = performance.now()
    let record = await this.exec(step.node, step.argv, step.why, step.stdin)
    while (step.untilNot !== undefined && new RegExp(step.untilNot).test(record.stdout)) {
      if (this.#isLate(started))
        throw new LabError(
          `${step.why}: '${step.argv.join(' ')}' in node ${step.node} still says: ${record.stdout.trim()}`,
        )
      await delay(POLL_MS)
      record = await this.exec(step.node, step.argv, step.why, step.stdin)
    }
    if (record.exitCode !== 0) throw new CommandError(record, step.why)
  }

  async #start(step: DaemonStep): Promise<void> {
    const netns = this.netns(step.node)
    const daemon = new Daemon(step, netns)
    this.#daemons.push(daemon)
    const started = performance.now()
    const timeoutMs = this.#patienceMs()
    await daemon.ready(
      async argv => (await runAside(argv, { node: step.node, netns, timeoutMs })).exitCode === 0,
      () => this.#isLate(started),
    )
  }

  #isLate(started: number): boolean {
    return performance.now() - started > DAEMON_TIMEOUT_MS * this.slowness()
  }
}
