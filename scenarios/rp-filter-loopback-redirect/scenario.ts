import {
  acceptLocal,
  arrival,
  datagram,
  defineScenario,
  dropped,
  LOCAL_SOURCE,
  LOOPBACK_ADDRESS,
  LOOPBACK_SOURCE_VALIDATION,
  logged,
  lookedUp,
  mib,
  passed,
  ping,
  REVERSE_PATH,
  routeLocalnet,
  rpFilter,
} from '../../src/index.js'

const SHARED = '10.53.180.130'
/** One MAC address for all four devices: a frame built on lo carries lo's own, and would else be for another host. */
const MAC = '98:03:9b:7f:ff:d0'
const NODES = ['host', 'container'] as const

const LOOPBACK = '127.0.0.1'
const OTHER = '198.51.100.2'
const OTHER_DEVICE = '198.51.100.1'
/** The way back to it is by eth1, and no probe but one is from it. */
const FOREIGN = '198.51.100.9'
/**
 * The way back to it is by eth2, as strict mode wants it of what comes in there. It is nobody's: a request of ARP has a packet's
 * source where that is the host's own (arp_solicit()), and on eth1 strict mode lets no such request be answered.
 */
const NOBODY = '192.0.2.3'
const DISCARD = 9

const refused = <const M extends string>(mechanism: M) =>
  ({
    when: { accept_local: '0' },
    fails: mechanism,
    why: 'A packet from one’s own address needs accept_local before any reverse path test.',
  }) as const
const letIn = (address: string) =>
  ({
    works:
      'The packet that comes in on lo is local, accept_local and route_localnet let it in, and no device is compared.',
    answeredBy: address,
    serverSaw: address,
  }) as const

/** A martian on lo: its line is by its addresses, so that no probe’s is charged to another. */
const martianOnLo = (address: string, what: 'source' | 'destination', line: RegExp, document: string) =>
  ({
    title: `martian ${what}`,
    where:
      what === 'source'
        ? 'fib_validate_source() refuses a local source address before any reverse path test'
        : 'ip_route_input_slow() refuses 127.0.0.0/8 from a device without route_localnet',
    document,
    at: 'host:lo',
    proofs: [
      passed('host:lo', { direction: 'in', protocol: 'icmp', from: address, to: address }).andStays(),
      mib('host', 'TcpExtIPReversePathFilter').still(),
      mib('host', 'IpInDelivers').still(),
      what === 'source' ? logged('host:veth0', line).andHeader() : logged('host:veth0', line),
      dropped('host:lo', {
        from: address,
        to: address,
        in: /^ip_rcv_finish/,
        reasons: what === 'source' ? LOCAL_SOURCE : LOOPBACK_ADDRESS,
      }),
    ],
  }) as const

/** What strict mode drops, wherever it came in. */
const strict = (
  at: 'host:eth2' | 'host:lo',
  { from, to, back }: { readonly from: string; readonly to: string; readonly back: string },
) =>
  ({
    title: 'strict reverse path filter',
    where: '__fib_validate_source() finds another device on the way back (rpf == 1, goto e_rpf)',
    document:
      'rp_filter shouldn’t drop these packets in either strict or loose mode, but they’re being dropped in strict mode',
    at,
    proofs: [
      passed(at, { direction: 'in', from, to }).andStays(),
      mib('host', 'TcpExtIPReversePathFilter'),
      mib('host', 'IpInDelivers').still(),
      logged(at, `martian source ${to} from ${from}, on dev ${at.slice('host:'.length)}`),
      dropped(at, { from, to, in: /^ip_rcv_finish/, reasons: REVERSE_PATH }),
      lookedUp(at, { from, to, back }).andStays(),
    ],
  }) as const

