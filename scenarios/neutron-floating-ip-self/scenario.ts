import {
  acceptLocal,
  captured,
  datagram,
  defineScenario,
  dropped,
  INVALID_SOURCE,
  LOCAL_SOURCE,
  logged,
  lookedUp,
  mib,
  newConnection,
  passed,
  ping,
  routed,
  routerSnat,
  rpFilter,
  tcp,
  tracked,
  udp,
} from '../../src/index.js'

const VM = '172.16.0.148'
const FLOAT = '185.15.56.55'
const OUTSIDE = '185.15.56.99'
const TCP = 8080
const UDP = 8081
const DISCARD = 9
/** The broadcast address of the VM’s network: an address that the VM knows, and nobody's own. */
const BROADCAST = '172.16.0.255'

const SNATED = {
  when: { 'router-snat': 'on' },
  works:
    'The packet comes back from the floating IP, so its source is not the VM’s own, and the replies pass the router again.',
  answeredBy: FLOAT,
  serverSaw: FLOAT,
} as const
const LET_IN = { accept_local: ['all=1', 'eth0=1'] } as const
const MARTIAN = {
  fails: 'martian-source',
  why: 'A packet from one’s own address that arrives on eth0 is a martian, whatever rp_filter says; lo’s accept_local is not asked.',
} as const

