/**
 * `node recorded-again.js [ID[,TOGGLE=SETTING…]…]`: builds scenarios' topologies in a world, without their toggles or with these settings, records
 * their namespaces, builds what was recorded, and records that: prints a line of JSON for each, with both, and with what an audit finds
 * in both. What is recorded goes through the text that `lab record` prints.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { dirSync } from 'tmp-promise'
import { anonymous } from '../src/audit/anonymous.js'
import type { Facts } from '../src/audit/facts.js'
import { judge } from '../src/audit/judge.js'
import { factsOf, listingsOf, readHost } from '../src/audit/read-host.js'
import { type Recorded, record } from '../src/audit/record.js'
import { scenarioText } from '../src/audit/record-text.js'
import { inWorld } from '../src/cli/world.js'
import type { TopologyInstance } from '../src/engine/topology-instance.js'
import { defaultBackend, iptablesCommands } from '../src/kernel/iptables.js'
import { runningVersion } from '../src/kernel/running.js'
import { hasChange, type KernelChange } from '../src/model/change.js'
import type { Scenario, Settings } from '../src/model/scenario.js'
import { loadCatalogue, oneScenario } from '../src/plan/catalogue.js'
import { planScenario } from '../src/plan/plan.js'
import { statesOf, topologyOf } from './machine-states.js'

/** A topology that was recorded, and recorded again from what was recorded. */
export interface RecordedTwice {
  /** As it was asked for. */
  readonly machine: string
  readonly anonymous: boolean
  readonly once: Recorded
  readonly twice: Recorded
  /** What an audit of the scenario's node finds of the scenario: what fails there, and what holds. */
  readonly audits: readonly [once: unknown, twice: unknown]
}

const [, , ...chosen] = process.argv
const kernel = runningVersion()
const has = (change: KernelChange) => hasChange(change, kernel)

process.exitCode = await inWorld(false, async () => {
  const folder = dirSync({ unsafeCleanup: true })
  try {
    const { scenarios } = await loadCatalogue()
    let count = 0
    for (const machine of chosen.length > 0 ? chosen : scenarios.map(({ id }) => id)) {
      const [id, ...pairs] = machine.split(',')
      const scenario = scenarios.find(one => one.id === id)
      if (!scenario) throw new Error(`there is no scenario ${id}`)
      const settings = Object.fromEntries(pairs.map(pair => pair.split('=')))
      const own = await recorded(scenario, settings)
      const node = Object.keys(scenario.topology.nodes).indexOf(scenario.audit?.node ?? '')
      for (const isAnonymous of [false, true]) {
        const once = isAnonymous ? anonymous(own.recorded) : own.recorded
        const file = join(folder.name, `recorded-${count++}.ts`)
        writeFileSync(file, scenarioText(once, ''))
        const again = await recorded(await oneScenario(file), {})
        const audits = [own, again].map(({ facts }) => found(scenario, facts[node])) as [unknown, unknown]
        const line: RecordedTwice = { machine, anonymous: isAnonymous, once, twice: again.recorded, audits }
        process.stdout.write(`${JSON.stringify(line)}\n`)
      }
    }
  } finally {
    folder.removeCallback()
  }
  return 0
})

function found(scenario: Scenario, facts: Facts | undefined) {
  if (!facts) return []
  return judge(scenario, facts, { has }).map(({ finding, fails, held, holders, missing }) => ({
    finding,
    probes: [...fails, ...held].map(({ probe }) => probe),
    holders: holders.map(({ by }) => by),
    missing,
  }))
}

interface Machine {
  readonly recorded: Recorded
  /** Of each node, in the order of the topology. */
  readonly facts: readonly Facts[]
}

/** Builds a scenario's topology, without its toggles where there are no settings, and records all of it. */
async function recorded(scenario: Scenario, settings: Settings): Promise<Machine> {
  const backend = await defaultBackend()
  const experiments = scenario.experiments.map(({ fresh: _, ...experiment }) => experiment)
  const options = { kernel, iptables: backend, commands: iptablesCommands(backend, backend), instance: '' }
  const plans = planScenario({ ...scenario, experiments }, options)
  if (Object.keys(settings).length > 0) {
    for (const plan of plans)
      for await (const [own, , topology] of statesOf(plan, new Set()))
        if (Object.entries(settings).every(([toggle, setting]) => own[toggle] === setting))
          return recordAll(scenario, topology)
    throw new Error(`${scenario.id} has no experiment with ${JSON.stringify(settings)}`)
  }
  const [plan] = plans
  if (!plan) throw new Error(`${scenario.id} has no experiment`)
  const topology = topologyOf(plan)
  try {
    await topology.build()
    return await recordAll(scenario, topology)
  } finally {
    await topology.destroy()
  }
}

async function recordAll(scenario: Scenario, topology: TopologyInstance): Promise<Machine> {
  const hosts = await Promise.all(
    Object.entries(scenario.topology.nodes).map(([node, { iptables, ip6tables, nft }]) => {
      const rules = iptables !== undefined || ip6tables !== undefined || nft !== undefined
      return readHost(topology.netns(node), {
        rules: rules || node === scenario.audit?.node,
        listing: true,
      })
    }),
  )
  const facts = hosts.map(host => factsOf(host, hosts))
  return { recorded: record(facts, listingsOf(hosts)), facts }
}
