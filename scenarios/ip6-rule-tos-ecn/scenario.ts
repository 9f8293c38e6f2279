import {
  DSCP_OF_IPV6_RULE,
  defineScenario,
  mib,
  nftTable,
  ping,
  policyRule,
  together,
  wayOut,
} from '../../src/index.js'

const HOST = '2001:db8:5::5'
const SERVER = '2001:db8:ffff::1'
/** Link-local addresses are those that gateways are asked for by, and tested ones come to be usable a second or two late. */
const NO_DAD = { 'net.ipv6.conf.all.accept_dad': 0, 'net.ipv6.conf.default.accept_dad': 0 }
const [GW1, GW2] = ['2001:db8:1::1', '2001:db8:2::1']
/** Low delay, which is DSCP 4; the two bits behind it are ECN’s. */
const CLASS = 0x10
const ECN = { 'not-ect': 0, 'ect-1': 1, 'ect-0': 2, ce: 3 } as const
type Ecn = keyof typeof ECN

const probe = (ecn: Ecn) =>
  ping({ from: 'host', to: SERVER, source: HOST, trafficClass: CLASS | ECN[ecn], server: 'gw2' })

const wrongUplink = (ecn: Ecn) =>
  ({
    title: 'packet that no rule sends to the other uplink',
    where:
      'fib6_rule_match() compares the traffic class of the rule with all eight bits of the packet’s, ECN’s too',
    document: 'stop taking ECN bits into account in fib6-rules',
    at: 'gw1:eth0',
    proofs: [
      mib('gw1', 'Ip6InNoRoutes'),
      // A mark that nftables sets is no part of this lookup.
      wayOut(
        'host',
        { to: SERVER, from: HOST, tos: CLASS | ECN[ecn] },
        `default via ${GW1} dev eth0`,
      ).andStays(),
    ],
  }) as const

/** What comes of a packet besides what the ECN bits make of it. */
const others = <const M extends string>(mechanism: M) =>
  [
    {
      when: { 'fwmark-rule': 'on' },
      works: 'The mark is set by the DSCP alone, and the rule goes by the mark.',
      answeredBy: SERVER,
      serverSaw: HOST,
    },
    {
      when: { 'dsfield-rule': 'off' },
      fails: mechanism,
      why: 'Without a rule the first uplink is asked, which leads nowhere: the rule is needed.',
    },
  ] as const

const ecnCapable = <const M extends string>(mechanism: M) =>
  [
    ...others(mechanism),
    {
      before: DSCP_OF_IPV6_RULE,
      fails: mechanism,
      why: 'The bits of ECN are compared, too, so that the rule matches no packet of a connection that uses it.',
    },
    {
      works: 'Since a410a0cf9885 (5.18) the DSCP is compared, and the two bits of ECN are not.',
      answeredBy: SERVER,
      serverSaw: HOST,
      differs:
        'the rule did not match these packets until a410a0cf9885 (5.18), which is the fix that it tells of.',
    },
  ] as const

