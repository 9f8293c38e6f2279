/** A topology that stands: its namespaces, its servers and its daemons, and the way to take them down. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises'
import { LabError } from '../base/errors.js'
import type { ProbeContext } from '../model/probe.js'
import type { DaemonStep, LinksUpStep, RunStep, Step } from '../model/steps.js'
import type { ExperimentPlan } from '../plan/plan.js'
import { EchoServer } from '../probes/server.js'
import { runAside } from '../world/aside.js'
import { CommandError, type CommandRecord, killGroup } from '../world/command.js'
import { Netns } from '../world/netns.js'
import { linksDown, performBuiltin } from './builtins.js'

const COMMAND_TIMEOUT_MS = 20_000
const DAEMON_TIMEOUT_MS = 10_000
const POLL_MS = 5
const LINK_POLL_MS = 1
/** For so long the lab's own system calls may keep everything else waiting. */
const TURN_MS = 10

/** Replaces folders of the machine by folders of its own, in a mount namespace of its own, and becomes the program. */
export const PRIVATE_FOLDERS = `set -e
while [ "$1" != -- ]; do
  case $1 in /run/*) mkdir -p "$1" ;; esac
  mount --bind "$2" "$1"
  shift 2
done
shift
exec "$@"`

/**
 * Namespaces that nobody needs any more. The kernel frees what is in a namespace under its one lock for all network
 * configuration (cleanup_net(), rtnl_mutex), one or a hundred alike, and all else that configures anything waits for it.
 */
const retired: Netns[] = []
const RETIRED_AT_ONCE = 128

