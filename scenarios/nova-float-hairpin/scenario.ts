import {
  bridgeNfCallIptables,
  captured,
  counted,
  ctstateDnat,
  defineScenario,
  dropped,
  hairpinMode,
  LOCAL_SOURCE,
  logged,
  mib,
  passed,
  ping,
  tcp,
} from '../../src/index.js'

const VM = '10.0.0.3'
const FLOAT = '203.0.113.10'
const NEIGHBOUR = '10.0.0.4'
const OUTSIDE = '203.0.113.99'
const PORT = 8080

/** What no fix may change: who asks from outside is not translated, nor who asks a neighbour. */
const GUARDS = ['outside-ping', 'neighbour-tcp'] as const

/** What becomes of nova's changed rule when it is saved by `nft list ruleset` and loaded again. */
const INVERTED = {
  when: { 'ctstate-dnat': 'on' },
  persisted: 'nft',
  differs:
    'nft lists iptables’ `! --ctstate DNAT` as `ct status dnat`, its opposite: the fix is lost, and worse, when the rules are loaded from that.',
} as const

/** What comes of the instance's own probes, whatever the protocol. */
const TO_ITSELF = [
  {
    ...INVERTED,
    fails: 'martian-source',
    why: 'The rule that was loaded accepts what was DNATed, and nothing else: the float’s SNAT is not reached, as without the fix.',
  },
  {
    when: { hairpin_mode: 'off', 'bridge-nf-call-iptables': '1' },
    fails: 'same-port-drop',
    why: 'br_netfilter translates the destination inside the bridge, which then may not send the frame back out of its port.',
  },
  {
    when: { 'ctstate-dnat': 'off' },
    fails: 'martian-source',
    why: 'nova’s ACCEPT for fixed-to-fixed traffic keeps the packet from its SNAT: it comes back to the VM from the VM’s own address.',
  },
  {
    works:
      'The frame may go back (or is routed), and the float’s SNAT is reached: the server sees the floating IP as its peer.',
    answeredBy: FLOAT,
    serverSaw: FLOAT,
  },
] as const

