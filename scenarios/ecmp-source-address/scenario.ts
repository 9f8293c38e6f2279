import {
  BALANCE_FROM_LOOPBACK,
  counted,
  defaultRoute,
  defineScenario,
  dropped,
  mib,
  NEXT_HOP_BY_SOURCE,
  pings,
  policyRule,
} from '../../src/index.js'

const FIRST = '10.1.1.2'
const SECOND = '10.1.2.2'
const OWN = '198.51.100.1'
/** So many that no hash sends them all by the right way, or all by one, but once in 4,000 million times. */
const TARGETS = Array.from({ length: 32 }, (_, number) => `203.0.113.${number + 1}`)
const WAYS = [
  { via: '10.1.1.1', device: 'eth0' },
  { via: '10.1.2.1', device: 'eth1' },
] as const
const PINGS = { from: 'host', to: TARGETS, devices: ['eth0', 'eth1'] } as const
const DOCUMENT = 'when using two ISPs, a router may drop packets with unknown source'
const FROM_SOURCES = ['pings-from-first', 'pings-from-second'] as const

/** What a provider drops: what is from no address of its customer. */
const foreign = (source: string) => `FORWARD ! -s ${source}/32 -i eth0 -j DROP`

const provider = (number: 1 | 2) => ({
  is: `internet provider ${number}`,
  addresses: { eth0: `10.1.${number}.1/24`, eth1: `10.2.${number}.1/24` },
  routes: [`${OWN}/32 via 10.1.${number}.2`, `203.0.113.0/24 via 10.2.${number}.2`],
  sysctls: { 'net.ipv4.ip_forward': 1 },
  iptables: {
    filter: [`-A FORWARD -s ${OWN}/32 -i eth0 -j ACCEPT`, `-A ${foreign(`10.1.${number}.2`)}`],
  },
})

/** Some of the packets from `source` go to the provider that does not know it. */
const wrongUplink = (source: string, other: 'isp1' | 'isp2', customer: string) =>
  ({
    title: `packets from ${source} at the provider of ${customer}`,
    where: 'fib_select_multipath() takes the next hop by the hash alone, whatever source the packet has',
    document: DOCUMENT,
    at: `${other}:eth0`,
    proofs: [
      counted(other, 'filter', foreign(customer)),
      dropped(`${other}:eth0`, {
        from: source,
        to: /^203\.0\.113\./,
        in: /^(nf_hook_slow|nft_do_chain|ipt_do_table)/,
      }),
    ],
  }) as const

const fromSource = (source: string, fails: 'first-at-isp2' | 'second-at-isp1') =>
  [
    {
      when: { 'source-rules': 'on' },
      works: 'The rule for this source comes before the route with two ways, and its table has one way.',
    },
    {
      when: { 'default-route': 'group' },
      fails,
      why: `A group of next hop objects chooses by the hash alone, on every kernel: about half of the destinations are sent to from ${source} by the other uplink.`,
    },
    {
      since: NEXT_HOP_BY_SOURCE,
      works: 'Since 32607a332cfe (6.16) the next hop whose device has the packet’s source comes first.',
      differs: 'No packet goes out of the other uplink any more.',
    },
    {
      fails,
      why: `The next hop comes by a hash of the addresses alone: about half of the destinations are sent to from ${source} by the other uplink.`,
    },
  ] as const