function retire(netns: Netns): void {
  netns.closeSockets()
  retired.push(netns)
  if (retired.length < RETIRED_AT_ONCE) return
  for (const one of retired.splice(0)) one.close()
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
  readonly #daemons: { child: ChildProcess; step: DaemonStep }[] = []

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
    if (step.do === 'run') await this.#run(step)
    else if (step.do === 'daemon') await this.#start(step)
    else if (step.do === 'links-up') await this.#linksUp(step)
    else {
      const server = new EchoServer(this.netns(step.node), step.protocol, step.address, step.port)
      this.#servers.set(`${step.node}:${step.port}`, server)
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

  /** The server that listens on a port of a node. Throws LabError when there is none. */
  server(node: string, port: number): EchoServer {
    const server = this.#servers.get(`${node}:${port}`)
    if (!server)
      throw new LabError(`nothing listens on port ${port} of node ${node}`, 'add the service to the topology')
    return server
  }

  /** What probes need here beside their nodes and servers. */
  get probeContext(): Pick<ProbeContext, 'netns' | 'server' | 'keep'> {
    return {
      netns: node => this.netns(node),
      server: (node, port) => this.server(node, port),
      keep: <T extends { close(): void }>(key: string, make: () => T): T => {
        const kept = (this.#kept.get(key) as T | undefined) ?? make()
        this.#kept.set(key, kept)
        return kept
      },
    }
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
      timeoutMs: COMMAND_TIMEOUT_MS * this.slowness(),
    })
    this.onCommand(record, why)
    return record
  }

  /** Takes it down; its names are free then. What is behind them is freed by the kernel, in its time and many at once. */
  async destroy(): Promise<void> {
    for (const { child } of this.#daemons) if (child.pid !== undefined) killGroup(child.pid, 'SIGKILL')
    for (const server of this.#servers.values()) server.close()
    for (const kept of this.#kept.values()) kept.close()
    for (const netns of this.#netns.values()) retire(netns)
    // What a build left half-made goes with the world; to take it down by name would only fail on what is not there.
    if (this.#built) await this.performAll(this.plan.teardown)
  }

  /** Performs a step in this process, if it is one of those that the lab knows. */
  async #builtin(step: RunStep): Promise<boolean> {
    const started = performance.now()
    if (started - this.#turnBegan > TURN_MS) {
      await nextTurn()
      this.#turnBegan = performance.now()
    }
    const nodes = this.#names
    const known = performBuiltin(step, {
      netns: node => this.netns(node),
      byName: name => {
        const node = nodes.get(name)
        return node === undefined ? undefined : this.netns(node)
      },
      index: (node, device) => this.plan.indexes[`${node}:${device}`],
      born: this.#born,
    })
    if (!known) return false
    this.onCommand(
      {
        node: step.node,
        argv: step.argv,
        ...(step.stdin === undefined ? {} : { stdin: step.stdin }),
        builtin: true,
        exitCode: 0,
        stdout: '',
        stderr: '',
        elapsedMs: performance.now() - started,
      },
      step.why,
    )
    return true
  }

  async #linksUp(step: LinksUpStep): Promise<void> {
    const started = performance.now()
    const route = this.netns(step.node).route()
    for (let down = linksDown(step, route); down.length > 0; down = linksDown(step, route)) {
      if (performance.now() - started > DAEMON_TIMEOUT_MS * this.slowness())
        throw new LabError(
          `${step.why}: in node ${step.node} ${down.join(', ')} did not come up within ${Math.round(performance.now() - started)} ms`,
        )
      await delay(LINK_POLL_MS)
    }
  }

  async #run(step: RunStep): Promise<void> {
    if (step.builtin && (await this.#builtin(step))) return
    const started = performance.now()
    let record = await this.exec(step.node, step.argv, step.why, step.stdin)
    while (step.untilNot !== undefined && new RegExp(step.untilNot).test(record.stdout)) {
      if (performance.now() - started > DAEMON_TIMEOUT_MS * this.slowness())
        throw new LabError(
          `${step.why}: '${step.argv.join(' ')}' in node ${step.node} still says: ${record.stdout.trim()}`,
        )
      await delay(POLL_MS)
      record = await this.exec(step.node, step.argv, step.why, step.stdin)
    }
    if (record.exitCode !== 0) throw new CommandError(record, step.why)
    if (step.node === null) return
    for (const [key, value] of Object.entries(step.readBack ?? {})) {
      const now = this.netns(step.node).readSysctl(key)?.replace(/\s+/g, ' ')
      if (now !== value)
        throw new LabError(
          `${step.why}: ${key} in node ${step.node} reads ${now ?? 'nothing'} after ${value} was written to it`,
          'the write was lost: is sysctl what it should be, and /proc/sys writable?',
        )
    }
  }

  async #start(step: DaemonStep): Promise<void> {
    for (const [name, content] of Object.entries(step.files)) {
      mkdirSync(dirname(join(step.folder, name)), { recursive: true, mode: 0o700 })
      writeFileSync(join(step.folder, name), content, { mode: 0o600 })
    }
    const folders = Object.entries(step.privateFolders ?? {}).flatMap(([path, name]) => {
      mkdirSync(join(step.folder, name), { recursive: true, mode: 0o755 })
      return [path, join(step.folder, name)]
    })
    const [file = '', ...args] =
      folders.length === 0
        ? step.argv
        : [
            'unshare',
            '--mount',
            '--propagation',
            'private',
            'sh',
            '-c',
            PRIVATE_FOLDERS,
            'sh',
            ...folders,
            '--',
            ...step.argv,
          ]
    const { child } = this.netns(step.node).inside(() => ({
      child: spawn(file, args, { detached: true, stdio: ['ignore', 'pipe', 'pipe'] }),
    }))
    this.#daemons.push({ child, step })
    let said = ''
    let failure: Error | undefined
    child.stdout.on('data', data => (said += data))
    child.stderr.on('data', data => (said += data))
    child.on('error', error => (failure = error))
    const started = performance.now()
    while (!(await this.#isReady(step))) {
      const name = step.argv[0] ?? ''
      const sayings = `it said: ${said.trim() || 'nothing'}`
      if (failure || child.exitCode !== null || child.signalCode !== null)
        throw new LabError(
          `${step.why}: ${name} in node ${step.node} ${failure ? `could not be started (${failure.message})` : `ended with ${child.signalCode ?? `status ${child.exitCode}`}`}`,
          sayings,
        )
      if (performance.now() - started > DAEMON_TIMEOUT_MS * this.slowness())
        throw new LabError(`${step.why}: ${name} in node ${step.node} was not ready in time`, sayings)
      await delay(POLL_MS)
    }
  }

  async #isReady({ node, ready }: DaemonStep): Promise<boolean> {
    if ('file' in ready) return existsSync(ready.file)
    const { exitCode } = await runAside(ready.argv, {
      node,
      netns: this.netns(node),
      timeoutMs: COMMAND_TIMEOUT_MS * this.slowness(),
    })
    return exitCode === 0
  }
}