export default defineScenario({
  id: 'neutron-floating-ip-self',
  title: 'A VM cannot reach itself through its own floating IP',
  source: {
    title: 'Arturo Borrero González on a floating IP in Wikimedia’s Cloud VPS, 21 March 2019',
    url: 'https://ral-arturo.org/2019/03/21/neutron-nat-martian.html',
    says: 'IPv4: martian source 172.16.0.148 from 172.16.0.148, on dev eth0',
  },
  drawing: `
  172.16.0.148           172.16.0.1        185.15.56.1, 185.15.56.55       185.15.56.99
  [vm] eth0 ──────── qr-defc9d1d-40 [router] wan0 ───────────────── eth0 [outside]
                  DNAT 185.15.56.55 → 172.16.0.148

  The router hands the VM its own packet back with the source unchanged: the VM sees its own address arrive from outside.`,
  needs: ['veth'],

  topology: {
    nodes: {
      vm: {
        is: 'the VM',
        addresses: { eth0: `${VM}/24` },
        gateway: '172.16.0.1',
        services: [
          { protocol: 'tcp', port: TCP },
          { protocol: 'udp', port: UDP },
        ],
      },
      router: {
        is: 'the Neutron virtual router',
        addresses: { 'qr-defc9d1d-40': '172.16.0.1/24', wan0: ['185.15.56.1/24', `${FLOAT}/32`] },
        sysctls: { 'net.ipv4.ip_forward': 1 },
        iptables: {
          nat: [
            `-A PREROUTING -d ${FLOAT}/32 -j DNAT --to-destination ${VM}`,
            `-A POSTROUTING -s ${VM}/32 -o wan0 -j SNAT --to-source ${FLOAT}`,
          ],
        },
      },
      outside: { is: 'a host on the Internet', addresses: { eth0: `${OUTSIDE}/24` } },
    },
    links: [
      ['vm:eth0', 'router:qr-defc9d1d-40'],
      ['router:wan0', 'outside:eth0'],
    ],
  },

  toggles: {
    accept_local: acceptLocal({ nodes: ['vm'], device: 'eth0', first: '0' }),
    rp_filter: rpFilter({ nodes: ['vm'], devices: ['eth0'], first: '0' }),
    'router-snat': routerSnat({ node: 'router', vm: VM, floatingIp: FLOAT }),
  },

  probes: {
    'outside-ping': ping({ from: 'outside', to: FLOAT, server: 'vm' }),
    'float-ping': ping({ from: 'vm', to: FLOAT, server: 'vm' }),
    'float-tcp': tcp({ from: 'vm', to: FLOAT, port: TCP, server: 'vm' }),
    'float-udp': udp({ from: 'vm', to: FLOAT, port: UDP, server: 'vm' }),
    'broadcast-source': datagram({ from: 'router', source: BROADCAST, to: VM, port: DISCARD, server: 'vm' }),
  },
  controls: ['outside-ping'],

  mechanisms: {
    'martian-source': {
      title: 'martian source',
      where: 'fib_validate_source() refuses a local source address, ip_handle_martian_source() logs it',
      document: 'IPv4: martian source 172.16.0.148 from 172.16.0.148, on dev eth0',
      proofs: [
        passed('vm:eth0', { direction: 'in', from: VM, to: VM }).andStays(),
        mib('vm', 'IpInDelivers').still(),
        mib('vm', 'TcpExtIPReversePathFilter').still(),
        routed('vm:eth0', { from: VM, to: VM, says: 'Invalid argument' }).andStays(),
        logged('vm:eth0', `martian source ${VM} from ${VM}, on dev eth0`).andHeader(),
        dropped('vm:eth0', { from: VM, to: VM, in: /^ip_rcv_finish/, reasons: LOCAL_SOURCE }),
        lookedUp('vm:eth0', { from: VM, to: VM }).andStays(),
        newConnection(
          'router',
          new RegExp(`\\[NEW\\] \\S+ .*src=${VM} dst=${FLOAT} .*\\[UNREPLIED\\] src=${VM} dst=${VM}`),
        ).andStays(),
        // The same packet on both sides of the router’s NAT.
        captured('router:qr-defc9d1d-40', { direction: 'in', from: VM, to: FLOAT }).andStays(),
        captured('router:qr-defc9d1d-40', { direction: 'out', from: VM, to: VM }).andStays(),
      ],
    },
    'broadcast-martian': {
      title: 'martian source that is a broadcast address',
      where: '__fib_validate_source() refuses what is neither unicast nor local, whatever accept_local says',
      document: 'martian source',
      proofs: [
        passed('vm:eth0', { direction: 'in', from: BROADCAST, to: VM }).andStays(),
        mib('vm', 'IpInDelivers').still(),
        logged('vm:eth0', `martian source ${VM} from ${BROADCAST}, on dev eth0`).andHeader(),
        dropped('vm:eth0', { from: BROADCAST, to: VM, in: /^ip_rcv_finish/, reasons: INVALID_SOURCE }),
      ],
    },
    'tcp-reply-stays-inside': {
      title: 'reply that never leaves the VM',
      where: 'the SYN-ACK is routed over lo, matches no socket, and tcp_v4_send_reset() answers it',
      document: '64 bytes from 172.16.0.148',
      proofs: [mib('vm', 'TcpOutRsts'), tracked('router', new RegExp(`tcp .*dst=${FLOAT} .*UNREPLIED`))],
    },
    'udp-reply-stays-inside': {
      title: 'reply from another address than the one asked',
      where:
        'the answer is routed over lo with the private source, and __udp4_lib_rcv() finds no socket for it',
      document: '64 bytes from 172.16.0.148',
      proofs: [mib('vm', 'UdpNoPorts'), tracked('router', new RegExp(`udp .*dst=${FLOAT} .*UNREPLIED`))],
    },
  },

  audit: {
    node: 'router',
    shape: [
      { fact: 'sysctl net.ipv4.ip_forward', is: '1', as: 'forwarding of IPv4' },
      {
        fact: 'dnat {dnat}',
        is: 'to {172.16.0.148} into {qr-defc9d1d-40} .* dst {185.15.56.55}/32 proto any dport any .* bounces yes .* local no .*',
        as: 'a floating IP: a DNAT rule for a whole address, that its own target meets, too',
      },
      { fact: 'link {qr-defc9d1d-40} kind', is: '(?!bridge).*', as: 'a router’s device, which is no bridge' },
    ],
    reads: {
      'router-snat': {
        on: [
          {
            packet: {
              hook: 'POSTROUTING',
              nat: true,
              out: '{qr-defc9d1d-40}',
              src: '{172.16.0.148}',
              dst: '{172.16.0.148}',
              ct: 'NEW,DNAT',
            },
            becomes: 'SNAT|MASQUERADE',
          },
        ],
      },
    },
  },

  expect: {
    'outside-ping': [
      {
        works:
          'The router translates the destination for everybody outside, and no source: the router has the floating IP, but the VM gets the request.',
        answeredBy: FLOAT,
        serverSaw: OUTSIDE,
      },
    ],
    'broadcast-source': [
      {
        fails: 'broadcast-martian',
        why: 'accept_local lets in this host’s own addresses: the broadcast address of its network is none.',
      },
    ],
    'float-ping': [
      SNATED,
      {
        when: LET_IN,
        works:
          'accept_local on the arrival device (or all) lets the packet in; the reply comes from the private address, which ping does not mind.',
        answeredBy: VM,
        serverSaw: VM,
      },
      MARTIAN,
    ],
    'float-tcp': [
      SNATED,
      {
        when: LET_IN,
        fails: 'tcp-reply-stays-inside',
        why: 'The SYN is let in, but its answer stays inside the VM, where no connection has that peer.',
      },
      MARTIAN,
    ],
    'float-udp': [
      SNATED,
      {
        when: LET_IN,
        fails: 'udp-reply-stays-inside',
        why: 'The server gets the datagram, but its answer comes from the private address, which the client did not ask.',
      },
      MARTIAN,
    ],
  },

  experiments: (['0', '1', '2'] as const).map(rp_filter => ({
    title: `rp_filter ${rp_filter}`,
    given: { rp_filter },
    fixes: [
      { accept_local: 'all=1' },
      { accept_local: 'eth0=1' },
      { accept_local: 'lo=1' },
      { 'router-snat': 'on' },
    ] as const,
    // Without rp_filter, fib_validate_source() compares the source with this host’s own addresses, and asks nothing else.
    guards: rp_filter === '1' ? (['outside-ping', 'broadcast-source'] as const) : (['outside-ping'] as const),
  })),
})
