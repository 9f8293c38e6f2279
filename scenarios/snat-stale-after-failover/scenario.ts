import {
  conntrackDelete,
  counted,
  defineScenario,
  dropped,
  iptablesRules,
  NETFILTER_DROP,
  passed,
  runStep,
  type Step,
  type Toggle,
  udp,
} from '../../src/index.js'

const PHONE = '192.168.1.10'
const SERVER = '192.0.2.53'
const PORT = 5060
const WAN = {
  1: { device: 'wan1', own: '198.51.100.2', via: '198.51.100.1' },
  2: { device: 'wan2', own: '203.0.113.2', via: '203.0.113.1' },
} as const
const BCP38 = 'PREROUTING ! -s 203.0.113.0/24 -i w2'
const DOCUMENT = 'If i delete the conntrack table the connection will use the main interface again'
const SEEN = { answeredBy: SERVER, serverSaw: WAN[2].own } as const

const postrouting = (target: (own: string) => string) =>
  Object.values(WAN).map(({ device, own }) => ({
    table: 'nat',
    chain: 'POSTROUTING',
    words: `-o ${device} -j ${target(own)}`.split(' '),
  }))

const ip = (lines: readonly string[], why: string): Step =>
  runStep('router', ['ip', '-batch', '-'], why, `${lines.join('\n')}\n`)
const DEFAULT = (by: 1 | 2) => `route replace default via ${WAN[by].via} dev ${WAN[by].device}`
const ADDRESS = `${WAN[1].own}/24`

/** How the first uplink fails: what brings it back, what takes it away, and what the kernel says of it then. */
const FAILURES = {
  'route-moves': { begin: [], fail: [], claim: undefined },
  'address-removed': {
    begin: [`address replace ${ADDRESS} dev wan1`],
    fail: [`address del ${ADDRESS} dev wan1`],
    claim: { what: `address ${ADDRESS} dev wan1`, value: null },
  },
  'link-down': {
    begin: ['link set wan1 up'],
    fail: ['link set wan1 down'],
    claim: { what: 'link wan1 up', value: 'off' },
  },
} as const

/** A failover while a phone's flow goes on. It happens anew whenever something was set, with an empty table. */
const failover: Toggle<keyof typeof FAILURES, 'router' | 'phone'> = {
  summary: 'how the way out goes over from the first uplink to the second',
  settings: ['route-moves', 'address-removed', 'link-down'],
  nodes: ['router', 'phone'],
  needs: [],
  change: () => [],
  again(setting, { settings }) {
    const { begin, fail } = FAILURES[setting]
    const cleans = settings.nat === 'masquerade' && setting !== 'route-moves'
    return [
      ...(begin.length > 0 ? [ip(begin, 'bring the first uplink back')] : []),
      ...(setting === 'link-down'
        ? [
            {
              ...runStep('router', ['ip', '-o', 'link', 'show', 'wan1'], 'wait for the first uplink'),
              untilNot: 'NO-CARRIER| qdisc noop ',
            },
          ]
        : []),
      ip([DEFAULT(1)], 'send everything by the first uplink'),
      runStep('router', ['conntrack', '-F'], 'begin with nothing to remember'),
      // The kernel has one port to choose. It is over when the answer is there.
      runStep(
        'phone',
        ['bash', '-c', `exec 3<>/dev/udp/${SERVER}/${PORT}; echo hello >&3; read -r -t 5 -N 1 <&3`],
        'begin the flow that goes on',
      ),
      ip([...fail, DEFAULT(2)], 'fail over to the second uplink'),
      // MASQUERADE cleans up in a work queue.
      ...(cleans
        ? [
            {
              ...runStep(
                'router',
                ['conntrack', '-L', '-p', 'udp', '--orig-src', PHONE],
                'wait until MASQUERADE has forgotten the flow',
              ),
              untilNot: 'src=',
            },
          ]
        : []),
    ]
  },
  claims(setting) {
    const { claim } = FAILURES[setting]
    return claim ? [{ node: 'router', ...claim }] : []
  },
  onRealSystem: () => [],
}

const FLOW = udp({ from: 'phone', to: SERVER, port: PORT, server: 'server', sourcePort: PORT })
const CLEANED = 'MASQUERADE has forgotten what left by an address or a device that is no longer there.'

