import fc from 'fast-check'
import t from 'tap'
import { runs } from '../base/property.fixture.js'
import type { Topology } from '../model/topology.js'
import { built } from './topology.fixture.js'
import { validateTopology } from './validate.js'

const GOOD: Topology = {
  nodes: {
    a: { is: 'one', addresses: { eth0: ['192.0.2.1/24'] } },
    b: { is: 'another', bridges: { br0: { ports: ['p0'] } }, addresses: { br0: ['192.0.2.2/24'] } },
  },
  links: [
    [
      { node: 'a', device: 'eth0' },
      { node: 'b', device: 'p0' },
    ],
  ],
}

t.test('a malformed topology is refused by field, with what to do', test => {
  const link = (device: string, node = 'b'): Topology => ({
    nodes: { a: { is: '' }, b: { is: '' } },
    links: [
      [
        { node: 'a', device: 'eth0' },
        { node, device },
      ],
    ],
  })
  const nodes = (b: Topology['nodes'][string]): Topology => ({ ...GOOD, nodes: { ...GOOD.nodes, b } })
  for (const [title, topology, field, problem] of [
    ['a link to an unknown node', link('p0', 'c'), 'topology.links[0][1]', /'c', which is no node/],
    [
      'a device name over 15 characters',
      link('a-very-long-device-name'),
      'topology.links[0][1]',
      /longer than 15 bytes/,
    ],
    ['a device name with a slash', link('p/0'), 'topology.links[0][1]', /refused by the kernel/],
    ['a device name that is an option', link('-all'), 'topology.links[0][1]', /read as an option/],
    [
      'two devices of one name',
      nodes({ is: '', bridges: { p0: { ports: [] } } }),
      'topology.nodes.b.bridges.p0',
      /two devices/,
    ],
    [
      'a name that is no netns name',
      { nodes: { '../b': { is: '' } }, links: [] },
      'topology.nodes.../b',
      /no valid network namespace/,
    ],
    [
      'an MTU that no device has',
      {
        ...GOOD,
        links: [
          [
            { node: 'a', device: 'eth0', mtu: 67 },
            { node: 'b', device: 'p0' },
          ],
        ],
      },
      'topology.links[0][0].mtu',
      /67 bytes are no MTU of 'a'/,
    ],
    [
      'a feature that veth has not',
      {
        ...GOOD,
        links: [
          [
            { node: 'a', device: 'eth0', features: { 'tx-magic': 'off' } },
            { node: 'b', device: 'p0' },
          ],
        ],
      },
      'topology.links[0][0].features',
      /'tx-magic' is no feature of veth/,
    ],
    [
      'a route with a time that is none',
      { ...GOOD, nodes: { ...GOOD.nodes, a: { is: '', routes: ['default dev eth0 rto_min 20'] } } },
      'topology.nodes.a.routes',
      /rto_min '20', which is no time/,
    ],
    [
      'an MTU that IPv6 has no use for',
      {
        nodes: { ...GOOD.nodes, a: { is: '', ipv6: true } },
        links: [
          [
            { node: 'a', device: 'eth0', mtu: 1000 },
            { node: 'b', device: 'p0' },
          ],
        ],
      },
      'topology.links[0][0].mtu',
      /1000 bytes are no MTU/,
    ],
    [
      'a route with an MTU that is no number',
      { ...GOOD, nodes: { ...GOOD.nodes, a: { is: '', routes: ['default dev eth0 mtu big'] } } },
      'topology.nodes.a.routes',
      /mtu 'big', which is no number of bytes/,
    ],
    [
      'a policy rule that names no table',
      nodes({ is: '', rules: ['from 192.0.2.2'] }),
      'topology.nodes.b.rules',
      /names no table/,
    ],
    [
      'a policy rule of a device that there is not',
      nodes({ is: '', rules: ['iif eth9 lookup main'] }),
      'topology.nodes.b.rules',
      /'eth9' is no device/,
    ],
    [
      'a policy rule of IPv6 where that is off',
      nodes({ is: '', rules: ['-6 tos 0x10 lookup 9'] }),
      'topology.nodes.b.rules',
      /IPv6, which is off/,
    ],
    [
      'a group of next hops before its members',
      nodes({ is: '', nextHops: ['id 9 group 1', 'id 1 dev p0'] }),
      'topology.nodes.b.nextHops',
      /of 1, which is no next hop before it/,
    ],
    [
      'a next hop without a way',
      nodes({ is: '', nextHops: ['id 1 via 192.0.2.1'] }),
      'topology.nodes.b.nextHops',
      /must have a device/,
    ],
    [
      'a line for nft that takes away',
      nodes({ is: '', nft: ['flush ruleset'] }),
      'topology.nodes.b.nft',
      /adds nothing/,
    ],
    [
      'a line for nft with another behind it',
      nodes({ is: '', nft: ['add table ip lab; flush ruleset'] }),
      'topology.nodes.b.nft',
      /goes on behind its end/,
    ],
    [
      'a line for nft that reads a file',
      nodes({ is: '', nft: ['add table ip lab { include "/etc/passwd" }'] }),
      'topology.nodes.b.nft',
      /goes on behind its end/,
    ],
    ['no node at all', { nodes: {}, links: [] }, 'topology.nodes', /no node/],
    [
      'overlapping addresses',
      nodes({
        is: '',
        bridges: { br0: { ports: ['p0'] } },
        addresses: { br0: ['192.0.2.2/24'], p0: ['192.0.2.3/25'] },
      }),
      'topology.nodes.b.addresses',
      /overlap/,
    ],
    [
      'one address twice',
      nodes({
        is: '',
        bridges: { br0: { ports: ['p0'] } },
        addresses: { br0: ['192.0.2.2/32'], p0: ['192.0.2.2/32'] },
      }),
      'topology.nodes.b.addresses.p0',
      /on 'br0' already/,
    ],
    [
      'no address',
      nodes({ is: '', addresses: { p0: ['192.0.2.2'] } }),
      'topology.nodes.b.addresses.p0',
      /no address with a prefix/,
    ],
    [
      'an address on an unknown device',
      nodes({ is: '', addresses: { x: ['192.0.2.2/24'] } }),
      'topology.nodes.b.addresses.x',
      /no device/,
    ],
    [
      'an unknown port',
      nodes({ is: '', bridges: { br0: { ports: ['p1'] } } }),
      'topology.nodes.b.bridges.br0.ports',
      /'p1' is no device/,
    ],
    [
      'a rule with a line break',
      nodes({ is: '', iptables: { nat: ['-A X\nCOMMIT'] } }),
      'topology.nodes.b.iptables.nat',
      /line break/,
    ],
    [
      'a sysctl of the whole machine',
      nodes({ is: '', sysctls: { 'kernel.panic': 1 } }),
      'topology.nodes.b.sysctls',
      /not a sysctl of a network/,
    ],
    [
      'a port out of range',
      nodes({ is: '', services: [{ protocol: 'tcp', port: 0 }] }),
      'topology.nodes.b.services',
      /out of range/,
    ],
    [
      'a multicast MAC address',
      nodes({ is: '', loopbackMac: '01:00:5e:00:00:01' }),
      'topology.nodes.b.loopbackMac',
      /no unicast MAC/,
    ],
  ] as [string, Topology, string, RegExp][])
    test.test(title, async t2 => {
      const found = validateTopology(topology).find(entry => entry.field === field)
      t2.match(found?.problem ?? `nothing is said of ${field}`, problem)
      t2.ok(found?.remedy)
    })
  test.test('a good one is accepted', async t2 => t2.same(validateTopology(GOOD), []))
  test.test('any names are accepted or refused, and never crash', async t2 => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (node, device, address) => {
        const topology: Topology = {
          nodes: { [node]: { is: '', addresses: { [device]: [address] } } },
          links: [
            [
              { node, device },
              { node, device: 'eth1' },
            ],
          ],
        }
        t2.ok(Array.isArray(validateTopology(topology)))
      }),
      runs(100),
    )
  })
  test.end()
})

