import {
  bridgeNfCallIptables,
  captured,
  counted,
  defineScenario,
  dropped,
  hairpinMode,
  LOCAL_SOURCE,
  logged,
  mib,
  nfCallIptables,
  PROMISC_CONNTRACK_RESET,
  passed,
  promisc,
  tcp,
} from '../../src/index.js'

const WEB = '10.0.3.80'
const OTHER = '10.0.3.81'
const PUBLIC = '203.0.113.80'
const HOST = '10.0.3.1'
const LAN = '10.0.3.0/24'
const PORT = 80
const DNAT = `PREROUTING -d ${PUBLIC}/32`
const FORWARD = `FORWARD -d ${WEB}/32`
const SNAT = `POSTROUTING -s ${LAN} -d ${LAN}`

/** What no fix may change: another container's way to the service, by the public address and by its own. */
const GUARDS = ['other-container-tcp', 'direct-tcp'] as const

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
        addresses: { eth0: `${WEB}/24` },
        gateway: HOST,
        services: [{ protocol: 'tcp', port: PORT }],
      },
      other: { is: 'another container', addresses: { eth0: `${OTHER}/24` }, gateway: HOST },
      host: {
        is: 'Tika, the host of the containers',
        bridges: { 'br-lxc': { ports: ['veth-web', 'veth-other'] } },
        addresses: { 'br-lxc': `${HOST}/24`, eth0: `${PUBLIC}/24` },
        sysctls: { 'net.ipv4.ip_forward': 1 },
        iptables: {
          filter: [`-A ${FORWARD}`],
          nat: [
            `-A ${DNAT} -p tcp -m tcp --dport ${PORT} -j DNAT --to-destination ${WEB}`,
            `-A ${SNAT} -m conntrack --ctstate DNAT -j SNAT --to-source ${HOST}`,
          ],
        },
      },
      outside: { is: 'a host outside', addresses: { eth0: '203.0.113.99/24' } },
    },
    links: [
      ['web:eth0', 'host:veth-web'],
      ['other:eth0', 'host:veth-other'],
      ['host:eth0', 'outside:eth0'],
    ],
  },

  toggles: {
    hairpin_mode: hairpinMode({ node: 'host', port: 'veth-web', first: 'off' }),
    'bridge-nf-call-iptables': bridgeNfCallIptables({ node: 'host', first: '1' }),
    nf_call_iptables: nfCallIptables({ node: 'host', bridge: 'br-lxc' }),
    promisc: promisc({ node: 'host', device: 'br-lxc' }),
  },

  probes: {
    'other-container-tcp': tcp({ from: 'other', to: PUBLIC, port: PORT, server: 'web' }),
    'own-address-tcp': tcp({ from: 'web', to: PUBLIC, port: PORT, server: 'web' }),
    'direct-tcp': tcp({ from: 'other', to: WEB, port: PORT, server: 'web' }),
  },
  controls: ['other-container-tcp'],

  mechanisms: {
    'same-port-drop': {
      title: 'frame that would leave by the port that it came in on',
      where:
        'br_nf_pre_routing_finish_bridge() keeps the DNATed frame in the bridge, should_deliver() refuses the port',
      document: 'they went through the PREROUTING chain as normal, but never showed up in the FORWARD chain',
      at: 'host:br-lxc',
      proofs: [
        counted('host', 'nat', DNAT).andStays(),
        counted('host', 'filter', FORWARD).still(),
        counted('host', 'nat', SNAT).still(),
        passed('web:eth0', { direction: 'in', from: WEB, to: WEB }).missing(),
        dropped('host:br-lxc', { from: WEB, to: WEB, in: /^_*br_/ }),
        captured('host:veth-web', { direction: 'out', protocol: 'tcp', to: WEB }).missing(),
      ],
    },
    'promiscuous-copy-untracked': {
      title: 'promiscuous copy without connection tracking',
      where:
        'br_nf_local_in() resets the conntrack of promiscuous copies (751de2012eaf), so the routed copy is not SNATed',
      document:
        'I also found that setting the bridge device to promiscuous mode (e.g. running tcpdump) makes everything work.',
      proofs: [
        counted('host', 'filter', FORWARD).andStays(),
        counted('host', 'nat', SNAT).still(),
        passed('web:eth0', { direction: 'in', from: WEB, to: WEB }).andStays(),
        mib('web', 'IpInDelivers').still(),
        logged('web:eth0', `martian source ${WEB} from ${WEB}, on dev eth0`).andHeader(),
        dropped('web:eth0', { from: WEB, to: WEB, in: /^ip_rcv_finish/, reasons: LOCAL_SOURCE }),
      ],
    },
  },

  audit: {
    node: 'host',
    shape: [
      { fact: 'sysctl net.ipv4.ip_forward', is: '1', as: 'forwarding of IPv4' },
      {
        any: [
          [
            {
              fact: 'dnat {dnat}',
              is: 'to {10.0.3.80} into {br-lxc} port (?!unknown ){veth-web} .* bounces yes back (maybe-)?(SNAT|MASQUERADE) local no .*',
            },
          ],
          [
            {
              fact: 'dnat {dnat}',
              is: 'to {10.0.3.80} into {br-lxc} port unknown .* bounces yes back (maybe-)?(SNAT|MASQUERADE) local no .*',
            },
            { fact: 'link {veth-web} master', is: '{br-lxc}' },
          ],
        ],
        as: 'a DNAT rule that its own target meets, too',
      },
      { fact: 'link {br-lxc} kind', is: 'bridge', as: 'a bridge with the target’s network' },
      { fact: 'sysctl net.bridge.bridge-nf-call-iptables', as: 'br_netfilter' },
    ],
  },

  expect: {
    'other-container-tcp': [
      {
        works:
          'From another port the translated frame may go to the web container’s port, and its source is the host.',
        serverSaw: HOST,
      },
    ],
    'direct-tcp': [
      {
        works: 'Who asks the private address is not DNATed, and the SNAT rule is for connections that were.',
        serverSaw: OTHER,
      },
    ],
    'own-address-tcp': [
      {
        when: { hairpin_mode: 'on' },
        works: 'hairpin_mode lets the frame back out of the port that it came in on.',
        serverSaw: HOST,
      },
      {
        when: { 'bridge-nf-call-iptables': '0', nf_call_iptables: '0' },
        works:
          'Without br_netfilter’s detour the packet is translated and routed by the host, not forwarded by the bridge.',
        serverSaw: HOST,
      },
      {
        when: { promisc: 'on' },
        before: PROMISC_CONNTRACK_RESET,
        works:
          'The promiscuous copy goes up to the host, is routed with its connection’s translations, and reaches the container.',
        serverSaw: HOST,
      },
      {
        when: { promisc: 'on' },
        since: PROMISC_CONNTRACK_RESET,
        fails: 'promiscuous-copy-untracked',
        why: 'Since 751de2012eaf (6.9, and stable kernels) the promiscuous copy has no conntrack: it is routed back without SNAT.',
        differs:
          'promiscuous mode “makes everything work” there; that workaround has been dead since 751de2012eaf.',
      },
      {
        fails: 'same-port-drop',
        why: 'br_netfilter translates the destination inside the bridge, which then may not send the frame back out of its port.',
      },
    ],
  },

  experiments: [
    {
      title: 'the workarounds of the document',
      fixes: [{ hairpin_mode: 'on' }, { 'bridge-nf-call-iptables': '0' }, { promisc: 'on' }],
      guards: GUARDS,
    },
    {
      title: 'the bridge’s own nf_call_iptables is OR-ed with the sysctl',
      given: { nf_call_iptables: '1' },
      fixes: [
        { nf_call_iptables: '0' },
        { 'bridge-nf-call-iptables': '0' },
        { nf_call_iptables: '0', 'bridge-nf-call-iptables': '0' },
      ],
      guards: GUARDS,
    },
  ],
})
