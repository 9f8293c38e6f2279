/** The process that starts commands for the lab: see aside.ts. */
import { sentError } from '../base/errors.js'
import type { Answer, Order } from './aside.js'
import { environmentOf, runCommand } from './command.js'
import { dieWithParent } from './libc.js'
import { Netns } from './netns.js'

const environment = environmentOf(process.env)

dieWithParent()
// A terminal sends its signals to every process; the lab decides what they mean.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) process.on(signal, () => {})
process.on('message', (order: Order) => void perform(order))

async function perform({ id, argv, netns: name, options }: Order): Promise<void> {
  const reply = (answer: Answer) => process.send?.(answer)
  try {
    const netns = name === undefined ? undefined : new Netns(name)
    try {
      reply({ id, record: await runCommand(argv, { ...options, netns }, environment) })
    } finally {
      netns?.close()
    }
  } catch (error) {
    reply({ id, failure: sentError(error) })
  }
}
