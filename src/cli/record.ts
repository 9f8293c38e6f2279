/** `lab record`: this machine's namespaces as a scenario to be completed. */
import { z } from 'zod'
import { anonymous } from '../audit/anonymous.js'
import { readMachine } from '../audit/read-machine.js'
import { record } from '../audit/record.js'
import { scenarioText } from '../audit/record-text.js'
import { EXIT } from '../base/errors.js'

const optionsSchema = z.object({
  netns: z.array(z.string()).default([]),
  anonymous: z.boolean().default(false),
})

/** Prints the scenario, and on standard error what is not in it; resolves with the exit status. Throws LabError. */
export async function recordMachine(given: object): Promise<number> {
  const options = optionsSchema.parse(given)
  const machine = await readMachine(options.netns, { listing: true })
  try {
    const whole = record(machine.hosts, machine.listings)
    const recorded = options.anonymous ? anonymous(whole) : whole
    process.stdout.write(
      scenarioText(
        recorded,
        options.anonymous ? '' : `${machine.distribution}, Linux ${machine.kernel.version}`,
      ),
    )
    for (const what of recorded.left) process.stderr.write(`not recorded as it is: ${what}\n`)
    for (const { netns, what, why } of machine.unread())
      process.stderr.write(`not read: ${netns === undefined ? '' : `${netns}: `}${what}: ${why}\n`)
    return EXIT.ok
  } finally {
    machine.close()
  }
}
