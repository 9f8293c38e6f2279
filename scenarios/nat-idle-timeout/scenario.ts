import {
  connection,
  conntrackStat,
  defineScenario,
  failedWith,
  mib,
  newConnection,
  nfConntrackTcpLoose,
  nfConntrackTcpTimeouts,
  passed,
  ruleToggle,
  tcpKeepaliveTime,
} from '../../src/index.js'

const CLIENT = '10.0.0.2'
const GATEWAY = '203.0.113.1'
const SERVER = '203.0.113.2'
const PORT = 8080
/** Longer than the shorter time-out, one second: connection tracking goes by the clock, to a tick. */
const IDLE_MS = 1100
/** Longer than two seconds, the time-out that keep-alives of one second are held against. */
const LONG_IDLE_MS = 2100
/** RFC 5382, REQ-5: the least for which a NAT has to remember a silent connection, two hours and four minutes. */
const LEAST_SECONDS = '7440'
const CONNECTION = { from: 'client', to: SERVER, port: PORT, server: 'server', serverPort: PORT } as const
const SEEN = { answeredBy: SERVER, serverSaw: GATEWAY } as const
const REMEMBERED = 'The gateway has not forgotten the connection.'
const PICKED_UP =
  'The gateway makes a new entry from the middle of the connection, and finds the source port free that it had before.'

/** An entry that was made from the middle of a connection, with another port towards the server than the client’s own. */
const OTHER_PORT = new RegExp(
  `\\[NEW\\] tcp .* ESTABLISHED src=${CLIENT} dst=${SERVER} sport=([0-9]+) .* dst=${GATEWAY} sport=${PORT} dport=(?!\\1( |$))`,
)

/** A word from the client, whether the server has ended its half or not. */
const CLIENT_SPEAKS = [
  { when: { nf_conntrack_tcp_timeout: ['2', LEAST_SECONDS] }, works: REMEMBERED, ...SEEN },
  {
    when: { nf_conntrack_tcp_loose: '0' },
    fails: 'invalid-untranslated',
    why: 'The word leaves with the client’s own address, and the server resets what it has never seen.',
  },
  {
    when: { 'random-fully': 'random-fully' },
    fails: 'another-port',
    why: 'The new entry has another source port, and the server resets what it has never seen.',
  },
  { works: PICKED_UP, ...SEEN },
] as const