export default defineScenario({
  id: 'ip6-rule-tos-ecn',
  title: 'ip -6 rule with a dsfield does not match packets of ECN-capable connections',
  source: {
    title: 'a410a0cf9885: ipv6: Define dscp_t and stop taking ECN bits into account in fib6-rules',
    url: 'https://git.kernel.org/linus/a410a0cf9885',
    says: 'stop taking ECN bits into account in fib6-rules',
  },
  drawing: `
  2001:db8:1::1                2001:db8:5::5 (lo)               2001:db8:2::1
  [gw1] eth0 ─────────── eth0 [host] eth1 ─────────── eth0 [gw2]
  rejects it                                       2001:db8:ffff::1 (lo)

  main: default via gw1; table 100: default via gw2; rule: dsfield 0x10 lookup 100`,
  needs: ['veth', 'ipv6'],

  topology: {
    nodes: {
      gw1: {
        is: 'the first uplink, which does not lead to the server',
        ipv6: true,
        addresses: { eth0: `${GW1}/64` },
        routes: [`unreachable ${SERVER}/128`, `${HOST}/128 via 2001:db8:1::2`],
        sysctls: { ...NO_DAD, 'net.ipv6.conf.all.forwarding': 1 },
      },
      host: {
        is: 'a host with two uplinks',
        ipv6: true,
        addresses: { eth0: '2001:db8:1::2/64', eth1: '2001:db8:2::2/64', lo: `${HOST}/128` },
        sysctls: NO_DAD,
        routes: [`default via ${GW1}`, `default via ${GW2} table 100`],
      },
      gw2: {
        is: 'the second uplink, with the server',
        ipv6: true,
        addresses: { eth0: `${GW2}/64`, lo: `${SERVER}/128` },
        routes: [`${HOST}/128 via 2001:db8:2::2`],
        sysctls: NO_DAD,
      },
    },
    links: [
      ['gw1:eth0', 'host:eth0'],
      ['gw2:eth0', 'host:eth1'],
    ],
  },

  toggles: {
    'dsfield-rule': policyRule({
      node: 'host',
      rules: [`-6 tos 0x${CLASS.toString(16)} lookup 100 priority 100`],
      summary: 'send a class of traffic to the other uplink, by its traffic class',
      first: 'on',
    }),
    // Before 6.10 the mark is nothing to have alone: what it is set on is routed once more, without its traffic class.
    'fwmark-rule': together('send a class of traffic to the other uplink, by a mark that netfilter sets', [
      policyRule({
        node: 'host',
        rules: [`-6 fwmark 0x${CLASS.toString(16)} lookup 100 priority 99`],
        summary: 'send what has the mark to the other uplink',
      }),
      nftTable({
        node: 'host',
        summary: 'mark a class of traffic, by its DSCP',
        table: 'ip6 marks',
        chains: {
          output: {
            hook: 'type route hook output priority mangle;',
            rules: [`ip6 dscp ${CLASS >> 2} meta mark set ${CLASS}`],
          },
        },
        needs: [],
      }),
    ]),
  },

  probes: {
    'first-uplink': ping({ from: 'host', to: GW1, server: 'gw1' }),
    'not-ect': probe('not-ect'),
    'ect-1': probe('ect-1'),
    'ect-0': probe('ect-0'),
    ce: probe('ce'),
  },
  controls: ['first-uplink', 'not-ect'],

  mechanisms: {
    'no-rule-for-not-ect': wrongUplink('not-ect'),
    'no-rule-for-ect-1': wrongUplink('ect-1'),
    'no-rule-for-ect-0': wrongUplink('ect-0'),
    'no-rule-for-ce': wrongUplink('ce'),
  },

  audit: {
    node: 'host',
    shape: [{ fact: 'ip rule inet6 \\d+', is: '.*tos \\S+ .*', as: 'a rule of IPv6 for a traffic class' }],
    reads: {
      'dsfield-rule': {},
      'fwmark-rule': { on: [{ fact: 'ip rule inet6 \\d+', is: '.*fwmark .*' }] },
    },
    probes: ['ect-1', 'ect-0', 'ce'],
  },

  expect: {
    'first-uplink': [{ works: 'It is on the link.', answeredBy: GW1, serverSaw: '2001:db8:1::2' }],
    'not-ect': [
      ...others('no-rule-for-not-ect'),
      { works: 'The traffic class is that of the rule, bit for bit.', answeredBy: SERVER, serverSaw: HOST },
    ],
    'ect-1': ecnCapable('no-rule-for-ect-1'),
    'ect-0': ecnCapable('no-rule-for-ect-0'),
    ce: ecnCapable('no-rule-for-ce'),
  },

  experiments: [
    {
      title: 'a rule for a traffic class',
      probes: ['ect-1', 'ect-0', 'ce'],
      fixes: [
        { 'fwmark-rule': 'on' },
        { 'dsfield-rule': 'off', 'fwmark-rule': 'on' },
        { 'dsfield-rule': 'off' },
      ],
      guards: ['not-ect', 'first-uplink'],
    },
  ],
})
