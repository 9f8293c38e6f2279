/**
 * Commands that a process beside the lab's own starts. To start a program is to stand still until that has the processor, and has been
 * found: for a process that has packets to answer, milliseconds each time on a busy machine.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { LabError, receivedError, type SentError } from '../base/errors.js'
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
  | { readonly id: number; readonly failure: SentError }

interface Waiting {
  readonly resolve: (record: CommandRecord) => void
  readonly reject: (error: Error) => void
}

/** After a command's own time-out, which that process sees to. */
const GRACE_MS = 5000
const RUNNER = fileURLToPath(new URL('./command-runner.js', import.meta.url))
const waiting = new Map<number, Waiting>()
let runner: ChildProcess | undefined
let orders = 0

/** Runs a program as `runCommand` does, without keeping this process from its work. Throws what `runCommand` throws. */
export function runAside(argv: readonly string[], { netns, ...options }: RunOptions): Promise<CommandRecord> {
  runner ??= startRunner()
  const child = runner
  const order: Order = { id: ++orders, argv, netns: netns?.name, options }
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => {
      waiting.delete(order.id)
      const ms = options.timeoutMs + GRACE_MS
      reject(new LabError(`the process that starts commands did not answer within ${ms} ms`, 'run it again'))
    }, options.timeoutMs + GRACE_MS)
    waiting.set(order.id, {
      resolve: record => {
        clearTimeout(late)
        resolve(record)
      },
      reject: error => {
        clearTimeout(late)
        reject(error)
      },
    })
    child.channel?.ref()
    // That it is gone is what its end says.
    child.send(order, () => {})
  })
}

/** Starts the process, which takes a while, before there is something to do for it. */
export function startRunner(): ChildProcess {
  if (runner) return runner
  const child = fork(RUNNER, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], execArgv: [] })
  runner = child
  child.on('message', (answer: Answer) => {
    const asked = waiting.get(answer.id)
    waiting.delete(answer.id)
    if (waiting.size === 0) child.channel?.unref()
    if ('record' in answer) asked?.resolve(answer.record)
    else asked?.reject(receivedError(answer.failure))
  })
  const ended = (how: string) => {
    if (runner === child) runner = undefined
    for (const { reject } of waiting.values())
      reject(new LabError(`the process that starts commands ${how}`, 'run it again'))
    waiting.clear()
  }
  child.on('error', error => ended(`could not be started: ${error.message}`))
  child.on('exit', (status, signal) => ended(`ended with ${signal ?? `status ${status}`}`))
  child.unref()
  child.channel?.unref()
  return child
}
