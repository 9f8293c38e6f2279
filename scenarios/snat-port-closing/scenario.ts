import {
  conntrackStat,
  defineScenario,
  dropped,
  NETFILTER_DROP,
  nfConntrackTimeWait,
  ruleToggle,
  SNAT_EVICTS_CLOSING,
  secondConnection,
} from '../../src/index.js'

const A = 'a'
const B = '10.0.0.3'
const NAT = '203.0.113.1'
const SERVER = '203.0.113.2'
const OTHER_SERVER = '203.0.113.3'
const PORT = 80
/** Longer than the shorter time-out, one second. */
const LATER_MS = 1100
const SECOND = {
  first: { from: A, to: SERVER },
  from: 'b',
  to: SERVER,
  port: PORT,
  server: 'server',
  nat: 'router',
} as const
const OPEN = { ...SECOND, closed: false, sequence: 'ahead' } as const
const AHEAD = { ...SECOND, closed: true, sequence: 'ahead' } as const
const BEHIND = { ...SECOND, closed: true, sequence: 'behind' } as const
const SEEN = { answeredBy: SERVER, serverSaw: NAT } as const
const ANOTHER_PORT = { when: { ports: '5000-5001' }, works: 'There is a second port.', ...SEEN } as const
const FORGOTTEN = {
  works: 'Nothing is left of the first connection, and the port is free.',
  ...SEEN,
} as const
const EVICTED = {
  since: SNAT_EVICTS_CLOSING,
  works:
    'Since 458972550287 (6.5) a connection that is over gives its port up to one whose sequence number has advanced past its own.',
  ...SEEN,
} as const
const rule = (ports: string) => ['-o', 'up0', '-p', 'tcp', '-j', 'SNAT', '--to-source', `${NAT}:${ports}`]

