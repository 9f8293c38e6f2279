/**
 * Commands that processes beside the lab's own start. To start a program is to copy the address space of the one that does
 * (fork), to fault it in again page by page, and to stand still until the program has been found (uv_spawn()): for a process
 * of some hundred MiB that has packets to answer, milliseconds each time. There is more than one of them, since the next
 * command would have to wait as long.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { LabError } from '../base/errors.js'
import type { CommandRecord, RunOptions } from './command.js'

/** What the process is asked for. */
export interface Order {
  readonly id: number
  readonly argv: readonly string[]
  /** Name under /run/netns of the namespace to run in. */
  readonly netns: string | undefined
  readonly options: Omit<RunOptions, 'netns'>
}

/** What it answers. */
export type Answer =
  | { readonly id: number; readonly record: CommandRecord }
  | {
      readonly id: number
      readonly failure: { readonly message: string; readonly remedy: string; readonly exitCode: number }
    }

interface Waiting {
  readonly resolve: (record: CommandRecord) => void
  readonly reject: (error: Error) => void
}

/** After a command's own time-out, which that process sees to. */
const GRACE_MS = 5000
/** How many there are at most: what standing still costs is spread among so many. */
const RUNNERS = Number(process.env.RUNNERS ?? 3)
const PROGRAM = fileURLToPath(new URL('./command-runner.js', import.meta.url))
const runners: Runner[] = []
let orders = 0

/** Runs a program as `runCommand` does, without keeping this process from its work. Throws what `runCommand` throws. */
export function runAside(argv: readonly string[], { netns, ...options }: RunOptions): Promise<CommandRecord> {
  return idlest().run({ id: ++orders, argv, netns: netns?.name, options })
}

/** Starts the processes, which takes a while, before there is something to do for them. */
export function startRunners(): void {
  while (runners.length < RUNNERS) runners.push(new Runner())
}

/** The process that has the least to do. One that has ended is replaced. */
function idlest(): Runner {
  startRunners()
  return runners.reduce((best, runner) => (runner.busy < best.busy ? runner : best))
}

/** One process that starts commands. */
class Runner {
  readonly #waiting = new Map<number, Waiting>()
  readonly #child: ChildProcess

  constructor() {
    this.#child = fork(PROGRAM, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], execArgv: [] })
    this.#child.on('message', (answer: Answer) => this.#answered(answer))
    this.#child.on('error', error => this.#ended(`could not be started: ${error.message}`))
    this.#child.on('exit', (status, signal) => this.#ended(`ended with ${signal ?? `status ${status}`}`))
    this.#child.unref()
    this.#child.channel?.unref()
  }

  /** How many commands it has not answered yet. */
  get busy(): number {
    return this.#waiting.size
  }

  run(order: Order): Promise<CommandRecord> {
    const ms = order.options.timeoutMs + GRACE_MS
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        this.#waiting.delete(order.id)
        reject(
          new LabError(`the process that starts commands did not answer within ${ms} ms`, 'run it again'),
        )
      }, ms)
      this.#waiting.set(order.id, {
        resolve: record => {
          clearTimeout(late)
          resolve(record)
        },
        reject: error => {
          clearTimeout(late)
          reject(error)
        },
      })
      this.#child.channel?.ref()
      // That it is gone is what its end says.
      this.#child.send(order, () => {})
    })
  }

  #answered(answer: Answer): void {
    const asked = this.#waiting.get(answer.id)
    this.#waiting.delete(answer.id)
    if (this.#waiting.size === 0) this.#child.channel?.unref()
    if ('record' in answer) asked?.resolve(answer.record)
    else asked?.reject(new LabError(answer.failure.message, answer.failure.remedy, answer.failure.exitCode))
  }

  #ended(how: string): void {
    const at = runners.indexOf(this)
    if (at >= 0) runners.splice(at, 1)
    for (const { reject } of this.#waiting.values())
      reject(new LabError(`the process that starts commands ${how}`, 'run it again'))
    this.#waiting.clear()
  }
}
