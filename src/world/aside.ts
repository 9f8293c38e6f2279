/**
 * Commands that a process beside the lab's own starts. To start a program is to stand still until that has the processor, and has been
 * found: for a process that has packets to answer, milliseconds each time on a busy machine.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Asked } from '../base/asked.js'
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

/** After a command's own time-out, which that process sees to. */
const GRACE_MS = 5000
const RUNNER = fileURLToPath(new URL('./command-runner.js', import.meta.url))
const commands = new Asked<CommandRecord>()
let runner: ChildProcess | undefined

/** Runs a program as `runCommand` does, without keeping this process from its work. Throws what `runCommand` throws. */
export async function runAside(
  argv: readonly string[],
  { netns, ...options }: RunOptions,
): Promise<CommandRecord> {
  runner ??= startRunner()
  const child = runner
  const ms = options.timeoutMs + GRACE_MS
  let late: NodeJS.Timeout | undefined
  try {
    return await commands.ask(id => {
      const order: Order = { id, argv, netns: netns?.name, options }
      const how = `the process that starts commands did not answer within ${ms} ms`
      late = setTimeout(() => commands.refuse(id, new LabError(how, 'run it again')), ms)
      child.channel?.ref()
      // That it is gone is what its end says.
      child.send(order, () => {})
    })
  } finally {
    clearTimeout(late)
  }
}

/** Starts the process, which takes a while, before there is something to do for it. */
export function startRunner(): ChildProcess {
  if (runner) return runner
  const child = fork(RUNNER, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], execArgv: [] })
  runner = child
  child.on('message', (answer: Answer) => {
    if ('record' in answer) commands.answer(answer.id, answer.record)
    else commands.refuse(answer.id, receivedError(answer.failure))
    if (commands.answered) child.channel?.unref()
  })
  const ended = (how: string) => {
    if (runner === child) runner = undefined
    commands.refuseAll(new LabError(`the process that starts commands ${how}`, 'run it again'))
  }
  child.on('error', error => ended(`could not be started: ${error.message}`))
  child.on('exit', (status, signal) => ended(`ended with ${signal ?? `status ${status}`}`))
  child.unref()
  child.channel?.unref()
  return child
}
