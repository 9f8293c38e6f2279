/** Names and lines of a topology that are one thing to a reader, and another to the program that gets them. */
import fc from 'fast-check'
import t from 'tap'
import { runs } from '../base/property.fixture.js'
import { about, hostile } from '../model/mutation.fixture.js'
import type { Node, Topology } from '../model/topology.js'
import { base } from './topology.fixture.js'
import { validateTopology } from './validate.js'

/** Places of a topology that hold a name or a line, and what a good one looks like there. */
const SITES: readonly {
  readonly title: string
  readonly good: RegExp
  readonly put: (text: string) => readonly [Topology, string]
}[] = [
  {
    title: 'a node’s name',
    good: /^[a-z0-9]([a-z0-9_-]{0,30}[a-z0-9])?$/,
    put: text => [base({ is: '' }, text), `topology.nodes.${text}`],
  },
  {
    title: 'a device',
    good: /^[A-Za-z0-9][\w.-]{0,14}$/,
    put: text => [base({ is: '' }, 'n', text), 'topology.links[0][0]'],
  },
  {
    title: 'a bridge',
    good: /^[A-Za-z0-9][\w.-]{0,14}$/,
    put: text => [
      base({ is: '', bridges: Object.fromEntries([[text, { ports: [] }]]) }),
      `topology.nodes.n.bridges.${text}`,
    ],
  },
  {
    title: 'a port of a bridge',
    good: /^e0$/,
    put: text => [
      base({ is: '', bridges: { br0: { ports: [text] } } }),
      'topology.nodes.n.bridges.br0.ports',
    ],
  },
  {
    title: 'a MAC address',
    good: /^$^/,
    put: text => [base({ is: '', loopbackMac: text }), 'topology.nodes.n.loopbackMac'],
  },
  {
    title: 'an address',
    good: /\/\d/,
    put: text => [base({ is: '', addresses: { e0: [text] } }), 'topology.nodes.n.addresses.e0'],
  },
  {
    title: 'a route',
    good: /^[\d:]/,
    put: text => [base({ is: '', routes: [text] }), 'topology.nodes.n.routes'],
  },
  {
    title: 'a route’s gateway',
    good: /^[\d:]/,
    put: text => [base({ is: '', routes: [`default via ${text}`] }), 'topology.nodes.n.routes'],
  },
  {
    title: 'a traffic control line',
    good: /^$^/,
    put: text => [base({ is: '', tc: [text] }), 'topology.nodes.n.tc'],
  },
  {
    title: 'options of a link',
    good: /^e0 /,
    put: text => [base({ is: '', linkOptions: [text] }), 'topology.nodes.n.linkOptions'],
  },
  {
    title: 'an iptables rule',
    good: /^-[AI] /,
    put: text => [base({ is: '', iptables: { nat: [text] } }), 'topology.nodes.n.iptables.nat'],
  },
  {
    title: 'an iptables table',
    good: /^(filter|nat|mangle|raw)$/,
    put: text => [
      base({ is: '', iptables: Object.fromEntries([[text, []]]) }),
      `topology.nodes.n.iptables.${text}`,
    ],
  },
  {
    title: 'a sysctl',
    good: /^net[./]\w/,
    put: text => [base({ is: '', sysctls: Object.fromEntries([[text, 1]]) }), 'topology.nodes.n.sysctls'],
  },
  {
    title: 'a held device',
    good: /^e0$|^lo$/,
    put: text => [
      base({ is: '', packetHold: { device: text, port: 1, queue: 0 } }),
      'topology.nodes.n.packetHold.device',
    ],
  },
  {
    title: 'an advertised prefix',
    good: /\/\d/,
    put: text => [
      base({ is: '', ipv6: true, routerAdvertisements: { device: 'e0', prefix: text } }),
      'topology.nodes.n.routerAdvertisements.prefix',
    ],
  },
  {
    title: 'an address of a service',
    good: /^\d/,
    put: text => [
      base({ is: '', services: [{ protocol: 'tcp', port: 1, address: text }] }),
      'topology.nodes.n.services',
    ],
  },
]