export default defineScenario({
  id: 'snat-stale-after-failover',
  title: 'After a failover a flow of datagrams keeps the address of the uplink that failed',
  source: {
    title: 'openwrt/packages #3050: mwan3: flush conntrack table',
    url: 'https://github.com/openwrt/packages/pull/3050',
    says: DOCUMENT,
  },
  drawing: `
  192.168.1.10            .1          198.51.100.2 wan1 ───── w1 .1 ┐
  [phone] eth0 ────────── lan [router]                              [server] lo 192.0.2.53:5060
                                      203.0.113.2 wan2 ───── w2 .1 ┘  drops foreign sources on w2 (BCP 38)

  The phone's flow begins while the default route is by wan1. Then that moves to wan2, alone, because wan1 loses its
  address, or because it goes down.`,
  needs: ['veth'],

  topology: {
    nodes: {
      phone: {
        is: 'a phone, which always sends from port 5060',
        addresses: { eth0: `${PHONE}/24` },
        gateway: '192.168.1.1',
        sysctls: { 'net.ipv4.ip_local_port_range': `${PORT} ${PORT}` },
      },
      router: {
        is: 'a router with two uplinks',
        addresses: {
          lan: '192.168.1.1/24',
          wan1: `${WAN[1].own}/24`,
          wan2: `${WAN[2].own}/24`,
        },
        routes: [`default via ${WAN[2].via} dev wan2`],
        sysctls: { 'net.ipv4.ip_forward': 1 },
        iptables: { nat: [] },
      },
      server: {
        is: 'a telephone exchange, and the second provider’s filter in front of it',
        addresses: { w1: `${WAN[1].via}/24`, w2: `${WAN[2].via}/24`, lo: `${SERVER}/32` },
        iptables: { raw: [`-A ${BCP38} -j DROP`] },
        services: [{ protocol: 'udp', port: PORT, address: SERVER }],
      },
    },
    links: [
      ['phone:eth0', 'router:lan'],
      ['router:wan1', 'server:w1'],
      ['router:wan2', 'server:w2'],
    ],
  },

  toggles: {
    nat: iptablesRules({
      node: 'router',
      summary: 'translate to an address that is written down, or to whichever the device has',
      settings: {
        snat: postrouting(own => `SNAT --to-source ${own}`),
        masquerade: postrouting(() => 'MASQUERADE'),
      },
    }),
    failover,
    conntrack: conntrackDelete({ node: 'router' }),
  },

  probes: {
    'new-source-port': udp({ from: 'phone', to: SERVER, port: PORT, server: 'server', sourcePort: PORT + 1 }),
    'first-datagram': FLOW,
    // The same flow again, after what the first one of it has met.
    'second-datagram': FLOW,
  },
  controls: ['new-source-port'],

  mechanisms: {
    'stale-source': {
      title: 'source address of the uplink that failed',
      where:
        'the translation is part of the entry: nf_nat_inet_fn() asks the rules only about what is new, whatever device the packet leaves by',
      document: DOCUMENT,
      at: 'server:w2',
      proofs: [
        passed('router:wan2', { direction: 'out', protocol: 'udp', from: WAN[1].own, to: SERVER }),
        counted('server', 'raw', BCP38),
      ],
    },
    'masquerade-drops-one': {
      title: 'datagram that shows MASQUERADE that the device is another one',
      where:
        'nf_nat_oif_changed() compares the device with the one that nf_nat_masquerade_ipv4() had noted: nf_nat_inet_fn() kills the entry, and drops the packet',
      document: DOCUMENT,
      at: 'router:lan',
      proofs: [
        passed('router:lan', { direction: 'in', protocol: 'udp', from: PHONE, to: SERVER }).andStays(),
        passed('router:wan2', { direction: 'out', protocol: 'udp', from: WAN[1].own, to: SERVER }).missing(),
        passed('router:wan2', { direction: 'out', protocol: 'udp', from: WAN[2].own, to: SERVER }).missing(),
        dropped('router:lan', { from: PHONE, to: SERVER, in: /^nf_hook_slow/, reasons: NETFILTER_DROP }),
      ],
    },
  },

  audit: {
    node: 'router',
    shape: [
      { fact: 'sysctl net.ipv4.ip_forward', is: '1', as: 'forwarding of IPv4' },
      {
        fact: 'snat {snat}',
        is: 'out {wan1} .* leaving yes by .*',
        as: 'a source NAT for each of two uplinks',
      },
      {
        fact: 'snat \\d+',
        is: 'out (?!{wan1} |any |!){wan2} .* leaving yes by .*',
        as: 'a source NAT for each of two uplinks',
      },
    ],
    reads: {
      nat: { masquerade: [{ fact: 'snat {snat}', is: '.* MASQUERADE .*' }] },
      failover: {
        'link-down': [{ fact: 'link {wan1} up', is: 'off' }],
        'address-removed': [{ no: 'address \\S+ dev {wan1}' }],
      },
    },
    if: ['a flow of datagrams goes on over a failover'],
    probes: ['first-datagram', 'second-datagram'],
  },

  expect: {
    'new-source-port': [
      { works: 'What has no entry is translated to the uplink that it leaves by.', ...SEEN },
    ],
    'first-datagram': [
      { when: { conntrack: 'deleted' }, works: 'Nothing is remembered, and the rules are asked.', ...SEEN },
      {
        when: { nat: 'masquerade', failover: 'route-moves' },
        fails: 'masquerade-drops-one',
        why: 'No device and no address has changed: MASQUERADE notices by the datagram itself, which is lost for it.',
      },
      { when: { nat: 'masquerade' }, works: CLEANED, ...SEEN },
      {
        fails: 'stale-source',
        why: 'It leaves by the second uplink with the address of the first, which the second provider does not let pass.',
      },
    ],
    'second-datagram': [
      { when: { conntrack: 'deleted' }, works: 'Nothing is remembered, and the rules are asked.', ...SEEN },
      {
        when: { nat: 'masquerade', failover: 'route-moves' },
        works: 'The first one has had the entry killed, and this one makes it anew.',
        ...SEEN,
      },
      { when: { nat: 'masquerade' }, works: CLEANED, ...SEEN },
      {
        fails: 'stale-source',
        why: 'Each datagram begins the time of the entry anew, and so does the next one.',
      },
    ],
  },

  experiments: [
    {
      title: 'the route moves',
      fixes: [{ conntrack: 'deleted' }, { nat: 'masquerade' }],
      guards: ['new-source-port'],
    },
    {
      title: 'the address is removed',
      given: { failover: 'address-removed' },
      fixes: [{ nat: 'masquerade' }],
      guards: ['new-source-port'],
    },
    {
      title: 'the link goes down',
      given: { failover: 'link-down' },
      fixes: [{ nat: 'masquerade' }],
      guards: ['new-source-port'],
    },
  ],
})