export default defineScenario({
  id: 'nat-idle-timeout',
  title: 'A connection that was silent for longer than its NAT remembers is reset at the next word',
  source: {
    title:
      'kubernetes #32551: Low nf_conntrack_tcp_timeout_close_wait default causes intermittent ECONNREFUSED on GKE',
    url: 'https://github.com/kubernetes/kubernetes/issues/32551',
    says: 'time passes, and conntrack sees the connection as half-closed',
  },
  drawing: `
  10.0.0.2              10.0.0.1        203.0.113.1            203.0.113.2:8080
  [client] eth0 ─────── lan [gateway] wan ─────────────────── eth0 [server]
                        MASQUERADE -o wan

  A word to and fro, 1.1 seconds of silence, and another word: from the client, from the server, or from the client after
  the server has ended its half. Connection tracking remembers 1 second.`,
  needs: ['veth'],

  topology: {
    nodes: {
      client: { is: 'a client behind the NAT', addresses: { eth0: `${CLIENT}/24` }, gateway: '10.0.0.1' },
      gateway: {
        is: 'the NAT',
        addresses: { lan: '10.0.0.1/24', wan: `${GATEWAY}/24` },
        sysctls: { 'net.ipv4.ip_forward': 1 },
        iptables: { nat: [] },
      },
      server: {
        is: 'a server, with a way back to the client’s own address as well',
        addresses: { eth0: `${SERVER}/24` },
        gateway: GATEWAY,
      },
    },
    links: [
      ['client:eth0', 'gateway:lan'],
      ['gateway:wan', 'server:eth0'],
    ],
  },

  toggles: {
    nf_conntrack_tcp_timeout: nfConntrackTcpTimeouts({ node: 'gateway', seconds: ['1', '2', LEAST_SECONDS] }),
    nf_conntrack_tcp_loose: nfConntrackTcpLoose({ node: 'gateway' }),
    tcp_keepalive_time: tcpKeepaliveTime({ node: 'client' }),
    'random-fully': ruleToggle({
      summary: 'pick the port of a source NAT at random',
      node: 'gateway',
      table: 'nat',
      chain: 'POSTROUTING',
      position: 1,
      rules: {
        none: ['-o', 'wan', '-j', 'MASQUERADE'],
        'random-fully': ['-o', 'wan', '-j', 'MASQUERADE', '--random-fully'],
      },
    }),
  },

  probes: {
    'short-silence': connection({ ...CONNECTION, speaks: 'client' }),
    'client-first': connection({ ...CONNECTION, idleMs: IDLE_MS, speaks: 'client' }),
    'server-first': connection({ ...CONNECTION, idleMs: IDLE_MS, speaks: 'server' }),
    'client-after-fin': connection({ ...CONNECTION, serverEnds: true, idleMs: IDLE_MS, speaks: 'client' }),
    'client-first-keep-alive': connection({
      ...CONNECTION,
      keepAlive: true,
      idleMs: LONG_IDLE_MS,
      speaks: 'client',
    }),
  },
  controls: ['short-silence'],

  mechanisms: {
    'invalid-untranslated': {
      title: 'segment of a forgotten connection, and not translated',
      where:
        'tcp_new() makes no entry of a segment without SYN where tcp_loose is 0, nf_nat_inet_fn() leaves alone what has none, and the server’s tcp_v4_send_reset() answers an address that it does not know',
      document: 'time passes, and conntrack sees the connection as half-closed',
      at: 'server:eth0',
      proofs: [
        // The word, and the RST that answers it.
        conntrackStat('gateway', 'invalid').byAtLeast(2),
        passed('server:eth0', { direction: 'in', protocol: 'tcp', from: CLIENT, to: SERVER }),
        mib('server', 'TcpOutRsts'),
        mib('client', 'TcpOutRsts').still(),
      ],
    },
    'another-port': {
      title: 'connection that is picked up, with another source port',
      where:
        'tcp_new() makes a new entry, get_unique_tuple() picks a port at random (NF_NAT_RANGE_PROTO_RANDOM_ALL), and the server’s tcp_v4_send_reset() answers a port that it does not know',
      document: 'time passes, and conntrack sees the connection as half-closed',
      at: 'server:eth0',
      proofs: [
        mib('server', 'TcpOutRsts'),
        newConnection('gateway', OTHER_PORT),
        passed('server:eth0', { direction: 'in', protocol: 'tcp', from: CLIENT, to: SERVER }).missing(),
        conntrackStat('gateway', 'invalid').still(),
      ],
    },
    'gateway-resets': {
      title: 'segment for the gateway’s own address',
      where:
        'without an entry nothing is translated back: the gateway takes the word for its own, and its tcp_v4_send_reset() answers',
      document: 'time passes, and conntrack sees the connection as half-closed',
      at: 'gateway:wan',
      proofs: [
        mib('gateway', 'TcpOutRsts'),
        mib('server', 'TcpEstabResets'),
        failedWith('server', 'recv', 'ECONNRESET'),
      ],
    },
  },

  audit: {
    node: 'gateway',
    shape: [
      { fact: 'sysctl net.ipv4.ip_forward', is: '1', as: 'forwarding of IPv4' },
      {
        fact: 'snat {snat}',
        is: 'out (any|!\\S+|{wan}) .* leaving yes by .*',
        as: 'a source NAT for what leaves',
      },
    ],
    reads: {
      nf_conntrack_tcp_timeout: {
        [LEAST_SECONDS]: [
          {
            fact: 'sysctl net.netfilter.nf_conntrack_tcp_timeout_established',
            is: { atLeast: Number(LEAST_SECONDS) },
          },
        ],
      },
      nf_conntrack_tcp_loose: { '1': [{ fact: 'sysctl net.netfilter.nf_conntrack_tcp_loose', is: '1' }] },
      'random-fully': { 'random-fully': [{ fact: 'snat {snat}', is: '.* random random.*' }] },
    },
    probes: ['client-first', 'server-first'],
  },

  expect: {
    'short-silence': [{ works: 'Nobody forgets anything as fast as that.', ...SEEN }],
    'client-first': CLIENT_SPEAKS,
    'server-first': [
      { when: { nf_conntrack_tcp_timeout: ['2', LEAST_SECONDS] }, works: REMEMBERED, ...SEEN },
      {
        fails: 'gateway-resets',
        why: 'To the gateway the word is for itself: what it makes of it, with tcp_loose or without, has no translation.',
      },
    ],
    'client-after-fin': CLIENT_SPEAKS,
    'client-first-keep-alive': [
      { when: { nf_conntrack_tcp_timeout: LEAST_SECONDS }, works: REMEMBERED, ...SEEN },
      {
        when: { nf_conntrack_tcp_timeout: '2', tcp_keepalive_time: '1' },
        works: 'What the client’s TCP asks each second begins the time-out anew.',
        ...SEEN,
      },
      {
        when: { nf_conntrack_tcp_loose: '0' },
        fails: 'invalid-untranslated',
        why: 'TCP asks too late: after two hours, or just when the gateway has forgotten.',
      },
      {
        when: { 'random-fully': 'random-fully' },
        fails: 'another-port',
        why: 'The new entry has another source port, and the server resets what it has never seen.',
      },
      { works: PICKED_UP, ...SEEN },
    ],
  },

  experiments: [
    ...(['client-first', 'server-first', 'client-after-fin'] as const).flatMap(probe => [
      {
        title: `${probe}, a longer time-out`,
        probes: [probe],
        fixes: [{ nf_conntrack_tcp_timeout: LEAST_SECONDS }] as const,
      },
      { title: `${probe}, tcp_loose`, probes: [probe], fixes: [{ nf_conntrack_tcp_loose: '1' }] as const },
      {
        title: `${probe}, tcp_loose and --random-fully, a longer time-out`,
        given: { nf_conntrack_tcp_loose: '1', 'random-fully': 'random-fully' } as const,
        probes: [probe],
        fixes: [{ nf_conntrack_tcp_timeout: LEAST_SECONDS }] as const,
      },
      {
        title: `${probe}, tcp_loose, with and without --random-fully`,
        given: { nf_conntrack_tcp_loose: '1', 'random-fully': 'random-fully' } as const,
        probes: [probe],
        fixes: [{ 'random-fully': 'none' }] as const,
      },
    ]),
    {
      title: 'client-first, keep-alives',
      given: { nf_conntrack_tcp_timeout: '2' },
      probes: ['client-first-keep-alive'],
      fixes: [{ tcp_keepalive_time: '1' }],
      fresh: true,
    },
  ],
})
