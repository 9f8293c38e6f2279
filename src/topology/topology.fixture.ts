/** Topologies of all kinds, each of which can be built. */
import fc from 'fast-check'
import type { LinkEnd, Node, Topology } from '../model/topology.js'

/** One instance of a topology that has others beside it. */
export const INSTANCE = {
  netns: (node: string) => `${node}-1`,
  mac: (node: string, device: string) => macOf(`${node}/${device}`),
  firstIndex: 100,
  folder: '/run/netns-lab/x',
  alone: false,
}

/** A unicast address for a name; two names of one topology do not share one. */
const macs = new Map<string, string>()
function macOf(name: string): string {
  const known = macs.get(name) ?? (macs.size + 1).toString(16).padStart(10, '0')
  macs.set(name, known)
  return `fa:${(known.match(/../g) ?? []).join(':')}`
}

/** Two nodes and a link; the one node is given. */
export function base(node: Node, name = 'n', device = 'e0'): Topology {
  return {
    nodes: Object.fromEntries([
      [name, node],
      ['other-node', { is: '' }],
    ]),
    links: [
      [
        { node: name, device },
        { node: 'other-node', device: 'e1' },
      ],
    ],
  }
}

// A model of what can be built: the indexes pick among what is there, so that shrinking keeps it whole.
const nodeName = fc.stringMatching(/^[a-z0-9]([a-z0-9_-]{0,12}[a-z0-9])?$/)
const deviceBase = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,10}$/)
const nodeSpec = fc.record({
  name: nodeName,
  ipv6: fc.boolean(),
  bridges: fc.nat(2),
  port: fc.integer({ min: 1, max: 65535 }),
  extras: fc.subarray([
    'sysctls',
    'iptables',
    'tc',
    'options',
    'services',
    'loopback',
    'hold',
    'ra',
    'routes',
    'rules',
    'nft',
    'stub',
  ] as const),
})
const linkSpec = fc.record({
  ends: fc.tuple(fc.nat(9), fc.nat(9)),
  bases: fc.tuple(deviceBase, deviceBase),
  bridged: fc.tuple(fc.boolean(), fc.boolean()),
  mac: fc.option(fc.constantFrom('02:00:00:00:00:01', 'fa:16:3e:aa:BB:cc'), { nil: undefined }),
  mtu: fc.option(fc.constantFrom(1280, 1400, 9000), { nil: undefined }),
})

export interface Built {
  readonly topology: Topology
  /** A node with an address of a neighbour that it must reach, when there is one. */
  readonly reach: { readonly node: string; readonly to: string } | undefined
}