t.test('a topology that can be built is accepted', async test => {
  fc.assert(
    fc.property(built, ({ topology }) => {
      const problems = validateTopology(topology)
      if (problems.length > 0) throw new Error(JSON.stringify(problems))
    }),
    runs(400),
  )
  test.pass('accepted')
})

t.test('what takes a carrier is refused where a link has none', async test => {
  const cut = (
    a: Partial<Topology['nodes'][string]>,
    b: Partial<Topology['nodes'][string]> = {},
  ): Topology => ({
    nodes: { a: { is: '', ipv6: true, ...a }, b: { is: '', ipv6: true, ...b } },
    links: [
      [
        { node: 'a', device: 'eth0' },
        { node: 'b', device: 'p0', down: true },
      ],
    ],
  })
  test.same(validateTopology(cut({ addresses: { eth0: ['2001:db8::1/64 nodad noprefixroute'] } })), [])
  const radvd = (device: string) => ({ routerAdvertisements: { device, prefix: '2001:db8::/64' } })
  for (const topology of [
    cut(radvd('eth0')),
    cut({}, { bridges: { br0: { ports: ['p0'] } }, ...radvd('br0') }),
  ])
    test.match(validateTopology(topology), [{ problem: /has no carrier/ }])
  test.match(validateTopology(cut({}, { routes: ['198.51.100.0/24 dev p0'] })), [
    { field: 'topology.nodes.b.routes', problem: /which is left down/ },
  ])
  test.match(validateTopology(cut({ addresses: { eth0: ['192.0.2.1/24 nodad nodad'] } })), [
    { field: 'topology.nodes.a.addresses.eth0', remedy: /noprefixroute/ },
  ])
})