/** Why what strict mode drops comes through under the other two settings: the source has a route back, by another device. */
const LOOSE = 'Loose mode (2) takes a route back by any device, and 0 asks for none.'

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

  Container and host share one address; tc sends what leaves by lo to the other side's lo. What comes in on eth1 is redirected
  to eth2, which the route back does not use.`,
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
        addresses: { veth0: `${SHARED}/24`, eth1: `${OTHER_DEVICE}/24`, eth2: '192.0.2.1/24' },
        tc: [
          ...toLoopback('veth0'),
          'qdisc add dev eth1 clsact',
          'filter add dev eth1 ingress protocol ip prio 1 u32 match u32 0 0 action mirred ingress redirect dev eth2',
        ],
      },
      other: { is: 'a host on another network', addresses: { eth0: `${OTHER}/24` } },
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
    // Both say what traffic control does, before any routing: no toggle moves them.
    'arrival-on-eth2': arrival({
      from: 'other',
      source: NOBODY,
      to: OTHER_DEVICE,
      at: { node: 'host', device: 'eth2' },
    }),
    'arrival-on-lo': arrival({ from: 'container', to: SHARED, at: { node: 'host', device: 'lo' } }),
    'other-device-redirect': ping({ from: 'other', to: OTHER_DEVICE, server: 'host' }),
    'own-address-ping': ping({ from: 'container', to: SHARED, server: 'host' }),
    'loopback-ping': ping({ from: 'container', to: LOOPBACK, server: 'host' }),
    'foreign-source': datagram({
      from: 'container',
      source: FOREIGN,
      to: SHARED,
      port: DISCARD,
      server: 'host',
    }),
  },
  controls: ['arrival-on-eth2', 'arrival-on-lo'],

  mechanisms: {
    'strict-reverse-path': strict('host:eth2', { from: OTHER, to: OTHER_DEVICE, back: 'eth1' }),
    'strict-own-address': strict('host:lo', { from: SHARED, to: SHARED, back: 'veth0' }),
    'strict-foreign-source': strict('host:lo', { from: FOREIGN, to: SHARED, back: 'eth1' }),
    'martian-source': martianOnLo(
      SHARED,
      'source',
      /martian source 10[.]53[.]180[.]130 from 10[.]53[.]180[.]130, on dev lo/,
      'both type (1) and type (2) packets still aren’t accepted by the routing table unless … accept_local … is set to 1',
    ),
    'martian-loopback-source': martianOnLo(
      LOOPBACK,
      'source',
      /martian source 127[.]0[.]0[.]1 from 127[.]0[.]0[.]1, on dev lo/,
      'both type (1) and type (2) packets still aren’t accepted by the routing table unless … accept_local … is set to 1',
    ),
    'martian-destination': martianOnLo(
      LOOPBACK,
      'destination',
      /martian destination 127[.]0[.]0[.]1 from 127[.]0[.]0[.]1/,
      'the 127.0.0.0/8 subnet isn’t considered routable unless the net.ipv4.conf.all.route_localnet sysctl is set to 1',
    ),
  },

  audit: {
    node: 'host',
    shape: [
      {
        fact: 'filter {veth0} ingress',
        is: '.*mirred ingress redirect dev lo.*',
        as: 'a filter that redirects to lo',
      },
    ],
    reads: {
      rp_filter: {
        '0': [{ fact: 'conf lo rp_filter', is: '0' }],
        '2': [{ fact: 'conf lo rp_filter', is: '2' }],
      },
      accept_local: { '0': [{ fact: 'conf lo accept_local', is: '0' }] },
      route_localnet: { '0': [{ fact: 'conf lo route_localnet', is: '0' }] },
    },
    probes: ['own-address-ping'],
  },

  expect: {
    'other-device-redirect': [
      {
        when: { rp_filter: '1' },
        fails: 'strict-reverse-path',
        why: 'The route back to the sender uses eth1, the packet was redirected to eth2: strict mode is there to drop it.',
      },
      {
        works: LOOSE,
        answeredBy: OTHER_DEVICE,
        serverSaw: OTHER,
      },
    ],
    'foreign-source': [
      {
        when: { rp_filter: '1' },
        fails: 'strict-foreign-source',
        why: 'lo is exempt for local addresses alone: the route back to any other source does not use lo.',
      },
      { works: LOOSE, serverSaw: FOREIGN },
    ],
    'arrival-on-eth2': [{ works: 'Traffic control redirects what comes in on eth1 to eth2.' }],
    'arrival-on-lo': [{ works: 'Traffic control carries what leaves by the container’s lo to the host’s.' }],
    'loopback-ping': [
      {
        when: { route_localnet: '0' },
        fails: 'martian-destination',
        why: '127.0.0.1 that comes in from another device is a martian without route_localnet.',
      },
      refused('martian-loopback-source'),
      letIn(LOOPBACK),
    ],
    'own-address-ping': [
      refused('martian-source'),
      {
        when: { rp_filter: '1' },
        before: LOOPBACK_SOURCE_VALIDATION,
        fails: 'strict-own-address',
        why: 'The reverse lookup says eth0 for a local address, and the packet came in on lo.',
      },
      {
        when: { rp_filter: '1' },
        since: LOOPBACK_SOURCE_VALIDATION,
        works: 'Since 66f8209547cc (5.3) a local route matches when the packet came in on lo.',
        answeredBy: SHARED,
        serverSaw: SHARED,
        stops: 'strict-own-address',
        differs:
          'strict mode dropped these packets until 66f8209547cc (5.3), which is the fix that it tells of.',
      },
      letIn(SHARED),
    ],
  },

  experiments: [
    {
      title: 'strict mode, and each of the settings that the redirection needs',
      fixes: [{ rp_filter: '0' }, { rp_filter: '2' }, { accept_local: '0' }, { route_localnet: '0' }],
      // Its martians are lines of a log that has ten for all in five seconds: it is no probe of every phase.
      guards: ['foreign-source'],
    },
  ],
})
