import {
  acceptLocal,
  defineScenario,
  dropped,
  LOOPBACK_SOURCE_VALIDATION,
  logged,
  lookedUp,
  mib,
  ping,
  REVERSE_PATH,
  routeLocalnet,
  rpFilter,
} from '../../src/index.js'

const SHARED = '10.53.180.130'
/** One MAC address for all four devices: a frame built on lo carries lo's own, and would else be for another host. */
const MAC = '98:03:9b:7f:ff:d0'
const NODES = ['host', 'container'] as const

const OTHER = '198.51.100.2'
const OTHER_DEVICE = '198.51.100.1'

const REFUSED = {
  when: { accept_local: '0' },
  fails: 'martian-source',
  why: 'A packet from one’s own address needs accept_local before any reverse path test.',
} as const
const LET_IN = {
  works:
    'The packet that comes in on lo is local, accept_local and route_localnet let it in, and no device is compared.',
} as const

const toLoopback = (device: string) => [
  `qdisc add dev ${device} clsact`,
  `filter add dev ${device} ingress protocol ip prio 1 u32 match u32 0 0 action mirred ingress redirect dev lo`,
  `filter add dev ${device} ingress protocol arp prio 2 u32 match u32 0 0 action mirred ingress redirect dev lo`,
  'qdisc add dev lo clsact',
  `filter add dev lo egress protocol ip prio 1 u32 match u32 0 0 action mirred egress redirect dev ${device}`,
  `filter add dev lo egress protocol arp prio 2 u32 match u32 0 0 action mirred egress redirect dev ${device}`,
]

