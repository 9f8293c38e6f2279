import {
  counted,
  defineScenario,
  dropped,
  http,
  ipNoPmtuDisc,
  longDatagram,
  mib,
  routeMtu,
  ruleToggle,
  TOO_BIG,
  tcpMtuProbing,
} from '../../src/index.js'

const SERVER = '203.0.113.1'
const FIREWALL = '203.0.113.254'
const CLIENT = '198.51.100.2'
const MTU = 1400
/** What the kernel would wait for 200 ms for, and twice that each time after it. */
const RTO_MIN_MS = 20
const PORTS = { control: 80, restarted: 81 }
/** The client asks, the server sends: everything long goes the way of the narrow link. */
const DOWNLOAD = { from: 'client', to: SERVER, server: 'server', bytes: 60_000, requestBytes: 100 } as const
const SEEN = { answeredBy: SERVER, serverSaw: CLIENT } as const
const REPAIRED = {
  learned: 'The router’s message comes to the server, which sends what fits from then on.',
  cut: 'The server sends without DF, and the router cuts what does not fit.',
  known: 'The server’s own route says what fits, before anything is lost.',
} as const
const LOST =
  'The router drops what does not fit and says so; the firewall drops that message, and the server sends the same again.'

/** What repairs TCP, whoever has been listening since when. */
const TCP_REPAIRED = [
  { when: { 'icmp-filter': 'none' }, works: REPAIRED.learned, ...SEEN },
  {
    when: { tcp_mtu_probing: ['1', '2'] },
    works: 'After a timeout the server tries shorter segments by itself, without anybody’s message.',
    ...SEEN,
  },
  {
    when: { TCPMSS: 'clamp-mss-to-pmtu' },
    works: 'The server takes the router’s word, in the client’s SYN, for how long segments may be.',
    ...SEEN,
  },
  { when: { 'route-mtu': 'set' }, works: REPAIRED.known, ...SEEN },
] as const

/** Both lose what the router says; only TCP says so by what it sends again. */
const PROOFS = [
  mib('router', 'IpFragFails').andStays(),
  counted('firewall', 'filter', `FORWARD -d ${SERVER}/32`).andStays(),
  mib('server', 'IcmpInDestUnreachs').still(),
  dropped('router:eth0', { from: SERVER, to: CLIENT, in: /^ip_forward/, reasons: TOO_BIG }).andStays(),
] as const

