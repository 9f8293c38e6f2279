/** A scenario’s topology in the states that its experiments bring it to. */
import { EchoServer } from '../src/engine/echo-server.js'
import { TopologyInstance } from '../src/engine/topology-instance.js'
import type { ExperimentPlan } from '../src/model/plan.js'
import type { Settings } from '../src/model/scenario.js'

/** The lab's own probes are the DHCP server, which on a machine listens. */
const DHCP_SERVER: Readonly<Record<string, number>> = { 'dhcp-checksum': 67 }

/** The topology of a plan, for steps that take as long as they take. */
export function topologyOf(plan: ExperimentPlan): TopologyInstance {
  return new TopologyInstance(
    plan,
    () => 5,
    () => {},
  )
}

/** A topology in each of its states that were not seen yet, broken and with each fix; steps that fail are the lab's fault. */
export async function* statesOf(
  plan: ExperimentPlan,
  seen: Set<string>,
): AsyncGenerator<[Settings, boolean, TopologyInstance]> {
  const topology = topologyOf(plan)
  try {
    await topology.build()
    const port = DHCP_SERVER[plan.scenario]
    if (port !== undefined) new EchoServer(topology.netns('host'), 'udp', '0.0.0.0', port)
    for (const { phase, settings, change } of plan.phases) {
      await topology.performAll(change)
      const key = JSON.stringify(Object.entries(settings).sort())
      if ((phase !== 'broken' && phase !== 'fixed') || seen.has(key)) continue
      seen.add(key)
      yield [settings, phase === 'broken', topology]
    }
  } finally {
    await topology.destroy()
  }
}
