/** The process that starts commands, and makes namespaces, for the lab: see aside.ts. */
import { describeError, LabError } from '../base/errors.js'
import type { Answer, CommandOrder, Order } from './aside.js'
import { type CommandRecord, runCommand } from './command.js'
import { dieWithParent, SystemError } from './libc.js'
import { addNetns, Netns } from './netns.js'

dieWithParent()
// A terminal sends its signals to every process; the lab decides what they mean.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) process.on(signal, () => {})
process.on('message', (order: Order) => void perform(order))

async function perform(order: Order): Promise<void> {
  const { id } = order
  const reply = (answer: Answer) => process.send?.(answer)
  try {
    if ('make' in order) {
      addNetns(order.make)
      reply({ id, record: undefined })
    } else reply({ id, record: await run(order) })
  } catch (error) {
    const { message, remedy, exitCode } =
      error instanceof LabError ? error : new LabError(describeError(error))
    const failure = { message, remedy, exitCode }
    const { syscall = '', errno } = error instanceof SystemError ? error : {}
    reply({ id, failure, ...(errno === undefined ? {} : { system: { syscall, errno } }) })
  }
}

async function run({ argv, netns: name, options }: CommandOrder): Promise<CommandRecord> {
  const netns = name === undefined ? undefined : new Netns(name)
  try {
    return await runCommand(argv, { ...options, netns })
  } finally {
    netns?.close()
  }
}
