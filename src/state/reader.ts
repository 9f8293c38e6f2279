/** The thread that reads configurations for the lab: see aside.ts. */
import { parentPort } from 'node:worker_threads'
import { sentError } from '../base/errors.js'
import type { Configuration } from '../model/configuration.js'
import { readableNow } from '../world/libc.js'
import { Netns } from '../world/netns.js'
import type { Answer, Changes, NodeToRead, Order } from './aside.js'
import { diffConfigurations } from './diff.js'
import { NodeState } from './node-state.js'

/** A node under watch. */
interface Watched {
  readonly node: string
  readonly netns: Netns
  readonly state: NodeState
  now: Configuration
}

const topologies = new Map<number, readonly Watched[]>()

parentPort?.on('message', (order: Order) => {
  if ('close' in order) return close(order.topology)
  parentPort?.postMessage(answer(order))
})

function answer(order: Exclude<Order, { readonly close: true }>): Answer {
  const { id, topology, nodes, thorough } = order
  try {
    if (nodes) open(topology, nodes)
    return { id, changed: changedIn(topologies.get(topology) ?? [], thorough) }
  } catch (error) {
    return { id, failure: sentError(error) }
  }
}

/** What has been opened before something fails is closed with the rest. */
function open(topology: number, nodes: readonly NodeToRead[]): void {
  const all: Watched[] = []
  topologies.set(topology, all)
  for (const node of nodes) all.push(watched(node))
}

/** Sysctls of a device that decide about packets, and that somebody may have set on another one by mistake. */
const DEVICE_SYSCTLS = [
  'rp_filter',
  'accept_local',
  'route_localnet',
  'forwarding',
  'proxy_arp',
  'arp_ignore',
]

function watched({ node, netns: name, devices, own, built }: NodeToRead): Watched {
  const netns = new Netns(name)
  return {
    node,
    netns,
    state: new NodeState(netns, new Map(devices), own, [...built, ...ofDevices(devices)]),
    now: new Map(),
  }
}

function ofDevices(devices: NodeToRead['devices']): string[] {
  // A device with a dot in its name would take another spelling, and is left out.
  const names = ['all', ...devices.map(([, device]) => device)].filter(name => !name.includes('.'))
  return names.flatMap(device => DEVICE_SYSCTLS.map(name => `net.ipv4.conf.${device}.${name}`))
}

/** What is not what it was at the last look. */
function changedIn(nodes: readonly Watched[], thorough: boolean): Changes {
  // One question for all of them: most of the time, nothing has happened.
  const readable = readableNow(nodes.flatMap(({ state }) => state.notified))
  return nodes.flatMap(one => {
    const { node, state, now } = one
    one.now = state.read(readable, thorough)
    const changes = diffConfigurations(node, now, one.now)
    return changes.length === 0
      ? []
      : [[node, changes.map(({ what, after = null }) => [what, after] as const)]]
  })
}

function close(topology: number): void {
  for (const { netns, state } of topologies.get(topology) ?? []) {
    state.close()
    netns.close()
  }
  topologies.delete(topology)
}