export default defineScenario({
  id: 'snat-port-closing',
  title:
    'A NAT that has no port left for a server loses SYNs; one that is over gives its port up since Linux 6.5',
  source: {
    title: '[PATCH nf-next v2] netfilter: snat: evict closing tcp entries on reply tuple collision',
    url: 'https://lore.kernel.org/netfilter-devel/20230606205930.14762-1-fw@strlen.de/',
    says: 'the last 32 attempts are allowed to evict a colliding entry if this connection is already closing and the new sequence number has advanced past the old one',
  },
  drawing: `
  10.0.0.2 [a] ──┐ br0 10.0.0.1          203.0.113.1           203.0.113.2:80, .3:80
                 ├───────────── [router] up0 ───────────────── eth0 [server]
  10.0.0.3 [b] ──┘      SNAT tcp → 203.0.113.1:5000

  a connects to 203.0.113.2, from sequence number 1,000,000,000 on. Then b does, from 2,000,000,000 (ahead) or 500,000,000
  (behind), while a’s connection is open, or once it is over.`,
  needs: ['veth', 'bridge'],

  topology: {
    nodes: {
      a: { is: 'a client', addresses: { eth0: '10.0.0.2/24' }, gateway: '10.0.0.1' },
      b: { is: 'another client', addresses: { eth0: `${B}/24` }, gateway: '10.0.0.1' },
      router: {
        is: 'the NAT, short of ports',
        bridges: { br0: { ports: ['a0', 'b0'] } },
        addresses: { br0: '10.0.0.1/24', up0: `${NAT}/24` },
        sysctls: { 'net.ipv4.ip_forward': 1 },
        iptables: { nat: [] },
      },
      server: {
        is: 'a server that many talk to, with two addresses',
        addresses: { eth0: [`${SERVER}/24`, `${OTHER_SERVER}/24`] },
        services: [{ protocol: 'tcp', port: PORT }],
      },
    },
    links: [
      ['a:eth0', 'router:a0'],
      ['b:eth0', 'router:b0'],
      ['router:up0', 'server:eth0'],
    ],
  },

  toggles: {
    ports: ruleToggle({
      summary: 'the ports that connections are translated to',
      node: 'router',
      table: 'nat',
      chain: 'POSTROUTING',
      position: 1,
      rules: { '5000-5000': rule('5000'), '5000-5001': rule('5000-5001') },
    }),
    nf_conntrack_tcp_timeout_time_wait: nfConntrackTimeWait({ node: 'router', seconds: ['120', '1'] }),
  },

  probes: {
    'other-server': secondConnection({ ...OPEN, to: OTHER_SERVER }),
    'while-open': secondConnection(OPEN),
    'closed-isn-ahead': secondConnection(AHEAD),
    'closed-isn-behind': secondConnection(BEHIND),
    'while-open-conntrack-D': secondConnection({ ...OPEN, forgotten: true }),
    'closed-isn-ahead-conntrack-D': secondConnection({ ...AHEAD, forgotten: true }),
    'closed-isn-behind-conntrack-D': secondConnection({ ...BEHIND, forgotten: true }),
    'closed-isn-ahead-later': secondConnection({ ...AHEAD, afterMs: LATER_MS }),
    'closed-isn-behind-later': secondConnection({ ...BEHIND, afterMs: LATER_MS }),
  },
  controls: ['other-server'],

  mechanisms: {
    'no-port-left': {
      title: 'SYN of a connection that no port is left for',
      where:
        'nf_nat_l4proto_unique_tuple() ends its search with a port that is taken, __nf_conntrack_confirm() finds the reply tuple there, and nf_ct_resolve_clash() drops what is not UDP',
      document: 'evict closing tcp entries on reply tuple collision',
      at: 'router:br0',
      proofs: [
        conntrackStat('router', 'insert_failed'),
        conntrackStat('router', 'drop'),
        dropped('router:br0', { from: B, to: SERVER, in: /^nf_hook_slow/, reasons: NETFILTER_DROP }),
      ],
    },
  },

  audit: {
    node: 'router',
    shape: [
      { fact: 'sysctl net.ipv4.ip_forward', is: '1', as: 'forwarding of IPv4' },
      {
        fact: 'snat {snat}',
        is: 'out (any|!\\S+|{up0}) .* SNAT to \\S+ ports \\d\\d?\\d? .*',
        as: 'a source NAT to few ports',
      },
    ],
    reads: {
      ports: { '5000-5001': [{ fact: 'snat {snat}', is: '.* ports (?!1 )\\d+ .*' }] },
      nf_conntrack_tcp_timeout_time_wait: {
        '1': [{ fact: 'sysctl net.netfilter.nf_conntrack_tcp_timeout_time_wait', is: { below: 10 } }],
      },
    },
    if: ['as many connections as there are ports go to one server'],
    probes: ['while-open', 'closed-isn-ahead', 'closed-isn-behind'],
  },

  expect: {
    'other-server': [
      {
        works: 'Towards another server the same port is another connection.',
        answeredBy: OTHER_SERVER,
        serverSaw: NAT,
      },
    ],
    'while-open': [
      ANOTHER_PORT,
      { fails: 'no-port-left', why: 'The first connection has the one port that there is.' },
    ],
    'closed-isn-ahead': [
      ANOTHER_PORT,
      EVICTED,
      {
        fails: 'no-port-left',
        why: 'Before 458972550287 (6.5) a connection keeps its port until its entry is over, in two minutes.',
      },
    ],
    'closed-isn-behind': [
      ANOTHER_PORT,
      {
        fails: 'no-port-left',
        why: 'The server might take the new SYN for one of the old connection: the entry stays.',
      },
    ],
    'while-open-conntrack-D': [FORGOTTEN],
    'closed-isn-ahead-conntrack-D': [FORGOTTEN],
    'closed-isn-behind-conntrack-D': [FORGOTTEN],
    'closed-isn-ahead-later': [
      ANOTHER_PORT,
      {
        when: { nf_conntrack_tcp_timeout_time_wait: '1' },
        works: 'The entry of what is over is over, too.',
        ...SEEN,
      },
      EVICTED,
      { fails: 'no-port-left', why: 'A second of two minutes does not count.' },
    ],
    'closed-isn-behind-later': [
      ANOTHER_PORT,
      {
        when: { nf_conntrack_tcp_timeout_time_wait: '1' },
        works: 'The entry of what is over is over, too.',
        ...SEEN,
      },
      { fails: 'no-port-left', why: 'A second of two minutes does not count.' },
    ],
  },

  experiments: [
    {
      title: 'one port, and two',
      probes: ['while-open', 'closed-isn-ahead', 'closed-isn-behind'],
      fixes: [{ ports: '5000-5001' }],
      guards: ['other-server'],
    },
    {
      title: 'one port, and conntrack -D in between',
      probes: ['while-open-conntrack-D', 'closed-isn-ahead-conntrack-D', 'closed-isn-behind-conntrack-D'],
      fixes: [],
    },
    ...(['closed-isn-ahead-later', 'closed-isn-behind-later'] as const).map(probe => ({
      title: `one port, ${probe}`,
      probes: [probe],
      fixes: [{ nf_conntrack_tcp_timeout_time_wait: '1' }] as const,
    })),
  ],
})
