import { defineScenario } from '../../src/model/scenario.js'
import { bridgeNfCallIptables } from '../../src/toggles/bridge-nf-call-iptables.js'
import { ctstateDnat } from '../../src/toggles/ctstate-dnat.js'
import { hairpinMode } from '../../src/toggles/hairpin-mode.js'

const VM = '10.0.0.3'
const FLOAT = '203.0.113.10'
const PORT = 8080

export default defineScenario({
  id: 'nova-float-hairpin',
  title: 'A nova-network instance cannot reach its own floating IP without hairpin_mode',
  source: {
    title: 'Bug #1011134, comments by Evan Callicoat on bug #933640 (OpenStack Compute)',
    url: 'https://bugs.launchpad.net/nova/+bug/1011134',
    says: 'the bridge won’t let the same frame egress the same port it ingressed without hairpin_mode enabled',
  },
  drawing: `
  10.0.0.3                        10.0.0.1      203.0.113.1, 203.0.113.10     203.0.113.99
  [vm] eth0 ──────── vnet0 ─┬─ br100 [compute] eth0 ───────────────────── eth0 [outside]
                            │   DNAT 203.0.113.10 → 10.0.0.3, then SNAT 10.0.0.3 → 203.0.113.10
                    (the port that a frame for 10.0.0.3 would have to leave by again)`,
  needs: ['veth', 'bridge', 'br-netfilter'],

  topology: {
    nodes: {
      vm: {
        is: 'the instance',
        addresses: { eth0: [`${VM}/24`] },
        routes: ['default via 10.0.0.1'],
        services: [{ protocol: 'tcp', port: PORT }],
      },
      compute: {
        is: 'the compute node with nova-network',
        bridges: { br100: { ports: ['vnet0'] } },
        addresses: { br100: ['10.0.0.1/24'], eth0: ['203.0.113.1/24', `${FLOAT}/32`] },
        sysctls: { 'net.ipv4.ip_forward': 1 },
        iptables: {
          filter: [`-A FORWARD -d ${VM}/32`],
          nat: [
            `-A PREROUTING -d ${FLOAT}/32 -j DNAT --to-destination ${VM}`,
            `-A POSTROUTING -s ${VM}/32 -j SNAT --to-source ${FLOAT}`,
          ],
        },
      },
      outside: { is: 'a host outside', addresses: { eth0: ['203.0.113.99/24'] } },
    },
    links: [
      [
        { node: 'vm', device: 'eth0' },
        { node: 'compute', device: 'vnet0' },
      ],
      [
        { node: 'compute', device: 'eth0' },
        { node: 'outside', device: 'eth0' },
      ],
    ],
  },

  toggles: {
    hairpin_mode: hairpinMode({ node: 'compute', port: 'vnet0', first: 'off' }),
    'ctstate-dnat': ctstateDnat({ node: 'compute', range: '10.0.0.0/24' }),
    'bridge-nf-call-iptables': bridgeNfCallIptables({ node: 'compute', first: '1' }),
  },

  probes: {
    'outside-ping': { kind: 'ping', node: 'outside', to: FLOAT },
    'float-ping': { kind: 'ping', node: 'vm', to: FLOAT },
    'float-tcp': { kind: 'tcp', node: 'vm', to: FLOAT, port: PORT, server: { node: 'vm', port: PORT } },
  },
  controls: ['outside-ping'],

  mechanisms: {
    'same-port-drop': {
      title: 'frame that would leave by the port that it came in on',
      where:
        'br_nf_pre_routing_finish_bridge() keeps the DNATed frame in the bridge, should_deliver() refuses the port',
      document:
        'the bridge won’t let the same frame egress the same port it ingressed without hairpin_mode enabled',
      proofs: [
        {
          source: 'rule-counter',
          node: 'compute',
          table: 'nat',
          rule: `PREROUTING -d ${FLOAT}/32`,
          moves: true,
          stops: false,
        },
        {
          source: 'rule-counter',
          node: 'compute',
          table: 'filter',
          rule: `FORWARD -d ${VM}/32`,
          moves: false,
        },
        { source: 'mib', node: 'vm', counter: 'IpExtInOctets', moves: false },
        { source: 'drop', node: 'compute', device: 'br100', from: VM, to: VM, function: '^_*br_' },
        {
          source: 'capture',
          node: 'compute',
          device: 'vnet0',
          direction: 'out',
          from: VM,
          to: VM,
          present: false,
        },
      ],
    },
    'martian-source': {
      title: 'martian source',
      where: 'fib_validate_source() refuses a local source address, ip_handle_martian_source() logs it',
      document:
        'the SNAT wasn’t being hit on the way back to the VM, because of the iptables rule designed to -j ACCEPT fixed -> fixed VM traffic',
      proofs: [
        {
          source: 'rule-counter',
          node: 'compute',
          table: 'nat',
          rule: `POSTROUTING -s ${VM}/32 -j SNAT`,
          moves: false,
        },
        { source: 'mib', node: 'vm', counter: 'IpExtInOctets', moves: true, stops: false },
        { source: 'mib', node: 'vm', counter: 'IpInDelivers', moves: false },
        {
          source: 'kernel-log',
          node: 'vm',
          device: 'eth0',
          line: `martian source ${VM} from ${VM}, on dev eth0`,
          header: true,
        },
        {
          source: 'drop',
          node: 'vm',
          device: 'eth0',
          from: VM,
          to: VM,
          function: '^ip_rcv_finish',
          reasons: [
            { name: 'IP_LOCAL_SOURCE', since: '6.13' },
            { name: 'NOT_SPECIFIED', since: '5.17' },
          ],
        },
      ],
    },
  },

  expectations: [
    {
      probes: ['outside-ping'],
      outcome: 'works',
      answeredBy: FLOAT,
      why: 'From outside, the float’s DNAT is all that it takes.',
    },
    {
      probes: ['float-ping', 'float-tcp'],
      when: { hairpin_mode: 'off', 'bridge-nf-call-iptables': '1' },
      outcome: 'fails',
      mechanism: 'same-port-drop',
      why: 'br_netfilter translates the destination inside the bridge, which then may not send the frame back out of its port.',
    },
    {
      probes: ['float-ping', 'float-tcp'],
      when: { 'ctstate-dnat': 'off' },
      outcome: 'fails',
      mechanism: 'martian-source',
      why: 'nova’s ACCEPT for fixed-to-fixed traffic keeps the packet from its SNAT: it comes back to the VM from the VM’s own address.',
    },
    {
      probes: ['float-ping', 'float-tcp'],
      outcome: 'works',
      answeredBy: FLOAT,
      why: 'The frame may go back (or is routed), and the float’s SNAT is reached: the server sees the floating IP as its peer.',
    },
  ],

  experiments: [
    {
      title: 'each of the three alone',
      fixes: [{ hairpin_mode: 'on' }, { 'ctstate-dnat': 'on' }, { 'bridge-nf-call-iptables': '0' }],
    },
    {
      title: 'two of the three, and all',
      fixes: [
        { hairpin_mode: 'on', 'ctstate-dnat': 'on' },
        { hairpin_mode: 'on', 'bridge-nf-call-iptables': '0' },
        { 'ctstate-dnat': 'on', 'bridge-nf-call-iptables': '0' },
        { hairpin_mode: 'on', 'ctstate-dnat': 'on', 'bridge-nf-call-iptables': '0' },
      ],
    },
  ],
})