export default defineScenario({
  id: 'ecmp-source-address',
  title:
    'A host with two uplinks in one route sends packets out of the uplink that their source does not belong to',
  source: {
    title: 'netdev, 20 April 2025: ipv4: prefer multipath nexthop that matches source address',
    url: 'https://lore.kernel.org/netdev/20250420180537.2973960-2-willemdebruijn.kernel@gmail.com/',
    says: DOCUMENT,
  },
  drawing: `
              10.1.1.2                10.1.1.1
         ╭─── eth0 ──────────────── eth0 [isp1] eth1 ──────╮
  [host] ┤                                                 ├ eth0, eth1 [inet] 203.0.113.1 … 32
         ╰─── eth1 ──────────────── eth0 [isp2] eth1 ──────╯
              10.1.2.2                10.1.2.1
     lo 198.51.100.1

  Each provider drops what is from neither its customer's address nor 198.51.100.1, which the host announces to both.`,
  needs: ['veth'],

  topology: {
    nodes: {
      host: {
        is: 'a host with two uplinks',
        addresses: { eth0: `${FIRST}/24`, eth1: `${SECOND}/24`, lo: `${OWN}/32` },
        nextHops: [
          ...WAYS.map(({ via, device }, index) => `id ${index + 1} via ${via} dev ${device}`),
          'id 9 group 1/2',
        ],
        routes: [
          `default ${WAYS.map(({ via, device }) => `nexthop via ${via} dev ${device}`).join(' ')}`,
          ...WAYS.map(({ via, device }, index) => `default via ${via} dev ${device} table ${101 + index}`),
        ],
      },
      isp1: provider(1),
      isp2: provider(2),
      inet: {
        is: 'the internet',
        addresses: {
          eth0: '10.2.1.2/24',
          eth1: '10.2.2.2/24',
          lo: TARGETS.map(address => `${address}/32`),
        },
        // All answers to the host's own address by one way: what the other provider forwards for it are requests.
        routes: [`10.1.1.0/24 via 10.2.1.1`, `10.1.2.0/24 via 10.2.2.1`, `${OWN}/32 via 10.2.2.1`],
      },
    },
    links: [
      ['host:eth0', 'isp1:eth0'],
      ['host:eth1', 'isp2:eth0'],
      ['isp1:eth1', 'inet:eth0'],
      ['isp2:eth1', 'inet:eth1'],
    ],
  },

  toggles: {
    'source-rules': policyRule({
      node: 'host',
      rules: [`from ${FIRST} lookup 101 priority 1001`, `from ${SECOND} lookup 102 priority 1002`],
      summary: 'ask a table with one way for each source',
    }),
    'default-route': defaultRoute({ node: 'host', ways: WAYS, group: 9 }),
  },

  probes: {
    'pings-from-any': pings(PINGS),
    'pings-from-first': pings({ ...PINGS, source: FIRST }),
    'pings-from-second': pings({ ...PINGS, source: SECOND }),
    'balance-from-loopback': pings({ ...PINGS, source: OWN, spread: true }),
  },
  controls: ['pings-from-any'],

  mechanisms: {
    'first-at-isp2': wrongUplink(FIRST, 'isp2', SECOND),
    'second-at-isp1': wrongUplink(SECOND, 'isp1', FIRST),
    'last-way-only': {
      title: 'the last way for a source that no way has',
      where:
        'fib_select_multipath() goes on past the next hop that the hash chose, as its address is not the source',
      document: 'Preference of nexthop with source address broke ECMP for packets with source addresses',
      at: 'host:eth1',
      proofs: [mib('isp1', 'IpForwDatagrams').still(), mib('isp2', 'IpForwDatagrams').andStays()],
    },
  },

  audit: {
    node: 'host',
    shape: [
      {
        any: [
          [
            {
              fact: 'route default table main.*',
              is: '.*nexthop via \\S+ dev {eth0} .*nexthop via \\S+ dev {eth1} .*',
            },
          ],
          [
            { fact: 'route default table main.*', is: '.*nhid \\d+.*' },
            { fact: 'nexthop \\d+', is: 'via \\S+ dev {eth0}' },
            { fact: 'nexthop \\d+', is: 'via \\S+ dev (?!{eth0}$){eth1}' },
          ],
        ],
        as: 'a default route with several ways',
      },
      { fact: 'address {10.1.1.2}/\\d+ dev {eth0}', as: 'an address on each way' },
      { fact: 'address {10.1.2.2}/\\d+ dev {eth1}', as: 'an address on each way' },
    ],
    reads: {
      'source-rules': {
        on: [
          { fact: 'ip rule inet \\d+', is: 'from {10.1.1.2} lookup .*' },
          { fact: 'ip rule inet \\d+', is: 'from {10.1.2.2} lookup .*' },
        ],
      },
      'default-route': { group: [{ fact: 'route default table main.*', is: '.*nhid \\d+.*' }] },
    },
    if: ['the providers drop what is from another one’s address'],
  },

  expect: {
    'pings-from-any': [{ works: 'A packet without a source gets that of the way that was chosen for it.' }],
    'pings-from-first': fromSource(FIRST, 'first-at-isp2'),
    'pings-from-second': fromSource(SECOND, 'second-at-isp1'),
    'balance-from-loopback': [
      {
        when: { 'default-route': 'group' },
        works: 'A group of next hop objects chooses by the hash alone, on every kernel.',
      },
      {
        since: BALANCE_FROM_LOOPBACK,
        works: 'Where no way has the source, the hash chooses: 6e17474aa9fe (6.19, 6.18.4) restored that.',
      },
      {
        before: NEXT_HOP_BY_SOURCE,
        works: 'Before 32607a332cfe (6.16) the hash alone chooses.',
      },
      {
        fails: 'last-way-only',
        why: 'With 32607a332cfe and without 6e17474aa9fe, a source on lo, which no way has, is always sent from by the last one.',
      },
    ],
  },

  experiments: [
    {
      title: 'a route that lists two ways',
      fixes: [{ 'source-rules': 'on' }],
      probes: FROM_SOURCES,
      guards: ['balance-from-loopback'],
    },
    {
      title: 'a route by a group of next hop objects',
      given: { 'default-route': 'group' },
      fixes: [{ 'source-rules': 'on' }, { 'default-route': 'multipath' }],
      probes: FROM_SOURCES,
      guards: ['balance-from-loopback'],
    },
    {
      title: 'a source on lo',
      fixes: [{ 'default-route': 'group' }],
      probes: ['balance-from-loopback'],
    },
  ],
})
