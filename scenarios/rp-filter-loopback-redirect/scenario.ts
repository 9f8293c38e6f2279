import { LOOPBACK_SOURCE_VALIDATION } from '../../src/kernel/changes.js'
import { defineScenario } from '../../src/model/scenario.js'
import { acceptLocal } from '../../src/toggles/accept-local.js'
import { routeLocalnet } from '../../src/toggles/route-localnet.js'
import { rpFilter } from '../../src/toggles/rp-filter.js'

const SHARED = '10.53.180.130'
/** One MAC address for all four devices: a frame built on lo carries lo's own, and would else be for another host. */
const MAC = '98:03:9b:7f:ff:d0'
const NODES = ['host', 'container']

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
        addresses: { eth0: [`${SHARED}/24`] },
        tc: toLoopback('eth0'),
      },
      host: {
        is: 'the Mesos agent’s host',
        loopbackMac: MAC,
        addresses: { veth0: [`${SHARED}/24`], eth1: ['198.51.100.1/24'], eth2: ['192.0.2.1/24'] },
        tc: [
          ...toLoopback('veth0'),
          'qdisc add dev eth1 clsact',
          'filter add dev eth1 ingress protocol ip prio 1 u32 match u32 0 0 action mirred ingress redirect dev eth2',
        ],
      },
      other: { is: 'a host on another network', addresses: { eth0: ['198.51.100.2/24'] } },
    },
    links: [
      [
        { node: 'container', device: 'eth0', mac: MAC },
        { node: 'host', device: 'veth0', mac: MAC },
      ],
      [
        { node: 'host', device: 'eth1' },
        { node: 'other', device: 'eth0' },
      ],
      [
        { node: 'host', device: 'eth2' },
        { node: 'other', device: 'eth1' },
      ],
    ],
  },

  toggles: {
    rp_filter: rpFilter({ nodes: NODES, devices: ['lo'], first: '1' }),
    accept_local: acceptLocal({ nodes: ['host', 'container'], device: 'lo', first: 'all=1' }),
    route_localnet: routeLocalnet({ nodes: NODES, first: '1' }),
  },

  probes: {
    'other-device-redirect': { kind: 'ping', node: 'other', to: '198.51.100.1' },
    'own-address-ping': { kind: 'ping', node: 'container', to: SHARED },
    'loopback-ping': { kind: 'ping', node: 'container', to: '127.0.0.1' },
  },
  controls: ['other-device-redirect'],

  mechanisms: {
    'strict-reverse-path': {
      title: 'strict reverse path filter',
      where: '__fib_validate_source() finds another device on the way back (rpf == 1, goto e_rpf)',
      document:
        'rp_filter shouldn’t drop these packets in either strict or loose mode, but they’re being dropped in strict mode',
      proofs: [
        { source: 'mib', node: 'host', counter: 'TcpExtIPReversePathFilter', moves: true },
        { source: 'mib', node: 'host', counter: 'IpInDelivers', moves: false },
        {
          source: 'kernel-log',
          node: 'host',
          device: 'veth0',
          line: 'martian source (10.53.180.130 from 10.53.180.130, on dev lo|198.51.100.1 from 198.51.100.2, on dev eth2)',
          header: false,
        },
        // Of the control alone: no trace event tells one namespace’s lo from another’s.
        {
          source: 'drop',
          node: 'host',
          device: 'eth2',
          from: '198.51.100.2',
          to: '198.51.100.1',
          function: '^ip_rcv_finish',
          reasons: [
            { name: 'IP_RPFILTER', since: '5.18' },
            { name: 'NOT_SPECIFIED', since: '5.17' },
          ],
        },
        {
          source: 'fib',
          node: 'host',
          device: 'eth2',
          from: '198.51.100.2',
          to: '198.51.100.1',
          back: 'eth1',
          stops: false,
        },
      ],
    },
    'martian-source': {
      title: 'martian source',
      where: 'fib_validate_source() refuses a local source address before any reverse path test',
      document:
        'both type (1) and type (2) packets still aren’t accepted by the routing table unless … accept_local … is set to 1',
      proofs: [
        { source: 'mib', node: 'host', counter: 'IpExtInOctets', moves: true, stops: false },
        { source: 'mib', node: 'host', counter: 'TcpExtIPReversePathFilter', moves: false },
        { source: 'mib', node: 'host', counter: 'IpInDelivers', moves: false },
        {
          source: 'kernel-log',
          node: 'host',
          device: 'veth0',
          line: 'martian source [0-9.]+ from [0-9.]+, on dev lo',
          header: true,
        },
      ],
    },
    'martian-destination': {
      title: 'martian destination',
      where: 'ip_route_input_slow() refuses 127.0.0.0/8 from a device without route_localnet',
      document:
        'the 127.0.0.0/8 subnet isn’t considered routable unless the net.ipv4.conf.all.route_localnet sysctl is set to 1',
      proofs: [
        { source: 'mib', node: 'host', counter: 'IpExtInOctets', moves: true, stops: false },
        { source: 'mib', node: 'host', counter: 'TcpExtIPReversePathFilter', moves: false },
        { source: 'mib', node: 'host', counter: 'IpInDelivers', moves: false },
        {
          source: 'kernel-log',
          node: 'host',
          device: 'veth0',
          line: 'martian (destination|source) 127.0.0.1 from 127.0.0.1',
          header: false,
        },
      ],
    },
  },

  expectations: [
    {
      probes: ['other-device-redirect'],
      when: { rp_filter: '1' },
      outcome: 'fails',
      mechanism: 'strict-reverse-path',
      why: 'The route back to the sender uses eth1, the packet was redirected to eth2: strict mode is there to drop it.',
    },
    {
      probes: ['other-device-redirect'],
      outcome: 'works',
      why: 'Without strict mode any route back, or none, is enough.',
    },
    {
      probes: ['loopback-ping'],
      when: { route_localnet: '0' },
      outcome: 'fails',
      mechanism: 'martian-destination',
      why: '127.0.0.1 that comes in from another device is a martian without route_localnet.',
    },
    {
      probes: ['own-address-ping', 'loopback-ping'],
      when: { accept_local: '0' },
      outcome: 'fails',
      mechanism: 'martian-source',
      why: 'A packet from one’s own address needs accept_local before any reverse path test.',
    },
    {
      probes: ['own-address-ping'],
      when: { rp_filter: '1' },
      kernel: { lacks: LOOPBACK_SOURCE_VALIDATION },
      outcome: 'fails',
      mechanism: 'strict-reverse-path',
      why: 'The reverse lookup says eth0 for a local address, and the packet came in on lo.',
    },
    {
      probes: ['own-address-ping'],
      when: { rp_filter: '1' },
      kernel: { has: LOOPBACK_SOURCE_VALIDATION },
      outcome: 'works',
      mechanism: 'strict-reverse-path',
      why: 'Since 66f8209547cc (5.3) a local route matches when the packet came in on lo.',
      differs:
        'strict mode dropped these packets until 66f8209547cc (5.3), which is the fix that it tells of.',
    },
    {
      probes: ['own-address-ping', 'loopback-ping'],
      outcome: 'works',
      why: 'The packet that comes in on lo is local, accept_local and route_localnet let it in, and no device is compared.',
    },
  ],

  experiments: [
    {
      title: 'strict mode, and each of the settings that the redirection needs',
      probes: ['other-device-redirect', 'own-address-ping', 'loopback-ping'],
      fixes: [{ rp_filter: '0' }, { rp_filter: '2' }, { accept_local: '0' }, { route_localnet: '0' }],
    },
  ],
})
