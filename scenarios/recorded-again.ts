/**
 * `node recorded-again.js [ID…]`: builds scenarios' topologies in a world, records their namespaces, builds what was recorded, and records
 * that: prints a line of JSON for each, with both. What is recorded goes through the text that `lab record` prints.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { dirSync } from 'tmp-promise'
import { anonymous } from '../src/audit/anonymous.js'
import { factsOf, readHost } from '../src/audit/read-host.js'
import { type Recorded, record } from '../src/audit/record.js'
import { scenarioText } from '../src/audit/record-text.js'
import { inWorld } from '../src/cli/world.js'
import { TopologyInstance } from '../src/engine/topology-instance.js'
import { defaultBackend, iptablesCommands } from '../src/kernel/iptables.js'
import { runningVersion } from '../src/kernel/running.js'
import type { Scenario } from '../src/model/scenario.js'
import { loadCatalogue, oneScenario } from '../src/plan/catalogue.js'
import { planScenario } from '../src/plan/plan.js'

/** A topology that was recorded, and recorded again from what was recorded. */
export interface RecordedTwice {
  readonly scenario: string
  readonly anonymous: boolean
  readonly once: Recorded
  readonly twice: Recorded
}

const [, , ...chosen] = process.argv

process.exitCode = await inWorld(false, async () => {
  const folder = dirSync({ unsafeCleanup: true })
  try {
    for (const scenario of (await loadCatalogue()).scenarios) {
      if (chosen.length > 0 && !chosen.includes(scenario.id)) continue
      const own = await recorded(scenario)
      for (const [name, once] of [
        ['', own],
        ['-anonymous', anonymous(own)],
      ] as const) {
        const file = join(folder.name, `${scenario.id}${name}.ts`)
        writeFileSync(file, scenarioText(once, ''))
        const twice = await recorded(await oneScenario(file))
        const line: RecordedTwice = { scenario: scenario.id, anonymous: name !== '', once, twice }
        process.stdout.write(`${JSON.stringify(line)}\n`)
      }
    }
  } finally {
    folder.removeCallback()
  }
  return 0
})

/** Builds a scenario's topology, without its toggles, and records all of it. */
async function recorded(scenario: Scenario): Promise<Recorded> {
  const backend = await defaultBackend()
  const [plan] = planScenario(scenario, {
    kernel: runningVersion(),
    iptables: backend,
    commands: iptablesCommands(backend, backend),
    instance: '',
  })
  if (!plan) throw new Error(`${scenario.id} has no experiment`)
  const topology = new TopologyInstance(
    plan,
    () => 5,
    () => {},
  )
  try {
    await topology.build()
    const hosts = await Promise.all(
      Object.entries(scenario.topology.nodes).map(([node, { iptables, ip6tables, nft }]) =>
        readHost(topology.netns(node), {
          rules: iptables !== undefined || ip6tables !== undefined || nft !== undefined,
        }),
      ),
    )
    return record(hosts.map(host => factsOf(host, hosts)))
  } finally {
    await topology.destroy()
  }
}
