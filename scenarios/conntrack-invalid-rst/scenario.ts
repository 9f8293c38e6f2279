import {
  connection,
  conntrackStat,
  counted,
  defineScenario,
  dropped,
  failedWith,
  mib,
  NO_SOCKET,
  nfConntrackTcpBeLiberal,
  nftTable,
  OVERLY_DELAYED_SEGMENTS,
  passed,
  ruleToggle,
} from '../../src/index.js'

const CLIENT = '10.0.0.2'
const SERVICE = '10.96.0.10'
const SERVER = '10.1.0.2'
const SEEN = { answeredBy: SERVICE, serverSaw: CLIENT } as const
const CONNECTION = {
  from: 'client',
  to: SERVICE,
  port: 80,
  server: 'server',
  serverPort: 8080,
  speaks: 'client',
} as const
const NEVER_THERE = 'The segment gets no further than the router, and TCP does not miss it.'
const LIBERAL = 'It has an entry, is translated as all others are, and the client answers it with an ACK.'

export default defineScenario({
  id: 'conntrack-invalid-rst',
  title:
    'A segment outside conntrack’s window passes the DNAT router untranslated, and the client resets the connection',
  source: {
    title: 'kubernetes #74839: “Connection reset by peer” due to invalid conntrack packets',
    url: 'https://github.com/kubernetes/kubernetes/issues/74839',
    says: 'conntrack marked them as INVALID. kube-proxy will ignore them, without rewriting DNAT',
  },
  drawing: `
  10.0.0.2                10.0.0.1   10.1.0.1              10.1.0.2
  [client] eth0 ───────── c0 [router] s0 ───────────────── eth0 [server] :8080
                          DNAT 10.96.0.10:80 → 10.1.0.2:8080

  The server sends a segment whose sequence number is 1,000,000 ahead of the next one, or 100,000 behind it.`,
  needs: ['veth'],

  topology: {
    nodes: {
      client: { is: 'a client of the service', addresses: { eth0: `${CLIENT}/24` }, gateway: '10.0.0.1' },
      router: {
        is: 'the node with the service’s rules',
        addresses: { c0: '10.0.0.1/24', s0: '10.1.0.1/24' },
        sysctls: { 'net.ipv4.ip_forward': 1 },
        iptables: {
          nat: [
            `-A PREROUTING -d ${SERVICE}/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination ${SERVER}:8080`,
          ],
          // It only counts, so that what is invalid shows.
          mangle: ['-A FORWARD -m conntrack --ctstate INVALID'],
          filter: [],
        },
      },
      server: { is: 'the service’s pod', addresses: { eth0: `${SERVER}/24` }, gateway: '10.1.0.1' },
    },
    links: [
      ['client:eth0', 'router:c0'],
      ['router:s0', 'server:eth0'],
    ],
  },

  toggles: {
    nf_conntrack_tcp_be_liberal: nfConntrackTcpBeLiberal({ node: 'router' }),
    'invalid-drop': ruleToggle({
      summary: 'drop what connection tracking takes for invalid (kube-proxy)',
      node: 'router',
      table: 'filter',
      chain: 'FORWARD',
      position: 1,
      rules: { off: null, on: '-m conntrack --ctstate INVALID -j DROP'.split(' ') },
    }),
    'invalid-drop-nft': nftTable({
      node: 'router',
      summary: 'drop what connection tracking takes for invalid, in nftables’ words',
      table: 'ip invalid',
      chains: {
        forward: {
          hook: 'type filter hook forward priority 0;',
          rules: ['ct state invalid drop'],
        },
      },
      needs: [],
    }),
  },

  probes: {
    'no-stray-segment': connection(CONNECTION),
    'future-segment': connection({ ...CONNECTION, stray: { source: SERVER, distance: 1_000_000 } }),
    'old-segment': connection({ ...CONNECTION, stray: { source: SERVER, distance: -100_000 } }),
  },
  controls: ['no-stray-segment'],

  mechanisms: {
    'invalid-untranslated': {
      title: 'segment that is invalid to connection tracking, and not translated',
      where:
        'tcp_in_window() refuses it, nf_nat_inet_fn() leaves alone what has no entry, and the client’s tcp_v4_send_reset() answers the server’s own address',
      document: 'end up RSTing the connection',
      at: 'client:eth0',
      proofs: [
        counted('router', 'mangle', 'FORWARD -m conntrack --ctstate INVALID').andStays(),
        // The segment, and the RST that answers it.
        conntrackStat('router', 'invalid').byAtLeast(2),
        passed('client:eth0', { direction: 'in', protocol: 'tcp', from: SERVER, to: CLIENT }),
        mib('client', 'TcpOutRsts'),
        mib('server', 'TcpEstabResets'),
        failedWith('client', 'recv', 'ECONNRESET'),
        dropped('client:eth0', { from: SERVER, to: CLIENT, in: /^tcp_v4_rcv/, reasons: NO_SOCKET }),
      ],
    },
  },

  audit: {
    node: 'router',
    shape: [
      { fact: 'sysctl net.ipv4.ip_forward', is: '1', as: 'forwarding of IPv4' },
      {
        fact: 'dnat {dnat}',
        is: 'to {10.1.0.2} into {s0} .* proto (tcp|any) .* local no .*',
        as: 'a DNAT rule for TCP',
      },
      { fact: 'link (?!{s0} ){c0} addressed', is: '.*ipv4.*', as: 'another device with an address' },
      { fact: 'link {c0} kind', is: '(?!loopback).*', as: 'another device' },
    ],
    reads: {
      'invalid-drop': {
        on: [
          {
            packet: {
              hook: 'FORWARD',
              by: 'iptables',
              in: '{s0}',
              out: '{c0}',
              src: '{10.1.0.2}',
              proto: 'tcp',
              ct: 'INVALID',
            },
            becomes: '(policy )?DROP',
          },
        ],
      },
      'invalid-drop-nft': {
        on: [
          {
            packet: {
              hook: 'FORWARD',
              by: 'nft',
              in: '{s0}',
              out: '{c0}',
              src: '{10.1.0.2}',
              proto: 'tcp',
              ct: 'INVALID',
            },
            becomes: '(policy )?DROP',
          },
        ],
      },
    },
  },

  expect: {
    'no-stray-segment': [{ works: 'Every segment is in the window.', ...SEEN }],
    'future-segment': [
      { when: { 'invalid-drop': 'on' }, works: NEVER_THERE, ...SEEN },
      { when: { 'invalid-drop-nft': 'on' }, works: NEVER_THERE, ...SEEN },
      { when: { nf_conntrack_tcp_be_liberal: '1' }, works: LIBERAL, ...SEEN },
      {
        fails: 'invalid-untranslated',
        why: 'The client gets a segment from an address that it has no connection with, answers by a RST that fits the server’s, and that ends it.',
      },
    ],
    'old-segment': [
      { when: { 'invalid-drop': 'on' }, works: NEVER_THERE, ...SEEN },
      { when: { 'invalid-drop-nft': 'on' }, works: NEVER_THERE, ...SEEN },
      { when: { nf_conntrack_tcp_be_liberal: '1' }, works: LIBERAL, ...SEEN },
      {
        since: OVERLY_DELAYED_SEGMENTS,
        works:
          'Since 6e250dcbff1d (6.1) a segment that comes too late is let through without a change of the entry, and translated.',
        differs:
          'segments with old sequence numbers, which the document shows, are no longer invalid; the ones ahead of the window still are.',
        ...SEEN,
      },
      {
        fails: 'invalid-untranslated',
        why: 'Before 6e250dcbff1d (6.1) one that is too old is as invalid as one that is ahead of the window.',
      },
    ],
  },

  experiments: [
    {
      title: 'a segment outside the window',
      fixes: [{ nf_conntrack_tcp_be_liberal: '1' }, { 'invalid-drop': 'on' }, { 'invalid-drop-nft': 'on' }],
      guards: ['no-stray-segment'],
    },
  ],
})