export default defineScenario({
  id: 'nova-float-hairpin',
  title: 'A nova-network instance cannot reach its own floating IP without hairpin_mode',
  source: {
    title: 'Bug #1011134, comments by Evan Callicoat on bug #933640 (OpenStack Compute)',
    url: 'https://bugs.launchpad.net/nova/+bug/1011134',
    says: 'the bridge won’t let the same frame egress the same port it ingressed without hairpin_mode enabled',
  },
  drawing: `
  10.0.0.3                      10.0.0.1      203.0.113.1, 203.0.113.10     203.0.113.99
  [vm] eth0 ────────── vnet0 ─┐
                              ├─ br100 [compute] eth0 ───────────────────── eth0 [outside]
  [neighbour] eth0 ─── vnet1 ─┘   DNAT 203.0.113.10 → 10.0.0.3, then SNAT 10.0.0.3 → 203.0.113.10
  10.0.0.4

  A frame from [vm] for 10.0.0.3 would have to leave by vnet0, the port that it came in on.`,
  needs: ['veth', 'bridge', 'br-netfilter'],

  topology: {
    nodes: {
      vm: {
        is: 'the instance',
        addresses: { eth0: `${VM}/24` },
        gateway: '10.0.0.1',
        services: [{ protocol: 'tcp', port: PORT }],
      },
      neighbour: {
        is: 'another instance',
        addresses: { eth0: `${NEIGHBOUR}/24` },
        gateway: '10.0.0.1',
        services: [{ protocol: 'tcp', port: PORT }],
      },
      compute: {
        is: 'the compute node with nova-network',
        bridges: { br100: { ports: ['vnet0', 'vnet1'] } },
        addresses: { br100: '10.0.0.1/24', eth0: ['203.0.113.1/24', `${FLOAT}/32`] },
        sysctls: { 'net.ipv4.ip_forward': 1 },
        iptables: {
          filter: [`-A FORWARD -d ${VM}/32`],
          nat: [
            `-A PREROUTING -d ${FLOAT}/32 -j DNAT --to-destination ${VM}`,
            `-A POSTROUTING -s ${VM}/32 -j SNAT --to-source ${FLOAT}`,
          ],
        },
      },
      outside: { is: 'a host outside', addresses: { eth0: `${OUTSIDE}/24` } },
    },
    links: [
      ['vm:eth0', 'compute:vnet0'],
      ['neighbour:eth0', 'compute:vnet1'],
      ['compute:eth0', 'outside:eth0'],
    ],
  },

  toggles: {
    hairpin_mode: hairpinMode({ node: 'compute', port: 'vnet0', first: 'off' }),
    'ctstate-dnat': ctstateDnat({ node: 'compute', range: '10.0.0.0/24' }),
    'bridge-nf-call-iptables': bridgeNfCallIptables({ node: 'compute', first: '1' }),
  },

  probes: {
    'outside-ping': ping({ from: 'outside', to: FLOAT, server: 'vm' }),
    'float-ping': ping({ from: 'vm', to: FLOAT, server: 'vm' }),
    'float-tcp': tcp({ from: 'vm', to: FLOAT, port: PORT, server: 'vm' }),
    'neighbour-tcp': tcp({ from: 'vm', to: NEIGHBOUR, port: PORT, server: 'neighbour' }),
  },
  controls: ['outside-ping'],

  mechanisms: {
    'same-port-drop': {
      title: 'frame that would leave by the port that it came in on',
      where:
        'br_nf_pre_routing_finish_bridge() keeps the DNATed frame in the bridge, should_deliver() refuses the port',
      document:
        'the bridge won’t let the same frame egress the same port it ingressed without hairpin_mode enabled',
      at: 'compute:br100',
      proofs: [
        counted('compute', 'nat', `PREROUTING -d ${FLOAT}/32`).andStays(),
        counted('compute', 'filter', `FORWARD -d ${VM}/32`).still(),
        passed('vm:eth0', { direction: 'in', from: VM, to: VM }).missing(),
        dropped('compute:br100', { from: VM, to: VM, in: /^_*br_/ }),
        captured('compute:vnet0', { direction: 'out', from: VM, to: VM }).missing(),
      ],
    },
    'martian-source': {
      title: 'martian source',
      where: 'fib_validate_source() refuses a local source address, ip_handle_martian_source() logs it',
      document:
        'the SNAT wasn’t being hit on the way back to the VM, because of the iptables rule designed to -j ACCEPT fixed -> fixed VM traffic',
      proofs: [
        counted('compute', 'nat', `POSTROUTING -s ${VM}/32 -j SNAT`).still(),
        passed('vm:eth0', { direction: 'in', from: VM, to: VM }).andStays(),
        mib('vm', 'IpInDelivers').still(),
        logged('vm:eth0', `martian source ${VM} from ${VM}, on dev eth0`).andHeader(),
        dropped('vm:eth0', { from: VM, to: VM, in: /^ip_rcv_finish/, reasons: LOCAL_SOURCE }),
      ],
    },
  },

  audit: {
    node: 'compute',
    shape: [
      { fact: 'sysctl net.ipv4.ip_forward', is: '1', as: 'forwarding of IPv4' },
      {
        any: [
          [
            {
              fact: 'dnat {dnat}',
              is: 'to {10.0.0.3} into {br100} port (?!unknown ){vnet0} .* proto any dport any .* bounces yes .* local no .*',
            },
          ],
          [
            {
              fact: 'dnat {dnat}',
              is: 'to {10.0.0.3} into {br100} port unknown .* proto any dport any .* bounces yes .* local no .*',
            },
            { fact: 'link {vnet0} master', is: '{br100}' },
          ],
        ],
        as: 'a DNAT rule that its own target meets, too',
      },
      { fact: 'link {br100} kind', is: 'bridge', as: 'a bridge with the target’s network' },
      {
        fact: 'rule iptables\\S* nat \\S+ \\d+',
        is: '-s \\S+ -d \\S+ .*-j ACCEPT',
        as: 'an ACCEPT in nat between fixed addresses',
      },
      { fact: 'sysctl net.bridge.bridge-nf-call-iptables', as: 'br_netfilter' },
    ],
    reads: {
      'ctstate-dnat': {
        on: [
          {
            packet: {
              hook: 'POSTROUTING',
              nat: true,
              out: '{br100}',
              src: '{10.0.0.3}',
              dst: '{10.0.0.3}',
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
          'From outside, the float’s DNAT is all that it takes: the compute node has the floating IP, but the VM gets the request.',
        answeredBy: FLOAT,
        serverSaw: OUTSIDE,
      },
    ],
    'neighbour-tcp': [
      {
        ...INVERTED,
        // Bridged past iptables, it meets no rule.
        when: { ...INVERTED.when, 'bridge-nf-call-iptables': '1' },
        works:
          'The rule that was loaded no longer accepts what nobody DNATed: it goes on to the float’s SNAT, and the neighbour sees the floating IP.',
        serverSaw: FLOAT,
      },
      {
        works:
          'A connection between fixed addresses that nobody DNATed is accepted before the float’s SNAT, with nova’s changed rule as with the old one.',
        serverSaw: VM,
      },
    ],
    'float-ping': TO_ITSELF,
    'float-tcp': TO_ITSELF,
  },

  experiments: [
    {
      title: 'each of the three alone',
      fixes: [{ hairpin_mode: 'on' }, { 'ctstate-dnat': 'on' }, { 'bridge-nf-call-iptables': '0' }],
      guards: GUARDS,
    },
    {
      title: 'two of the three, and all',
      fixes: [
        { hairpin_mode: 'on', 'ctstate-dnat': 'on' },
        { hairpin_mode: 'on', 'bridge-nf-call-iptables': '0' },
        { 'ctstate-dnat': 'on', 'bridge-nf-call-iptables': '0' },
        { hairpin_mode: 'on', 'ctstate-dnat': 'on', 'bridge-nf-call-iptables': '0' },
      ],
      guards: GUARDS,
    },
  ],
})
