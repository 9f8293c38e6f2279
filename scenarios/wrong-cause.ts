/**
 * Runs neutron-floating-ip-self in a world with one thing wrong that is not what the document tells of, and prints the
 * report. A program of its own, because a world is the process that was started in it.
 */

import { LabError } from '../src/base/errors.js'
import { inWorld } from '../src/cli/world.js'
import { run } from '../src/engine/run.js'
import { defaultBackend, iptablesCommands } from '../src/kernel/iptables.js'
import type { Scenario } from '../src/model/scenario.js'
import { oneScenario } from '../src/plan/catalogue.js'

/** What is changed about the VM. */
const MISTAKES: Readonly<Record<string, Partial<Scenario['topology']['nodes'][string]>>> = {
  'no-default-route': { routes: [] },
  // The control's answer still finds its way.
  'no-route-to-the-float': { routes: ['185.15.56.99/32 via 172.16.0.1'] },
  'no-listener': { services: [] },
}

process.exitCode = await inWorld(false, async ({ rootless, signal }) => {
  const mistake = MISTAKES[process.argv[2] ?? '']
  const neutron = await oneScenario('neutron-floating-ip-self')
  const { vm } = neutron.topology.nodes
  if (!mistake || !vm) throw new LabError('which mistake?', `one of ${Object.keys(MISTAKES).join(', ')}`)
  const topology = {
    ...neutron.topology,
    nodes: { ...neutron.topology.nodes, vm: { ...vm, ...mistake } },
  }
  const backend = await defaultBackend()
  const report = await run({
    scenarios: [{ ...neutron, topology, experiments: neutron.experiments.slice(0, 1) }],
    backends: [{ backend, commands: iptablesCommands(backend, backend) }],
    toggles: ['router-snat'],
    repeat: 1,
    keepGoing: true,
    rootless,
    evidence: 'full',
    signal,
    emit: () => {},
  })
  process.stdout.write(JSON.stringify(report))
  return 0
})
