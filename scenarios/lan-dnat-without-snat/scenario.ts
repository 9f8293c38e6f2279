import {
  bounceSnat,
  bridgeNfCallIptables,
  captured,
  defineScenario,
  mib,
  tcp,
  tracked,
} from '../../src/index.js'

const WEB = '10.0.3.80'
const NEIGHBOUR = '10.0.3.81'
const PUBLIC = '203.0.113.80'
const HOST = '10.0.3.1'
const OUTSIDE = '203.0.113.99'
const LAN = '10.0.3.0/24'
const PORT = 80

export default defineScenario({
  id: 'lan-dnat-without-snat',
  title: 'A container cannot reach its neighbour through a port forwarding without SNAT',
  source: {
    title: 'Bouncing packets: Kernel bridge bug or corner case? (Glider, Matthijs Kooijman)',
    url: 'https://www.stderr.nl/Blog/Software/Linux/BouncingPacketsKernelBug.html',
    says: 'the host does not have a chance to "undo" the DNAT on the reply packets',
  },
  drawing: `
  10.0.3.80
  [web] eth0 ─────────── veth-web ──┐           203.0.113.80
                                    ├─ br-lxc [host] eth0 ──── eth0 [outside]
  [neighbour] eth0 ── veth-neighbr ─┘ 10.0.3.1
  10.0.3.81              DNAT 203.0.113.80:80 → 10.0.3.80

  The reply goes from [web] straight to [neighbour] over the bridge: nobody undoes the DNAT.`,
  needs: ['veth', 'bridge', 'br-netfilter'],

  topology: {
    nodes: {
      web: {
        is: 'the container with the web server',
        addresses: { eth0: `${WEB}/24` },
        gateway: HOST,
        services: [{ protocol: 'tcp', port: PORT }],
      },
      neighbour: { is: 'another container', addresses: { eth0: `${NEIGHBOUR}/24` }, gateway: HOST },
      host: {
        is: 'Tika, the host of the containers',
        bridges: { 'br-lxc': { ports: ['veth-web', 'veth-neighbr'] } },
        addresses: { 'br-lxc': `${HOST}/24`, eth0: `${PUBLIC}/24` },
        sysctls: { 'net.ipv4.ip_forward': 1 },
        iptables: {
          nat: [
            `-A PREROUTING -d ${PUBLIC}/32 -p tcp -m tcp --dport ${PORT} -j DNAT --to-destination ${WEB}`,
          ],
        },
      },
      outside: { is: 'a host outside', addresses: { eth0: `${OUTSIDE}/24` } },
    },
    links: [
      ['web:eth0', 'host:veth-web'],
      ['neighbour:eth0', 'host:veth-neighbr'],
      ['host:eth0', 'outside:eth0'],
    ],
  },

  toggles: {
    'bounce-snat': bounceSnat({ node: 'host', lan: LAN, to: HOST }),
    'bridge-nf-call-iptables': bridgeNfCallIptables({ node: 'host', first: '0' }),
  },

  probes: {
    'outside-tcp': tcp({ from: 'outside', to: PUBLIC, port: PORT, server: 'web' }),
    'neighbour-tcp': tcp({ from: 'neighbour', to: PUBLIC, port: PORT, server: 'web' }),
    'direct-tcp': tcp({ from: 'neighbour', to: WEB, port: PORT, server: 'web' }),
  },
  controls: ['outside-tcp'],

  mechanisms: {
    'reply-bypasses-host': {
      title: 'reply that bypasses the host',
      where:
        'the SYN-ACK from the private address matches no socket of the client, and tcp_v4_send_reset() answers it',
      document:
        'reply packets get sent directly through the original container - the host does not have a chance to "undo" the DNAT',
      proofs: [
        mib('neighbour', 'TcpOutRsts'),
        tracked('host', new RegExp(`tcp .*src=${NEIGHBOUR} dst=${PUBLIC} .*UNREPLIED`)),
        captured('neighbour:eth0', { direction: 'in', protocol: 'tcp', from: WEB, to: NEIGHBOUR }),
      ],
    },
  },

  audit: {
    node: 'host',
    shape: [
      { fact: 'sysctl net.ipv4.ip_forward', is: '1', as: 'forwarding of IPv4' },
      {
        fact: 'dnat {dnat}',
        is: 'to {10.0.3.80} into {br-lxc} .* bounces yes .* local no .*',
        as: 'a DNAT rule that what comes from its target’s own network meets, too',
      },
      { fact: 'link {br-lxc} kind', is: 'bridge', as: 'a bridge with the target’s network' },
      { fact: 'link {br-lxc} ports', is: { atLeast: 2 }, as: 'a bridge with two ports' },
      { fact: 'address {10.0.3.1}/\\d+ dev {br-lxc}', as: 'an address on the bridge' },
    ],
    reads: {
      'bounce-snat': {
        on: [
          {
            packet: {
              hook: 'POSTROUTING',
              nat: true,
              out: '{br-lxc}',
              src: '{10.0.3.1}',
              dst: '{10.0.3.80}',
              ct: 'NEW,DNAT',
            },
            becomes: 'SNAT|MASQUERADE',
          },
        ],
      },
    },
  },

  expect: {
    'outside-tcp': [
      {
        works: 'The reply to a client outside goes through the host, its default gateway.',
        serverSaw: OUTSIDE,
      },
    ],
    'direct-tcp': [
      {
        works:
          'Who asks the private address is not DNATed, and the bounce rule is for connections that were.',
        serverSaw: NEIGHBOUR,
      },
    ],
    'neighbour-tcp': [
      {
        when: { 'bounce-snat': 'on' },
        works:
          'The server sees the host as its peer, so that its reply comes back to the host, which undoes both translations.',
        serverSaw: HOST,
      },
      {
        when: { 'bridge-nf-call-iptables': '1' },
        works:
          'The bridged reply passes connection tracking on its way through the bridge, which undoes the DNAT there.',
        serverSaw: NEIGHBOUR,
      },
      {
        fails: 'reply-bypasses-host',
        why: 'The reply goes straight to the client over the bridge, from an address that it did not ask.',
      },
    ],
  },

  experiments: [
    {
      title: 'the bounce rule, and bridged replies through iptables',
      fixes: [
        { 'bounce-snat': 'on' },
        { 'bridge-nf-call-iptables': '1' },
        { 'bounce-snat': 'on', 'bridge-nf-call-iptables': '1' },
      ],
      guards: ['outside-tcp', 'direct-tcp'],
    },
  ],
})
