/**
 * `node build-both-ways.js`: builds the topology of every scenario twice in a world, once by the lab's own system calls and
 * once by ip(8) and sysctl(8), and prints what differs between the two as lines of text.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { byPrograms } from '../bench/by-programs.js'
import { LabError } from '../src/base/errors.js'
import { inWorld } from '../src/cli/world.js'
import { TopologyInstance } from '../src/engine/topology-instance.js'
import { defaultBackend, iptablesCommands } from '../src/kernel/iptables.js'
import { runningVersion } from '../src/kernel/running.js'
import type { ExperimentPlan } from '../src/model/plan.js'
import { loadCatalogue } from '../src/plan/catalogue.js'
import { planScenario } from '../src/plan/plan.js'

/** What is compared, as JSON where the tool has it. */
const QUESTIONS: readonly (readonly string[])[] = [
  ['ip', '-j', '-d', 'address', 'show'],
  ['ip', '-j', 'route', 'show', 'table', 'all'],
  ['ip', '-j', '-6', 'route', 'show', 'table', 'all'],
  ['ip', '-j', 'nexthop', 'show'],
  ['ip', '-j', 'rule', 'show'],
  ['ip', '-j', '-6', 'rule', 'show'],
  ['sysctl', '-a', '--pattern', '^net\\.ipv4\\.conf\\.|^net\\.ipv6\\.conf\\..*disable_ipv6|igmp_link_local'],
]
/** What the order of events, or the time since, decides. */
const OF_THE_MOMENT =
  /"(operstate|flags|valid_life_time|preferred_life_time|tentative|gc_timer|hello_timer|tcn_timer|topology_change_timer|age|hold_timer|message_age_timer|forward_delay_timer|state|expires|link_netnsid|topology_change|bridge_id|root_id|designated_bridge|designated_root|min_mtu|max_mtu)":("[^"]*"|\[[^\]]*\]|\{[^}]*\}|[^,}\]]*),?/g
const SETTLE_MS = 20
const SETTLE_ATTEMPTS = 500

process.exitCode = await inWorld(false, async () => {
  const backend = await defaultBackend()
  for (const scenario of (await loadCatalogue()).scenarios) {
    const [plan] = planScenario(scenario, {
      kernel: runningVersion(),
      iptables: backend,
      commands: iptablesCommands(backend, backend),
      instance: '',
    })
    if (!plan) continue
    const [own, programs] = [await describe(plan), await describe(byPrograms(plan))]
    for (const [key, value] of own)
      if (programs.get(key) !== value)
        process.stdout.write(
          `${scenario.id} ${key}\n  itself    ${value}\n  programs  ${programs.get(key)}\n`,
        )
    process.stdout.write(`${scenario.id}: ${own.size} answers compared\n`)
  }
  return 0
})

/** Builds a topology, asks every node every question, and takes it down. */
async function describe(plan: ExperimentPlan): Promise<Map<string, string>> {
  const topology = new TopologyInstance(
    plan,
    () => 5,
    () => {},
  )
  const answers = new Map<string, string>()
  try {
    await topology.build()
    await settled(topology, Object.keys(plan.netns))
    for (const node of Object.keys(plan.netns))
      for (const argv of QUESTIONS) {
        const { stdout } = await topology.exec(node, argv, 'compare')
        answers.set(`${node}: ${argv.join(' ')}`, normal(stdout))
      }
  } finally {
    await topology.destroy()
  }
  return answers
}

/** What `ip -j -d address show` tells of a device. */
interface Device {
  readonly flags: readonly string[]
  readonly operstate: string
  readonly linkinfo?: { readonly info_kind?: string }
  readonly addr_info: readonly { readonly tentative?: boolean; readonly dadfailed?: boolean }[]
}

/**
 * Waits for what the kernel does of itself once there is carrier. The operational state may take linkwatch a second more
 * (linkwatch_urgent_event()), and only with it comes the link-local address (addrconf_notify()); the local route of an address
 * comes when it is no longer tentative (addrconf_dad_completed()).
 */
async function settled(topology: TopologyInstance, nodes: readonly string[]): Promise<void> {
  for (const node of nodes) {
    for (let attempt = 0; await lags(topology, node); attempt++) {
      if (attempt === SETTLE_ATTEMPTS)
        throw new LabError(`a device of node ${node} has carrier, and is not UP or keeps a tentative address`)
      await delay(SETTLE_MS)
    }
  }
}

/** Whether a device of a node has carrier, and is not operational yet or has an address that is still tentative. */
async function lags(topology: TopologyInstance, node: string): Promise<boolean> {
  const { stdout } = await topology.exec(
    node,
    ['ip', '-j', '-d', 'address', 'show'],
    'wait for what follows carrier',
  )
  return (JSON.parse(stdout) as Device[]).some(
    ({ flags, operstate, linkinfo, addr_info }) =>
      flags.includes('LOWER_UP') &&
      // Other kinds stay UNKNOWN, as they never lose their carrier.
      ((['veth', 'bridge'].includes(linkinfo?.info_kind ?? '') && operstate !== 'UP') ||
        addr_info.some(({ tentative, dadfailed }) => tentative && !dadfailed)),
  )
}

function normal(answer: string): string {
  const text = answer.replace(OF_THE_MOMENT, '').replaceAll(',}', '}')
  // Routes that the kernel adds by itself come in the order in which carriers did.
  return text.startsWith('[')
    ? JSON.stringify((JSON.parse(text) as unknown[]).map(entry => JSON.stringify(entry)).sort())
    : text
}
