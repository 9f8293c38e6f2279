import { PROMISC_CONNTRACK_RESET } from '../../src/kernel/changes.js'
import { defineScenario } from '../../src/model/scenario.js'
import { bridgeNfCallIptables } from '../../src/toggles/bridge-nf-call-iptables.js'
import { hairpinMode } from '../../src/toggles/hairpin-mode.js'
import { nfCallIptables } from '../../src/toggles/nf-call-iptables.js'
import { promisc } from '../../src/toggles/promisc.js'

const WEB = '10.0.3.80'
const PUBLIC = '203.0.113.80'
const HOST = '10.0.3.1'
const LAN = '10.0.3.0/24'
const PORT = 80
const DNAT = `PREROUTING -d ${PUBLIC}/32`
const SNAT = `POSTROUTING -s ${LAN} -d ${LAN}`

export default defineScenario({
  id: 'bridge-dnat-bounce',
  title: 'A container cannot reach itself through a port forwarding that bounces off the host',
  source: {
    title: 'Bouncing packets: Kernel bridge bug or corner case? (Glider, Matthijs Kooijman)',
    url: 'https://www.stderr.nl/Blog/Software/Linux/BouncingPacketsKernelBug.html',
    says: 'they went through the PREROUTING chain as normal, but never showed up in the FORWARD chain',
  },
  drawing: `
  10.0.3.80
  [web] eth0 ──────── veth-web ──┐           203.0.113.80
                                 ├─ br-lxc [host] eth0 ──── eth0 [outside]
  [other] eth0 ───── veth-other ─┘ 10.0.3.1
  10.0.3.81              DNAT 203.0.113.80:80 → 10.0.3.80, SNAT 10.0.3.0/24 → 10.0.3.1

  From [other] the frame leaves by another port than it came in on; from [web] it would have to leave by the same.`,
  needs: ['veth', 'bridge', 'br-netfilter'],

  topology: {
    nodes: {
      web: {
        is: 'the container with the web server',
        addresses: { eth0: [`${WEB}/24`] },
        routes: [`default via ${HOST}`],
        services: [{ protocol: 'tcp', port: PORT }],
      },
      other: {
        is: 'another container',
        addresses: { eth0: ['10.0.3.81/24'] },
        routes: [`default via ${HOST}`],
      },
      host: {
        is: 'Tika, the host of the containers',
        bridges: { 'br-lxc': { ports: ['veth-web', 'veth-other'] } },
        addresses: { 'br-lxc': [`${HOST}/24`], eth0: [`${PUBLIC}/24`] },
        sysctls: { 'net.ipv4.ip_forward': 1 },
        iptables: {
          filter: [`-A FORWARD -d ${WEB}/32`],
          nat: [
            `-A PREROUTING -d ${PUBLIC}/32 -p tcp -m tcp --dport ${PORT} -j DNAT --to-destination ${WEB}`,
            `-A POSTROUTING -s ${LAN} -d ${LAN} -m conntrack --ctstate DNAT -j SNAT --to-source ${HOST}`,
          ],
        },
      },
      outside: { is: 'a host outside', addresses: { eth0: ['203.0.113.99/24'] } },
    },
    links: [
      [
        { node: 'web', device: 'eth0' },
        { node: 'host', device: 'veth-web' },
      ],
      [
        { node: 'other', device: 'eth0' },
        { node: 'host', device: 'veth-other' },
      ],
      [
        { node: 'host', device: 'eth0' },
        { node: 'outside', device: 'eth0' },
      ],
    ],
  },

  toggles: {
    hairpin_mode: hairpinMode({ node: 'host', port: 'veth-web', first: 'off' }),
    'bridge-nf-call-iptables': bridgeNfCallIptables({ node: 'host', first: '1' }),
    nf_call_iptables: nfCallIptables({ node: 'host', bridge: 'br-lxc' }),
    promisc: promisc({ node: 'host', device: 'br-lxc' }),
  },

  probes: {
    'other-container-tcp': {
      kind: 'tcp',
      node: 'other',
      to: PUBLIC,
      port: PORT,
      server: { node: 'web', port: PORT },
    },
    'own-address-tcp': {
      kind: 'tcp',
      node: 'web',
      to: PUBLIC,
      port: PORT,
      server: { node: 'web', port: PORT },
    },
  },
  controls: ['other-container-tcp'],

  mechanisms: {
    'same-port-drop': {
      title: 'frame that would leave by the port that it came in on',
      where:
        'br_nf_pre_routing_finish_bridge() keeps the DNATed frame in the bridge, should_deliver() refuses the port',
      document: 'they went through the PREROUTING chain as normal, but never showed up in the FORWARD chain',
      proofs: [
        { source: 'rule-counter', node: 'host', table: 'nat', rule: DNAT, moves: true, stops: false },
        { source: 'rule-counter', node: 'host', table: 'filter', rule: `FORWARD -d ${WEB}/32`, moves: false },
        { source: 'rule-counter', node: 'host', table: 'nat', rule: SNAT, moves: false },
        { source: 'mib', node: 'web', counter: 'IpExtInOctets', moves: false },
        { source: 'drop', node: 'host', device: 'br-lxc', from: WEB, to: WEB, function: '^_*br_' },
        {
          source: 'capture',
          node: 'host',
          device: 'veth-web',
          direction: 'out',
          protocol: 'tcp',
          to: WEB,
          present: false,
        },
      ],
    },
    'promiscuous-copy-untracked': {
      title: 'promiscuous copy without connection tracking',
      where:
        'br_nf_local_in() resets the conntrack of promiscuous copies (751de2012eaf), so the routed copy is not SNATed',
      document:
        'I also found that setting the bridge device to promiscuous mode (e.g. running tcpdump) makes everything work.',
      proofs: [
        {
          source: 'rule-counter',
          node: 'host',
          table: 'filter',
          rule: `FORWARD -d ${WEB}/32`,
          moves: true,
          stops: false,
        },
        { source: 'rule-counter', node: 'host', table: 'nat', rule: SNAT, moves: false },
        { source: 'mib', node: 'web', counter: 'IpExtInOctets', moves: true, stops: false },
        { source: 'mib', node: 'web', counter: 'IpInDelivers', moves: false },
        {
          source: 'kernel-log',
          node: 'web',
          device: 'eth0',
          line: `martian source ${WEB} from ${WEB}, on dev eth0`,
          header: true,
        },
        {
          source: 'drop',
          node: 'web',
          device: 'eth0',
          from: WEB,
          to: WEB,
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
      probes: ['other-container-tcp'],
      outcome: 'works',
      serverSaw: HOST,
      why: 'From another port the translated frame may go to the web container’s port, and its source is the host.',
    },
    {
      probes: ['own-address-tcp'],
      when: { hairpin_mode: 'on' },
      outcome: 'works',
      serverSaw: HOST,
      why: 'hairpin_mode lets the frame back out of the port that it came in on.',
    },
    {
      probes: ['own-address-tcp'],
      when: { 'bridge-nf-call-iptables': '0', nf_call_iptables: '0' },
      outcome: 'works',
      serverSaw: HOST,
      why: 'Without br_netfilter’s detour the packet is translated and routed by the host, not forwarded by the bridge.',
    },
    {
      probes: ['own-address-tcp'],
      when: { promisc: 'on' },
      kernel: { lacks: PROMISC_CONNTRACK_RESET },
      outcome: 'works',
      serverSaw: HOST,
      why: 'The promiscuous copy goes up to the host, is routed with its connection’s translations, and reaches the container.',
    },
    {
      probes: ['own-address-tcp'],
      when: { promisc: 'on' },
      kernel: { has: PROMISC_CONNTRACK_RESET },
      outcome: 'fails',
      mechanism: 'promiscuous-copy-untracked',
      why: 'Since 751de2012eaf (6.9, and stable kernels) the promiscuous copy has no conntrack: it is routed back without SNAT.',
      differs:
        'promiscuous mode “makes everything work” there; that workaround has been dead since 751de2012eaf.',
    },
    {
      probes: ['own-address-tcp'],
      outcome: 'fails',
      mechanism: 'same-port-drop',
      why: 'br_netfilter translates the destination inside the bridge, which then may not send the frame back out of its port.',
    },
  ],

  experiments: [
    {
      title: 'the workarounds of the document',
      fixes: [{ hairpin_mode: 'on' }, { 'bridge-nf-call-iptables': '0' }, { promisc: 'on' }],
    },
    {
      title: 'the bridge’s own nf_call_iptables is OR-ed with the sysctl',
      given: { nf_call_iptables: '1' },
      fixes: [
        { nf_call_iptables: '0' },
        { 'bridge-nf-call-iptables': '0' },
        { nf_call_iptables: '0', 'bridge-nf-call-iptables': '0' },
      ],
    },
  ],
})