export default defineScenario({
  id: 'rp-filter-loopback-redirect',
  title: 'Strict rp_filter drops local packets that traffic control redirected to lo',
  source: {
    title: 'Hunting a Linux kernel bug (Twitter engineering, Cong Wang)',
    url: 'https://blog.twitter.com/engineering/en_us/topics/open-source/2020/hunting-a-linux-kernel-bug',
    says: 'IPv4: martian source 10.53.180.130 from 10.53.180.130, on dev lo',
  },
  drawing: `
  10.53.180.130                                  10.53.180.130      198.51.100.1
  [container] lo ─tc→ eth0 ──────── veth0 ─tc→ lo [host] eth1 ─────────── eth0 [other]
              lo ←tc─                    ←tc─ lo         ╰─tc→ eth2 ───── eth1

  Container and host share one address; tc sends what leaves by lo to the other side's lo. Control: what comes in on eth1
  is redirected to eth2, which the route back does not use.`,
  needs: ['veth', 'tc-redirect'],
  exclusive: 'log lines about 98:03:9b:7f:ff:d0',

  topology: {
    nodes: {
      container: {
        is: 'the Mesos container',
        loopbackMac: MAC,
        addresses: { eth0: `${SHARED}/24` },
        tc: toLoopback('eth0'),
      },
      host: {
        is: 'the Mesos agent’s host',
        loopbackMac: MAC,
        addresses: { veth0: `${SHARED}/24`, eth1: '198.51.100.1/24', eth2: '192.0.2.1/24' },
        tc: [
          ...toLoopback('veth0'),
          'qdisc add dev eth1 clsact',
          'filter add dev eth1 ingress protocol ip prio 1 u32 match u32 0 0 action mirred ingress redirect dev eth2',
        ],
      },
      other: { is: 'a host on another network', addresses: { eth0: '198.51.100.2/24' } },
    },
    links: [
      [
        { end: 'container:eth0', mac: MAC },
        { end: 'host:veth0', mac: MAC },
      ],
      ['host:eth1', 'other:eth0'],
      ['host:eth2', 'other:eth1'],
    ],
  },

  toggles: {
    rp_filter: rpFilter({ nodes: NODES, devices: ['lo'], first: '1' }),
    accept_local: acceptLocal({ nodes: NODES, device: 'lo', first: 'all=1' }),
    route_localnet: routeLocalnet({ nodes: NODES, first: '1' }),
  },

  probes: {
    'other-device-redirect': ping({ from: 'other', to: OTHER_DEVICE }),
    'own-address-ping': ping({ from: 'container', to: SHARED }),
    'loopback-ping': ping({ from: 'container', to: '127.0.0.1' }),
  },
  controls: ['other-device-redirect'],

  mechanisms: {
    'strict-reverse-path': {
      title: 'strict reverse path filter',
      where: '__fib_validate_source() finds another device on the way back (rpf == 1, goto e_rpf)',
      document:
        'rp_filter shouldn’t drop these packets in either strict or loose mode, but they’re being dropped in strict mode',
      proofs: [
        mib('host', 'TcpExtIPReversePathFilter'),
        mib('host', 'IpInDelivers').still(),
        logged(
          'host:veth0',
          /martian source (10.53.180.130 from 10.53.180.130, on dev lo|198.51.100.1 from 198.51.100.2, on dev eth2)/,
        ),
        // Of the control alone: no trace event tells one namespace’s lo from another’s.
        dropped('host:eth2', { from: OTHER, to: OTHER_DEVICE, in: /^ip_rcv_finish/, reasons: REVERSE_PATH }),
        lookedUp('host:eth2', { from: OTHER, to: OTHER_DEVICE, back: 'eth1' }).andStays(),
      ],
    },
    'martian-source': {
      title: 'martian source',
      where: 'fib_validate_source() refuses a local source address before any reverse path test',
      document:
        'both type (1) and type (2) packets still aren’t accepted by the routing table unless … accept_local … is set to 1',
      proofs: [
        mib('host', 'IpExtInOctets').andStays(),
        mib('host', 'TcpExtIPReversePathFilter').still(),
        mib('host', 'IpInDelivers').still(),
        logged('host:veth0', /martian source [0-9.]+ from [0-9.]+, on dev lo/).andHeader(),
      ],
    },
    'martian-destination': {
      title: 'martian destination',
      where: 'ip_route_input_slow() refuses 127.0.0.0/8 from a device without route_localnet',
      document:
        'the 127.0.0.0/8 subnet isn’t considered routable unless the net.ipv4.conf.all.route_localnet sysctl is set to 1',
      proofs: [
        mib('host', 'IpExtInOctets').andStays(),
        mib('host', 'TcpExtIPReversePathFilter').still(),
        mib('host', 'IpInDelivers').still(),
        logged('host:veth0', /martian (destination|source) 127.0.0.1 from 127.0.0.1/),
      ],
    },
  },

  expect: {
    'other-device-redirect': [
      {
        when: { rp_filter: '1' },
        fails: 'strict-reverse-path',
        why: 'The route back to the sender uses eth1, the packet was redirected to eth2: strict mode is there to drop it.',
      },
      { works: 'Without strict mode any route back, or none, is enough.' },
    ],
    'loopback-ping': [
      {
        when: { route_localnet: '0' },
        fails: 'martian-destination',
        why: '127.0.0.1 that comes in from another device is a martian without route_localnet.',
      },
      REFUSED,
      LET_IN,
    ],
    'own-address-ping': [
      REFUSED,
      {
        when: { rp_filter: '1' },
        before: LOOPBACK_SOURCE_VALIDATION,
        fails: 'strict-reverse-path',
        why: 'The reverse lookup says eth0 for a local address, and the packet came in on lo.',
      },
      {
        when: { rp_filter: '1' },
        since: LOOPBACK_SOURCE_VALIDATION,
        works: 'Since 66f8209547cc (5.3) a local route matches when the packet came in on lo.',
        stops: 'strict-reverse-path',
        differs:
          'strict mode dropped these packets until 66f8209547cc (5.3), which is the fix that it tells of.',
      },
      LET_IN,
    ],
  },

  experiments: [
    {
      title: 'strict mode, and each of the settings that the redirection needs',
      probes: ['other-device-redirect', 'own-address-ping', 'loopback-ping'],
      fixes: [{ rp_filter: '0' }, { rp_filter: '2' }, { accept_local: '0' }, { route_localnet: '0' }],
    },
  ],
})