export default defineScenario({
  id: 'pmtu-black-hole',
  title: 'Long packets vanish behind a firewall that drops “fragmentation needed”, and short ones pass',
  source: {
    title: 'Path MTU discovery in practice (Cloudflare)',
    url: 'https://blog.cloudflare.com/path-mtu-discovery-in-practice/',
    says: 'This ICMP message is supposed to be delivered to the originating host, which in turn should adjust the MTU setting',
  },
  drawing: `
  203.0.113.1                                                    mtu 1400
  [server] eth0 ──── eth0 [firewall] eth1 ──── eth0 [router] eth1 ──────── eth0 [client]
                     drops ICMP to 203.0.113.1                             198.51.100.2, advmss 1460`,
  needs: ['veth'],

  topology: {
    nodes: {
      server: {
        is: 'a web server',
        addresses: { eth0: `${SERVER}/24` },
        routes: [`default via ${FIREWALL} dev eth0 rto_min ${RTO_MIN_MS}ms`],
        // One timeout is enough for tcp_mtu_probing=1 to begin; the kernel's own number is 3.
        sysctls: { 'net.ipv4.tcp_retries1': 1 },
      },
      firewall: {
        is: 'the firewall in front of it',
        addresses: { eth0: `${FIREWALL}/24`, eth1: '192.0.2.1/24' },
        routes: ['198.51.100.0/24 via 192.0.2.2'],
        sysctls: { 'net.ipv4.ip_forward': 1 },
        // A table that a toggle makes would be one more thing that changes.
        iptables: { filter: [] },
      },
      router: {
        is: 'a router on the way, with a tunnel behind it',
        addresses: { eth0: '192.0.2.2/24', eth1: '198.51.100.1/24' },
        gateway: '192.0.2.1',
        sysctls: { 'net.ipv4.ip_forward': 1 },
        iptables: { mangle: [] },
      },
      client: {
        is: 'a client behind the tunnel',
        addresses: { eth0: `${CLIENT}/24` },
        // What its own device has room for would be in its SYN, and TCP would never send anything longer.
        routes: ['default via 198.51.100.1 advmss 1460'],
      },
    },
    links: [
      ['server:eth0', 'firewall:eth0'],
      ['firewall:eth1', 'router:eth0'],
      [
        { end: 'router:eth1', mtu: MTU },
        { end: 'client:eth0', mtu: MTU },
      ],
    ],
  },

  toggles: {
    'icmp-filter': ruleToggle({
      summary: 'drop ICMP that is forwarded to the server',
      node: 'firewall',
      table: 'filter',
      chain: 'FORWARD',
      position: 1,
      rules: { drop: ['-d', `${SERVER}/32`, '-p', 'icmp', '-j', 'DROP'], none: null },
    }),
    tcp_mtu_probing: tcpMtuProbing({ nodes: ['server'] }),
    TCPMSS: ruleToggle({
      summary: 'write what the path has room for into the MSS of a SYN',
      node: 'router',
      table: 'mangle',
      chain: 'FORWARD',
      position: 1,
      rules: {
        none: null,
        'clamp-mss-to-pmtu': [
          ...['-p', 'tcp', '-m', 'tcp', '--tcp-flags', 'SYN,RST', 'SYN'],
          ...['-j', 'TCPMSS', '--clamp-mss-to-pmtu'],
        ],
      },
    }),
    ip_no_pmtu_disc: ipNoPmtuDisc({ node: 'server' }),
    'route-mtu': routeMtu({
      routes: [{ node: 'server', via: FIREWALL, device: 'eth0' }],
      mtu: MTU,
      rtoMinMs: RTO_MIN_MS,
    }),
  },

  probes: {
    'small-tcp': http({ ...DOWNLOAD, port: PORTS.control, bytes: 100 }),
    'big-udp': longDatagram({
      from: 'server',
      to: CLIENT,
      port: 5000,
      server: 'client',
      bytes: 1450,
      tries: 3,
      everyMs: 50,
    }),
    'bulk-tcp': http({ ...DOWNLOAD, port: PORTS.restarted, anew: true }),
    'bulk-tcp-old-listener': http({ ...DOWNLOAD, port: PORTS.control }),
  },
  controls: ['small-tcp'],

  mechanisms: {
    'frag-needed-dropped': {
      title: 'lost “fragmentation needed”',
      where:
        'ip_forward() of the router drops what is longer than the MTU and has DF, and its ICMP never gets to ip_rt_update_pmtu() of the server',
      document:
        'This ICMP message is supposed to be delivered to the originating host, which in turn should adjust the MTU setting',
      at: 'router:eth1',
      proofs: PROOFS,
    },
    'frag-needed-dropped-tcp': {
      title: 'lost “fragmentation needed”, TCP',
      where:
        'ip_forward() of the router drops what is longer than the MTU and has DF, and its ICMP never gets to tcp_v4_mtu_reduced() of the server',
      document:
        'This ICMP message is supposed to be delivered to the originating host, which in turn should adjust the MTU setting',
      at: 'router:eth1',
      proofs: [...PROOFS, mib('server', 'TcpRetransSegs').andStays()],
    },
  },

  audit: {
    node: 'firewall',
    shape: [
      { fact: 'sysctl net.ipv4.ip_forward', is: '1', as: 'forwarding of IPv4' },
      { fact: 'link {eth0} addressed', is: '.*ipv4.*', as: 'two devices with addresses' },
      { fact: 'link {eth0} kind', is: '(?!loopback).*', as: 'two devices with addresses' },
      { fact: 'link (?!{eth0} ){eth1} addressed', is: '.*ipv4.*', as: 'another device with an address' },
      { fact: 'link {eth1} kind', is: '(?!loopback).*', as: 'another device' },
      {
        packet: { hook: 'FORWARD', in: '{eth1}', out: '{eth0}', proto: 'tcp', ct: 'ESTABLISHED' },
        becomes: '(policy )?ACCEPT|none',
        as: 'connections that are forwarded',
      },
      {
        any: [
          [
            {
              packet: {
                hook: 'FORWARD',
                in: '{eth1}',
                out: '{eth0}',
                proto: 'icmp',
                icmp: '3/4',
                ct: 'RELATED',
              },
              becomes: '(policy )?DROP',
            },
          ],
          [
            { fact: 'rule \\S+ filter \\S+ \\d+', is: '-d {203.0.113.1}/32 .*-p icmp .*-j (DROP|REJECT.*)' },
            {
              packet: {
                hook: 'FORWARD',
                in: '{eth1}',
                out: '{eth0}',
                dst: '{203.0.113.1}',
                proto: 'icmp',
                icmp: '3/4',
                ct: 'RELATED',
              },
              becomes: '(policy )?DROP',
            },
          ],
        ],
        as: 'a rule that drops “fragmentation needed”',
      },
    ],
    reads: {
      'icmp-filter': {},
      TCPMSS: { 'clamp-mss-to-pmtu': [{ fact: 'rule \\S+ mangle .*', is: '.*-j TCPMSS .*' }] },
    },
    if: ['a link behind it is narrower than the way before it'],
    probes: ['big-udp', 'bulk-tcp'],
  },

  expect: {
    'small-tcp': [{ works: 'What is short enough for every link needs no discovery.', ...SEEN }],
    'big-udp': [
      {
        when: { 'icmp-filter': 'none' },
        works: `${REPAIRED.learned} The first try is lost, and the second one says EMSGSIZE.`,
        serverSaw: SERVER,
      },
      { when: { ip_no_pmtu_disc: '1' }, works: REPAIRED.cut, serverSaw: SERVER },
      {
        when: { 'route-mtu': 'set' },
        works: `${REPAIRED.known} It cuts the datagram itself.`,
        serverSaw: SERVER,
      },
      {
        fails: 'frag-needed-dropped',
        why: `${LOST} TCP’s segment size and TCP’s probing are nothing to UDP.`,
      },
    ],
    'bulk-tcp': [
      ...TCP_REPAIRED,
      {
        when: { ip_no_pmtu_disc: '1' },
        works: `${REPAIRED.cut} The listening socket was made after the setting.`,
        ...SEEN,
      },
      { fails: 'frag-needed-dropped-tcp', why: LOST },
    ],
    'bulk-tcp-old-listener': [
      ...TCP_REPAIRED,
      {
        fails: 'frag-needed-dropped-tcp',
        why: `${LOST} A socket that is accepted has its listener’s setting, and that was made before.`,
      },
    ],
  },

  experiments: [
    {
      title: 'repairs',
      probes: ['big-udp', 'bulk-tcp'],
      fixes: [
        { 'icmp-filter': 'none' },
        { tcp_mtu_probing: '1' },
        { TCPMSS: 'clamp-mss-to-pmtu' },
        { ip_no_pmtu_disc: '1' },
        { 'route-mtu': 'set' },
      ],
      fresh: true,
    },
    {
      title: 'a server that is running already',
      probes: ['bulk-tcp-old-listener'],
      fixes: [{ ip_no_pmtu_disc: '1' }, { 'icmp-filter': 'none' }],
      fresh: true,
    },
  ],
})
