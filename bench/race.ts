/**
 * The statistical race of snat-port-race at length: for each way to pick a port, many connections at once through the
 * masquerade, the share that lost its SYN with its confidence interval, retransmissions and latencies.
 */
import { inWorld } from '../src/cli/world.js'
import { TopologyInstance } from '../src/engine/topology-instance.js'
import { defaultBackend, iptablesCommands } from '../src/kernel/iptables.js'
import { runningVersion } from '../src/kernel/running.js'
import type { ProbeSpec } from '../src/model/probe.js'
import { oneScenario } from '../src/plan/catalogue.js'
import { planScenario } from '../src/plan/plan.js'
import { probeOf } from '../src/probes/index.js'

/** One setting's measurements, all runs together. */
export interface RaceResult {
  readonly setting: string
  readonly measured: Readonly<Record<string, number>>
  readonly says: string
}

const SETTINGS = ['none', 'random', 'random-fully'] as const
const DEADLINE_MS = 30_000

/** `node race.js CONNECTIONS`: in a world, prints a line of JSON for each setting. */
process.exitCode = await inWorld(false, async () => {
  const connections = Number(process.argv[2])
  const scenario = await oneScenario('snat-port-race')
  const backend = await defaultBackend()
  const commands = iptablesCommands(backend, backend)
  const plans = planScenario(scenario, {
    kernel: runningVersion(),
    iptables: backend,
    commands,
    instance: 'bench',
  })
  const toggle = scenario.toggles['random-fully']
  const spec = scenario.probes['many-connections']
  for (const setting of SETTINGS) {
    // A topology for each: no entry is left from the setting before.
    const [plan] = plans
    if (!plan || !toggle || !spec) throw new Error('snat-port-race is not what it was')
    const topology = new TopologyInstance(
      plan,
      () => 5,
      () => {},
    )
    await topology.build()
    await topology.performAll(plan.phases[0]?.change ?? [])
    const settings = { ...plan.phases[0]?.settings, 'random-fully': setting }
    const mac = () => ''
    if (setting !== toggle.settings[0])
      await topology.performAll(
        toggle.change(setting, toggle.settings[0], {
          iptables: commands,
          folder: plan.folder,
          settings,
          mac,
        }),
      )
    // A second after it was lost, a SYN is sent again; its connection is then one of the slowest.
    const longer: ProbeSpec = Object.assign({ ...spec }, { connections, patienceMs: 1500 })
    const { measured = {}, says } = await probeOf(longer).run({
      ...topology.probeContext,
      deadlineMs: DEADLINE_MS,
      lost: new AbortController().signal,
    })
    await topology.destroy()
    const result: RaceResult = { setting, measured, says }
    process.stdout.write(`${JSON.stringify(result)}\n`)
  }
  return 0
})
