/** `lab run`. */
import { z } from 'zod'
import { LabError } from '../errors.js'
import { loadModules } from '../kernel/capabilities.js'
import { defaultBackend, iptablesCommands } from '../kernel/iptables.js'
import type { Reporter, TimedEvent } from '../report/events.js'
import { jsonReporter } from '../report/json.js'
import { prettyReporter } from '../report/pretty.js'
import { checkToggles, chooseScenarios, loadScenarios } from '../scenario/catalogue.js'
import { exitCode, run } from '../scenario/run.js'
import { inWorld } from './world.js'

const optionsSchema = z.object({
  toggle: z.array(z.string()).default([]),
  json: z.string().optional(),
  jobs: z.number().optional(),
  repeat: z.number().default(1),
  rootless: z.boolean().default(false),
  iptables: z.enum(['nft', 'legacy', 'both']).optional(),
  keepGoing: z.boolean().default(false),
  loadModules: z.boolean().default(false),
})

/** Runs `lab run`; resolves with the exit status. Throws LabError for unknown ids, toggles and unwritable files. */
export async function runCommandLine(ids: readonly string[], given: object): Promise<number> {
  const options = optionsSchema.parse(given)
  const scenarios = chooseScenarios(await loadScenarios(), ids)
  checkToggles(scenarios, options.toggle)
  const reporters: Reporter[] = [
    prettyReporter(options.json === '-' ? process.stderr : process.stdout),
    ...(options.json === undefined ? [] : [jsonReporter(options.json)]),
  ]
  return inWorld(options.rootless, async ({ rootless, signal }) => {
    if (options.loadModules) await loadModules(scenarios.flatMap(({ needs }) => needs))
    const plain = await defaultBackend()
    const backends =
      options.iptables === 'both'
        ? ([plain, plain === 'nft' ? 'legacy' : 'nft'] as const)
        : [options.iptables ?? plain]
    const report = await run({
      scenarios,
      backends: backends.map(backend => ({ backend, commands: iptablesCommands(backend, plain) })),
      toggles: options.toggle,
      ...(options.jobs === undefined ? {} : { jobs: options.jobs }),
      repeat: options.repeat,
      keepGoing: options.keepGoing,
      rootless,
      signal,
      emit: event => {
        const timed: TimedEvent = { ...event, at: Date.now() }
        for (const reporter of reporters) reporter.event(timed)
      },
    })
    for (const reporter of reporters) await reporter.close?.()
    if (report.scenarios.every(({ trials }) => trials.length === 0))
      throw new LabError(
        'no fix of these scenarios sets those toggles',
        'lab list shows which scenario has which toggle',
        2,
      )
    return exitCode(report)
  })
}