for (const { title, good, put } of SITES)
  t.test(
    `${title} that means something else to a program is refused by the name of its field`,
    async test => {
      fc.assert(
        fc.property(
          hostile.filter(text => !good.test(text)),
          text => {
            const [topology, field] = put(text)
            const problems = validateTopology(topology)
            const found = problems.find(problem => about(problem.field, field))
            if (!found?.remedy)
              throw new Error(`accepted: ${JSON.stringify(text)}, ${JSON.stringify(problems)}`)
            if (/\p{Cc}/u.test(found.problem) || found.problem.length > 400)
              throw new Error(`says ${JSON.stringify(found.problem)}`)
          },
        ),
        runs(120),
      )
      test.pass('refused')
    },
  )

t.test(
  'what would be accepted, and then refused by the kernel or obeyed by a program, is refused',
  async test => {
    const n = (node: Partial<Node>) => base({ is: '', ...node })
    for (const [what, topology, field] of [
      [
        'a bridge as a port',
        n({ bridges: { br0: { ports: ['br1'] }, br1: { ports: [] } } }),
        'bridges.br0.ports',
      ],
      ['lo as a port', n({ bridges: { br0: { ports: ['lo'] } } }), 'bridges.br0.ports'],
      ['an address of IPv6 where it is off', n({ addresses: { e0: ['2001:db8::1/64'] } }), 'addresses.e0'],
      ['a multicast address of IPv6', n({ ipv6: true, addresses: { e0: ['ff02::5/64'] } }), 'addresses.e0'],
      ['a short form that ip(8) reads otherwise', n({ addresses: { e0: ['10.1/24'] } }), 'addresses.e0'],
      ['an octal number', n({ addresses: { e0: ['10.0.0.010/24'] } }), 'addresses.e0'],
      ['an octal prefix length', n({ addresses: { e0: ['10.0.0.1/024'] } }), 'addresses.e0'],
      [
        'a bridge whose MAC address is zero',
        n({ bridges: { br0: { ports: [], mac: '00:00:00:00:00:00' } } }),
        'bridges.br0.mac',
      ],
      ['a bridge with the name of a word of ip(8)', n({ bridges: { br: { ports: [] } } }), 'bridges.br'],
      [
        'a sysctl of the machine behind ..',
        n({ sysctls: { 'net/../kernel/core_pattern': '|/tmp/x' } }),
        'sysctls',
      ],
      ['a route that swallows the next line', n({ routes: ['198.51.100.0/24 dev e0 \\'] }), 'routes'],
      [
        'a rule with a program to run',
        n({ iptables: { nat: ['-A X --modprobe=/tmp/x -j Y'] } }),
        'iptables.nat',
      ],
      ['a policy of a chain of one’s own', n({ iptables: { filter: ['-P OWN DROP'] } }), 'iptables.filter'],
      ['rules of IPv6 without it', n({ ip6tables: { filter: [] } }), 'ip6tables.filter'],
      ['options that move a link elsewhere', n({ linkOptions: ['e0 netns 1'] }), 'linkOptions'],
      ['options that go on', n({ linkOptions: ['e0 promisc on netns 1'] }), 'linkOptions'],
      ['options of a device that there is not', n({ linkOptions: ['e9 promisc on'] }), 'linkOptions'],
      ['a tc line that runs a program', n({ tc: ['exec bpf import /tmp/x run /tmp/y'] }), 'tc'],
      [
        'a queue that is a rule of nftables',
        n({ packetHold: { device: 'e0', port: 1, queue: 70_000 } }),
        'packetHold.queue',
      ],
      [
        'an advertised prefix of IPv4',
        n({ ipv6: true, routerAdvertisements: { device: 'e0', prefix: '10.0.0.0/24' } }),
        'routerAdvertisements.prefix',
      ],
      [
        'a port that is served twice',
        n({
          services: [
            { protocol: 'tcp', port: 9 },
            { protocol: 'udp', port: 9 },
          ],
        }),
        'services',
      ],
      ['a destination with bits beyond its prefix', n({ routes: ['10.6.0.5/16 dev e0'] }), 'routes'],
    ] as const)
      test.ok(
        validateTopology(topology).some(problem => problem.field === `topology.nodes.n.${field}`),
        what,
      )
  },
)