export const built = fc
  .record({
    nodes: fc.uniqueArray(nodeSpec, { minLength: 1, maxLength: 5, selector: ({ name }) => name }),
    links: fc.array(linkSpec, { maxLength: 6 }),
  })
  .map(({ nodes, links }): Built => {
    type Draft = { -readonly [K in keyof Node]: Node[K] } & {
      bridges: Record<string, { ports: string[] }>
      addresses: Record<string, string[]>
    }
    const drafts = new Map<string, Draft>(
      nodes.map(({ name, ipv6, bridges }) => [
        name,
        {
          is: `the ${name}`,
          ...(ipv6 ? { ipv6 } : {}),
          bridges: Object.fromEntries(Array.from({ length: bridges }, (_, k) => [`br${k}`, { ports: [] }])),
          addresses: {},
        },
      ]),
    )
    const give = (node: string, device: string, subnet: string, host: number) => {
      const draft = drafts.get(node)
      // Two devices of one node in one subnet overlap.
      if (
        !draft ||
        Object.values(draft.addresses)
          .flat()
          .some(text => text.startsWith(`10.${subnet}.`))
      )
        return
      const [a = '0', b = '0'] = subnet.split('.')
      draft.addresses[device] = [
        `10.${subnet}.${host}/24`,
        ...(draft.ipv6 ? [`2001:db8:${a}:${b}::${host}/64 nodad`] : []),
      ]
    }
    nodes.forEach(({ name, bridges }, n) => {
      for (let k = 0; k < bridges; k++) give(name, `br${k}`, `${100 + n}.${k}`, 1)
    })
    let reach: Built['reach']
    const joined = new Map<string, string>()
    const groupOf = (bridge: string): string => {
      const next = joined.get(bridge)
      return next === undefined ? bridge : groupOf(next)
    }
    const ends = links.map(({ ends: at, bases, bridged, mac, mtu }, index): [LinkEnd, LinkEnd] => {
      const places = at.map((number, side) => {
        const own = nodes[number % nodes.length]
        const bridge = bridged[side] && own && own.bridges > 0 ? `br${index % own.bridges}` : undefined
        const device = `${(bases[side] ?? '').slice(0, 10)}${index}x${side}`
        return { n: number % nodes.length, name: own?.name ?? '', device, bridge }
      })
      // What bridges are joined already must not be joined again: there is no spanning tree.
      const groups = places.map(({ name, bridge }) => bridge && groupOf(`${name}:${bridge}`))
      const loops = groups[0] !== undefined && groups[0] === groups[1]
      if (!loops && groups[0] !== undefined && groups[1] !== undefined) joined.set(groups[0], groups[1])
      const [a, b] = places.map((place, side) =>
        loops && side === 1 ? { ...place, bridge: undefined } : place,
      )
      for (const { name, bridge, device } of [a, b].flatMap(place => place ?? []))
        if (bridge) drafts.get(name)?.bridges[bridge]?.ports.push(device)
      if (!a || !b) throw new Error('a link has two ends')
      if (a.bridge && !b.bridge) give(b.name, b.device, `${100 + a.n}.${a.bridge.slice(2)}`, 10 + index)
      else if (b.bridge && !a.bridge) give(a.name, a.device, `${100 + b.n}.${b.bridge.slice(2)}`, 10 + index)
      else if (!a.bridge && !b.bridge) {
        give(a.name, a.device, `1.${index}`, 1)
        if (a.name !== b.name) {
          give(b.name, b.device, `1.${index}`, 2)
          reach ??= { node: a.name, to: `10.1.${index}.2` }
        }
      }
      return [
        { node: a.name, device: a.device, ...(mac === undefined || index > 0 ? {} : { mac }) },
        { node: b.name, device: b.device, ...(mtu === undefined ? {} : { mtu }) },
      ]
    })
    for (const { name, port, extras } of nodes) {
      const draft = drafts.get(name)
      if (!draft) continue
      const has = (extra: (typeof extras)[number]) => extras.includes(extra)
      const device = Object.keys(draft.addresses)[0]
      if (has('stub')) {
        ends.push([
          { node: name, device: 'stub0' },
          { node: name, device: 'stub1', down: true },
        ])
        draft.addresses.stub0 = draft.ipv6
          ? ['2001:db8:250::1/64 nodad noprefixroute']
          : ['10.250.0.1/24 noprefixroute']
      }
      if (has('sysctls')) draft.sysctls = { 'net.ipv4.ip_forward': 1, 'net.ipv4.tcp_rmem': '4096 8192 16384' }
      if (has('iptables'))
        draft.iptables = {
          filter: ['-P FORWARD DROP', '-A FORWARD -s 192.0.2.0/24 -j ACCEPT', '-A OWN -j RETURN'],
          nat: [],
        }
      if (has('services')) draft.services = [{ protocol: port % 2 === 0 ? 'tcp' : 'udp', port }]
      if (has('loopback')) draft.loopbackMac = '02:00:00:00:00:99'
      if (device === undefined) continue
      if (has('options')) draft.linkOptions = [`${device} allmulticast on`]
      if (has('tc')) draft.tc = [`qdisc add dev ${device} clsact`]
      if (has('routes'))
        draft.routes = [`198.51.100.7/32 dev ${device} mtu 1400 advmss 1360`, 'blackhole 198.51.100.9']
      if (has('rules')) {
        draft.nextHops = [`id 1 dev ${device}`, 'id 9 group 1']
        draft.rules = [
          `from 192.0.2.7 iif ${device} lookup 300`,
          ...(draft.ipv6 ? ['-6 tos 0x10 lookup 9'] : []),
        ]
      }
      if (has('nft')) draft.nft = ['add table inet lab']
      if (has('hold')) draft.packetHold = { device, port, queue: port % 1000 }
      if (has('ra') && draft.ipv6) draft.routerAdvertisements = { device, prefix: '2001:db8:77::/64' }
    }
    return { topology: { nodes: Object.fromEntries(drafts), links: ends }, reach }
  })
