/**
 * What a process beside the lab's own does for it: what keeps a thread waiting that has packets to answer. To start a program is to
 * copy the address space of the one that does (fork), to fault it in again page by page, and to stand still until the program has
 * been found (uv_spawn()): for a process of some hundred MiB, milliseconds each time. To make a network namespace is to have each
 * subsystem of the kernel set itself up in it (setup_net(), net/core/net_namespace.c): near a millisecond.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { LabError } from '../base/errors.js'
import type { CommandRecord, RunOptions } from './command.js'
import { SystemError } from './libc.js'

/** What the process is asked for. */
export type Order = { readonly id: number } & (CommandOrder | NamespaceOrder)

/** To run a program. */
export interface CommandOrder {
  readonly argv: readonly string[]
  /** Name under /run/netns of the namespace to run in. */
  readonly netns: string | undefined
  readonly options: Omit<RunOptions, 'netns'>
}

/** To make a namespace of this name. */
interface NamespaceOrder {
  readonly make: string
}

/** What it answers. */
export type Answer =
  | { readonly id: number; readonly record: CommandRecord | undefined }
  | {
      readonly id: number
      readonly failure: { readonly message: string; readonly remedy: string; readonly exitCode: number }
      /** Of what the kernel refused. */
      readonly system?: { readonly syscall: string; readonly errno: number }
    }

interface Waiting {
  readonly resolve: (record: CommandRecord | undefined) => void
  readonly reject: (error: Error) => void
}

/** After a command's own time-out, which that process sees to. */
const GRACE_MS = 5000
const RUNNER = fileURLToPath(new URL('./command-runner.js', import.meta.url))
const waiting = new Map<number, Waiting>()
let runner: ChildProcess | undefined
let orders = 0

/** Runs a program as `runCommand` does, without keeping this process from its work. Throws what `runCommand` throws. */
export async function runAside(
  argv: readonly string[],
  { netns, ...options }: RunOptions,
): Promise<CommandRecord> {
  const record = await order({ argv, netns: netns?.name, options }, options.timeoutMs + GRACE_MS)
  if (!record) throw new Error('a command has no record')
  return record
}

/** Makes a network namespace as `addNetns` does. Throws what `addNetns` throws. */
export async function addNetnsAside(name: string, timeoutMs: number): Promise<void> {
  await order({ make: name }, timeoutMs + GRACE_MS)
}

function order(what: CommandOrder | NamespaceOrder, ms: number): Promise<CommandRecord | undefined> {
  runner ??= startRunner()
  const child = runner
  const id = ++orders
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => {
      waiting.delete(id)
      reject(new LabError(`the process that starts commands did not answer within ${ms} ms`, 'run it again'))
    }, ms)
    waiting.set(id, {
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
    child.send({ id, ...what } satisfies Order, () => {})
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
    if (!('failure' in answer)) asked?.resolve(answer.record)
    else asked?.reject(errorOf(answer))
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

function errorOf({ failure, system }: Extract<Answer, { failure: object }>): Error {
  return system
    ? new SystemError(system.syscall, system.errno)
    : new LabError(failure.message, failure.remedy, failure.exitCode)
}
