/** The topology of the benchmark: hosts on one bridge, and the plan of a topology that nothing is tried in. */

import type { ExperimentPlan } from '../src/model/plan.js'
import { PLAIN_IPTABLES } from '../src/model/steps.js'
import type { Topology } from '../src/model/topology.js'
import { compileTopology } from '../src/topology/compile.js'

/** Address of a host, counted from 0. */
export function hostAddress(host: number): string {
  return `10.99.${(host + 1) >> 8}.${(host + 1) & 255}`
}

/** `hosts` namespaces, each with one veth pair to a bridge. */
export function star(hosts: number): Topology {
  const all = Array.from({ length: hosts }, (_, host) => host)
  return {
    nodes: {
      ...Object.fromEntries(
        all.map(host => [`h${host}`, { is: 'a host', addresses: { eth0: [`${hostAddress(host)}/16`] } }]),
      ),
      switch: { is: 'the switch', bridges: { br0: { ports: all.map(host => `p${host}`) } } },
    },
    links: all.map(host => [
      { node: `h${host}`, device: 'eth0' },
      { node: 'switch', device: `p${host}` },
    ]),
  }
}

/** The plan that only builds a topology and takes it down. */
export function standing(topology: Topology): ExperimentPlan {
  const compiled = compileTopology(
    topology,
    {
      netns: node => node,
      alone: true,
      mac: (node, device) => {
        const number = Number(device.slice(1))
        const host = node === 'switch' ? number : Number(node.slice(1))
        return [2, 0, 0, node === 'switch' ? 1 : 2, host >> 8, host & 255]
          .map(byte => byte.toString(16).padStart(2, '0'))
          .join(':')
      },
      firstIndex: 100,
      folder: '/run/netns-lab/bench',
    },
    PLAIN_IPTABLES,
  )
  return {
    scenario: 'bench',
    id: '',
    title: 'bench',
    iptables: 'nft',
    commands: PLAIN_IPTABLES,
    netns: Object.fromEntries(Object.keys(topology.nodes).map(node => [node, node])),
    macs: compiled.macs,
    indexes: compiled.indexes,
    folder: '/run/netns-lab/bench',
    needs: [],
    rules: [],
    loaded: {},
    usesIptables: false,
    build: compiled.build,
    phases: [],
    teardown: compiled.teardown,
  }
}
