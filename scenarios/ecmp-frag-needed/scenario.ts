import {
  anycastDownload,
  defineScenario,
  dropped,
  fibMultipathHashPolicy,
  mib,
  routeMtu,
  TOO_BIG,
  tcpMtuProbing,
} from '../../src/index.js'

const SERVICE = '203.0.113.1'
const NARROW = '10.9.0.2'
const CLIENTS = Array.from({ length: 16 }, (_, number) => `198.51.100.${number + 2}`)
const MTU = 1400
const RTO_MIN_MS = 20
const WAYS = [
  { node: 's1', via: '10.1.0.1', device: 'eth0' },
  { node: 's2', via: '10.2.0.1', device: 'eth0' },
] as const
const DOWNLOAD = {
  from: 'client',
  sources: CLIENTS,
  to: SERVICE,
  router: 'ecmp',
  device: 'eth0',
  servers: [
    { node: 's1', device: 'eth1' },
    { node: 's2', device: 'eth2' },
  ],
  icmpFrom: NARROW,
  bytes: 60_000,
} as const
const REACHED = 'The message goes to the very server that it is for, which sends what fits from then on.'

/** A server behind the router, with the address that all of them have. */
const server = (number: 1 | 2) => ({
  is: `server ${number} of the service`,
  addresses: { eth0: `10.${number}.0.2/24`, lo: `${SERVICE}/32` },
  routes: [`default via 10.${number}.0.1 dev eth0 rto_min ${RTO_MIN_MS}ms`],
  // One timeout is enough for tcp_mtu_probing=1 to begin; the kernel's own number is 3.
  sysctls: { 'net.ipv4.tcp_retries1': 1 },
})

export default defineScenario({
  id: 'ecmp-frag-needed',
  title: 'Behind a router with several equal ways, “fragmentation needed” comes to the wrong server',
  source: {
    title: 'RFC 7690: Close Encounters of the ICMP Type 2 Kind (Near Misses with ICMPv6 Packet Too Big)',
    url: 'https://www.rfc-editor.org/rfc/rfc7690',
    says: 'an ICMP error is not guaranteed to hash via ECMP to the same destination as its corresponding TCP or UDP session',
  },
  drawing: `
  198.51.100.2 … 17                                                    ╭ eth1 ──── eth0 [s1]
  [client] eth0 ──────── eth0 [narrow] eth1 ──── eth0 [ecmp]           ┤
              mtu 1400         10.9.0.2                                ╰ eth2 ──── eth0 [s2]

  Both servers own 203.0.113.1. The router chooses by addresses and ports; what the narrow router says has none.`,
  needs: ['veth'],

  topology: {
    nodes: {
      client: {
        is: 'clients behind a tunnel',
        addresses: { eth0: CLIENTS.map(address => `${address}/24`) },
        // What its own device has room for would be in its SYN, and TCP would never send anything longer.
        routes: ['default via 198.51.100.1 advmss 1460'],
      },
      narrow: {
        is: 'the router at the tunnel',
        addresses: { eth0: '198.51.100.1/24', eth1: `${NARROW}/24` },
        gateway: '10.9.0.1',
        sysctls: { 'net.ipv4.ip_forward': 1 },
      },
      ecmp: {
        is: 'the router in front of the servers',
        addresses: { eth0: '10.9.0.1/24', eth1: '10.1.0.1/24', eth2: '10.2.0.1/24' },
        routes: [
          `198.51.100.0/24 via ${NARROW}`,
          `${SERVICE}/32 nexthop via 10.1.0.2 dev eth1 nexthop via 10.2.0.2 dev eth2`,
        ],
        sysctls: { 'net.ipv4.ip_forward': 1 },
      },
      s1: server(1),
      s2: server(2),
    },
    links: [
      [
        { end: 'client:eth0', mtu: MTU },
        { end: 'narrow:eth0', mtu: MTU },
      ],
      ['narrow:eth1', 'ecmp:eth0'],
      ['ecmp:eth1', 's1:eth0'],
      ['ecmp:eth2', 's2:eth0'],
    ],
  },

  toggles: {
    fib_multipath_hash_policy: fibMultipathHashPolicy({ node: 'ecmp', first: '1' }),
    tcp_mtu_probing: tcpMtuProbing({ nodes: ['s1', 's2'] }),
    'route-mtu': routeMtu({ routes: WAYS, mtu: MTU, advmss: MTU - 40, rtoMinMs: RTO_MIN_MS }),
  },

  probes: {
    'short-from-other-server': anycastDownload({ ...DOWNLOAD, port: 80, server: 'another', bytes: 100 }),
    'server-that-icmp-reaches': anycastDownload({ ...DOWNLOAD, port: 81, server: 'that-icmp-reaches' }),
    'other-server': anycastDownload({ ...DOWNLOAD, port: 82, server: 'another' }),
  },
  controls: ['short-from-other-server'],

  mechanisms: {
    'frag-needed-to-another-server': {
      title: '“fragmentation needed” for another server',
      where:
        'fib_multipath_hash() of the router: with policy 1, an ICMP error has the narrow router’s address and no ports, whatever connection it is about',
      document:
        'an ICMP error is not guaranteed to hash via ECMP to the same destination as its corresponding TCP or UDP session',
      at: 'narrow:eth0',
      proofs: [
        mib('narrow', 'IpFragFails').andStays(),
        mib('s1', 'IcmpInDestUnreachs').orOn('s2').andStays(),
        mib('s1', 'TcpRetransSegs').orOn('s2').byAtLeast(2).andStays(),
        dropped('narrow:eth1', {
          from: SERVICE,
          to: /^198\.51\.100\./,
          in: /^ip_forward/,
          reasons: TOO_BIG,
        }).andStays(),
      ],
    },
  },

  audit: {
    node: 'ecmp',
    shape: [
      { fact: 'sysctl net.ipv4.ip_forward', is: '1', as: 'forwarding of IPv4' },
      {
        fact: 'route {203.0.113.1}(/\\d+)? table main.*',
        is: '.*nexthop .*nexthop .*',
        as: 'a route with several ways',
      },
    ],
    reads: {
      fib_multipath_hash_policy: { '0': [{ fact: 'sysctl net.ipv4.fib_multipath_hash_policy', is: '0' }] },
    },
    if: ['there is a narrower link on the way to clients, and each connection is known to one server alone'],
  },

  expect: {
    'short-from-other-server': [
      { works: 'What is short enough for every link needs no discovery.', answeredBy: SERVICE },
    ],
    'server-that-icmp-reaches': [{ works: REACHED, answeredBy: SERVICE }],
    'other-server': [
      {
        when: { fib_multipath_hash_policy: '0' },
        works: `By addresses alone, an ICMP error goes where the packet that it is about came from. ${REACHED}`,
        answeredBy: SERVICE,
      },
      {
        when: { tcp_mtu_probing: ['1', '2'] },
        works: 'The server finds out by itself what fits, without anybody’s message.',
        answeredBy: SERVICE,
      },
      {
        when: { 'route-mtu': 'set' },
        works: 'The server’s own route says what fits, before anything is lost.',
        answeredBy: SERVICE,
      },
      {
        fails: 'frag-needed-to-another-server',
        why: 'The narrow router’s messages all go to one server, by the addresses that they have themselves; the other one sends the same again.',
      },
    ],
  },

  experiments: [
    {
      title: 'two servers',
      fixes: [
        { fib_multipath_hash_policy: '0' },
        { tcp_mtu_probing: '1' },
        { tcp_mtu_probing: '2' },
        { 'route-mtu': 'set' },
      ],
      fresh: true,
    },
  ],
})
