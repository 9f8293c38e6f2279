/** A topology that stands: its namespaces, its servers and its daemons, and the way to take them down. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { LabError } from '../errors.js'
import { EchoServer } from '../probes/server.js'
import { CommandError, type CommandRecord, killGroup, runCommand } from '../world/command.js'
import { Netns } from '../world/netns.js'
import type { ExperimentPlan } from './plan.js'
import type { DaemonStep, RunStep, Step } from './steps.js'

const COMMAND_TIMEOUT_MS = 20_000
const DAEMON_TIMEOUT_MS = 10_000
const POLL_MS = 5

/** Replaces folders of the machine by folders of its own, in a mount namespace of its own, and becomes the program. */
export const PRIVATE_FOLDERS = `set -e
while [ "$1" != -- ]; do
  case $1 in /run/*) mkdir -p "$1" ;; esac
  mount --bind "$2" "$1"
  shift 2
done
shift
exec "$@"`

/** One topology while an experiment has it. Throws LabError from every step that does not succeed. */
export class TopologyInstance {
  readonly #netns = new Map<string, Netns>()
  readonly #servers = new Map<string, EchoServer>()
  #built = false
  readonly #daemons: { child: ChildProcess; step: DaemonStep }[] = []

  constructor(
    readonly plan: ExperimentPlan,
    private readonly slowness: number,
    private readonly onCommand: (record: CommandRecord, why: string) => void,
  ) {}

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

  /** Runs a command in a node, whatever its exit status. */
  async exec(
    node: string | null,
    argv: readonly string[],
    why: string,
    stdin?: string,
  ): Promise<CommandRecord> {
    const record = await runCommand(argv, {
      node,
      netns: node === null ? undefined : this.netns(node),
      stdin,
      timeoutMs: COMMAND_TIMEOUT_MS * this.slowness,
    })
    this.onCommand(record, why)
    return record
  }

  /** Takes it down. The kernel frees the namespaces in the background. */
  async destroy(): Promise<void> {
    for (const { child } of this.#daemons) if (child.pid !== undefined) killGroup(child.pid, 'SIGKILL')
    for (const server of this.#servers.values()) server.close()
    for (const netns of this.#netns.values()) netns.close()
    // What a build left half-made goes with the world; to take it down by name would only fail on what is not there.
    if (this.#built) await this.performAll(this.plan.teardown)
  }

  async #run(step: RunStep): Promise<void> {
    const started = performance.now()
    let record = await this.exec(step.node, step.argv, step.why, step.stdin)
    while (step.untilNot !== undefined && new RegExp(step.untilNot).test(record.stdout)) {
      if (performance.now() - started > DAEMON_TIMEOUT_MS * this.slowness)
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
      if (performance.now() - started > DAEMON_TIMEOUT_MS * this.slowness)
        throw new LabError(`${step.why}: ${name} in node ${step.node} was not ready in time`, sayings)
      await delay(POLL_MS)
    }
  }

  async #isReady({ node, ready }: DaemonStep): Promise<boolean> {
    if ('file' in ready) return existsSync(ready.file)
    const { exitCode } = await runCommand(ready.argv, {
      node,
      netns: this.netns(node),
      timeoutMs: COMMAND_TIMEOUT_MS * this.slowness,
    })
    return exitCode === 0
  }
}
