/** `lab shell`: a scenario's topology to look around in. */
import { z } from 'zod'
import { EXIT, LabError } from '../base/errors.js'
import { unknownWord } from '../base/nearest.js'
import { TopologyInstance } from '../engine/topology-instance.js'
import { checkCapabilities } from '../kernel/capabilities.js'
import { defaultBackend, iptablesCommands } from '../kernel/iptables.js'
import { describeMachine } from '../kernel/machine.js'
import { runningVersion } from '../kernel/running.js'
import type { ExperimentPlan } from '../model/plan.js'
import type { Scenario } from '../model/scenario.js'
import { oneScenario } from '../plan/catalogue.js'
import { probeOf } from '../probes/index.js'
import { parseSettings, planChosen } from '../script/choose.js'
import { shellIn } from './shell-in.js'
import { settingsAndScenario } from './words.js'
import { type Inside, inWorld } from './world.js'

const optionsSchema = z.object({
  toggle: z.array(z.string()).default([]),
  rootless: z.boolean().default(false),
})

/**
 * Runs `lab shell`; resolves with the shell's exit status. Throws LabError for unknown words, and for what the machine
 * lacks or the topology could not be built with.
 */
export async function shell(given: readonly string[], rawOptions: object): Promise<number> {
  const options = optionsSchema.parse(rawOptions)
  const words = await settingsAndScenario('shell', options.toggle, given[0])
  const { id } = words
  const scenario = await oneScenario(id)
  const nodes = Object.keys(scenario.topology.nodes)
  const node = given[1] ?? words.behind[0] ?? words.settings.find(word => nodes.includes(word))
  const settings = parseSettings(
    scenario,
    words.settings.filter(word => !nodes.includes(word)),
  )
  if (node !== undefined && !nodes.includes(node)) throw unknownWord('node', node, nodes)
  const work = async ({ rootless }: Inside) => {
    const backend = await defaultBackend()
    const plan = planChosen(scenario, {
      settings,
      phase: 'broken',
      kernel: runningVersion(),
      iptables: backend,
      commands: iptablesCommands(backend, backend),
    })
    const missing = await checkCapabilities(plan.needs)
    if (missing.size > 0)
      throw new LabError(
        `${id} cannot be built here: ${[...missing.values()].map(({ why }) => why).join('; ')}`,
        'lab doctor says more',
        EXIT.allSkipped,
      )
    const { slowness } = await describeMachine(rootless)
    const topology = new TopologyInstance(
      plan,
      () => slowness,
      () => {},
    )
    try {
      await topology.build()
      await topology.performAll(plan.phases[0]?.change ?? [])
      const where = node ?? firstNode(scenario)
      if (process.stdin.isTTY) process.stdout.write(`${welcome(scenario, plan, where)}\n`)
      return await shellIn(topology, where)
    } finally {
      await topology.destroy()
    }
  }
  return inWorld(options.rootless, work, { shell: true })
}

/** The node that the failure is seen from. */
function firstNode({ probes, controls, topology }: Scenario): string {
  const [, spec] = Object.entries(probes).find(([probe]) => !controls.includes(probe)) ?? []
  return spec ? probeOf(spec).from : (Object.keys(topology.nodes)[0] ?? '')
}

function welcome(
  { title, drawing, topology, probes }: Scenario,
  plan: ExperimentPlan,
  where: string,
): string {
  const settings = Object.entries(plan.phases[0]?.settings ?? {})
  return [
    `${title}.`,
    drawing,
    '',
    ...Object.entries(topology.nodes).map(([name, { is }]) => `  ${name.padEnd(14)}${is}`),
    '',
    ...settings.map(([name, setting]) => `  ${name} = ${setting}`),
    '',
    ...Object.entries(probes).map(([name, spec]) => {
      const { from, command } = probeOf(spec)
      return `  ${name.padEnd(24)}[${from}] ${command}`
    }),
    '',
    `You are in ${where}. 'ip netns exec NODE COMMAND' (or 'nsenter --net=/run/netns/NODE COMMAND') runs a command in another`,
    "node; leaving this shell ('exit') takes everything down.",
    '',
  ].join('\n')
}
