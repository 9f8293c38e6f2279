import {
  conntrackStat,
  defineScenario,
  dropped,
  manyConnections,
  natTarget,
  newConnection,
  randomFully,
  snatRace,
  sourcePorts,
  tracked,
} from '../../src/index.js'

const HOST = '10.18.10.1'
const SERVER = '10.18.10.137'
const PORT = 8080
const LOAD_PORT = 8081
const CLIENTS = ['container-1', 'container-2'] as const
const QUEUE = { node: 'host', number: 0 } as const

/** A translated datagram: the first parenthesis is the client's source port, and the one that it was translated to is to come. */
const TRANSLATED = `.*src=172[.]17[.]0[.]2 .*sport=([0-9]+) dport=[0-9]+ .*dst=${HOST.replaceAll('.', '[.]')} sport=[0-9]+ dport=`
/** One whose source port, from the server’s point of view, is the client’s own. */
const KEPT = `${TRANSLATED}\\1`

const SPREAD = {
  works:
    'Ports picked at random over the whole range hardly ever meet (--random is the same as --random-fully since 5.0).',
  serverSaw: HOST,
} as const

/**
 * What becomes of MASQUERADE --random-fully when it is saved by `nft list ruleset`, which asks iptables' own extensions for its
 * words: those of 1.8.7 leave the option out, those of 1.8.9 do not.
 */
const LOST = {
  when: { 'random-fully': 'random-fully', 'nat-target': 'MASQUERADE' },
  persisted: 'nft',
  tools: { iptables: { before: '1.8.9' } },
  why: 'nft lists the rule as `masquerade` alone: once it is loaded again, source ports are kept.',
  differs: 'the fix is lost when rules are saved by nft list ruleset with iptables before 1.8.9.',
} as const

export default defineScenario({
  id: 'snat-port-race',
  title: 'Two containers that connect at the same time get the same source port, and one loses its SYN',
  source: {
    title: 'maxlaverse/snat-race-conn-test: Reproducing SNAT insertion failures',
    url: 'https://github.com/maxlaverse/snat-race-conn-test',
    says: 'two connections can be allocated the same port for the translation which ultimately results in one or more packets being dropped',
  },
  drawing: `
  172.17.0.2
  [container-1] eth0 ─── veth1 ─┐             10.18.10.1          10.18.10.137
                                ├─ docker0 [host] eth0 ─────────── eth0 [server]
  [container-2] eth0 ─── veth2 ─┘ 172.17.0.1   MASQUERADE           :8080
  172.17.0.3

  Both SYNs have the same source port. A queue behind source NAT (priority 150) holds them until both have chosen their port;
  the entry of the second one then clashes with that of the first.`,
  needs: ['veth', 'bridge', 'packet-hold'],

  topology: {
    nodes: {
      'container-1': { is: 'a container', addresses: { eth0: '172.17.0.2/16' }, gateway: '172.17.0.1' },
      'container-2': { is: 'another container', addresses: { eth0: '172.17.0.3/16' }, gateway: '172.17.0.1' },
      host: {
        is: 'the Docker host',
        bridges: { docker0: { ports: ['veth1', 'veth2'] } },
        addresses: { docker0: '172.17.0.1/16', eth0: `${HOST}/24` },
        sysctls: { 'net.ipv4.ip_forward': 1 },
        iptables: { nat: [] },
        packetHold: { device: 'eth0', queue: 0, port: PORT },
      },
      server: {
        is: 'the destination server',
        addresses: { eth0: `${SERVER}/24` },
        services: [{ protocol: 'tcp', port: PORT }],
      },
    },
    links: [
      ['container-1:eth0', 'host:veth1'],
      ['container-2:eth0', 'host:veth2'],
      ['host:eth0', 'server:eth0'],
    ],
  },

  toggles: {
    'random-fully': randomFully({
      node: 'host',
      match: ['-s', '172.17.0.0/16', '!', '-o', 'docker0'],
      target: 'nat-target',
    }),
    'nat-target': natTarget({ address: HOST }),
  },

  probes: {
    'single-client': snatRace({
      clients: ['container-1'],
      to: SERVER,
      port: PORT,
      server: 'server',
      queue: QUEUE,
    }),
    'two-clients': snatRace({ clients: CLIENTS, to: SERVER, port: PORT, server: 'server', queue: QUEUE }),
    'source-ports': sourcePorts({ from: 'container-1', to: SERVER, server: 'server' }),
    'many-connections': manyConnections({
      clients: CLIENTS,
      to: SERVER,
      port: LOAD_PORT,
      router: 'host',
      server: 'server',
      connections: 1000,
      patienceMs: 20,
    }),
  },
  controls: ['single-client'],

  mechanisms: {
    'source-port-kept': {
      title: 'source port that is kept',
      where: 'get_unique_tuple() keeps a source port that no confirmed connection has (nf_nat_used_tuple())',
      document: 'two connections can be allocated the same port for the translation',
      at: 'host:eth0',
      // Both also where it is repaired: one of 128 ports picked at random is the client's own once in 500 trials.
      proofs: [
        tracked('host', new RegExp(`udp ${KEPT} `)).andStays(),
        newConnection('host', new RegExp(`\\[NEW\\] udp ${KEPT}( |$)`)).andStays(),
      ],
    },
    'few-source-ports': {
      title: 'source ports that are picked among a few',
      where: 'nf_nat_l4proto_unique_tuple() begins to look for a free port at an offset that is one of few',
      document: 'two connections can be allocated the same port for the translation',
      at: 'host:eth0',
      proofs: [
        tracked('host', new RegExp(`udp ${TRANSLATED}`)).andStays(),
        tracked('host', new RegExp(`udp ${KEPT} `)).missing(),
      ],
    },
    'many-source-port-clashes': {
      title: 'clashes of translations, more than chance has',
      where:
        '__nf_conntrack_confirm() finds the reply tuple taken, and nf_ct_resolve_clash() drops what is not UDP',
      document: 'insert_failed=74 drop=74',
      proofs: [
        // The fewest of 2,000 that the probe calls a failure.
        conntrackStat('host', 'insert_failed').byAtLeast(5),
        conntrackStat('host', 'drop').byAtLeast(5),
      ],
    },
    'source-port-clash': {
      title: 'clash of two translations',
      where:
        '__nf_conntrack_confirm() finds the reply tuple taken, and nf_ct_resolve_clash() drops what is not UDP',
      document: 'insert_failed=74 drop=74',
      proofs: [
        conntrackStat('host', 'insert_failed'),
        conntrackStat('host', 'drop'),
        // Given up where the hook was: behind the queue, or in the path of all others.
        dropped('host:docker0', {
          from: /^172\.17\.0\.[23]$/,
          to: SERVER,
          in: /^(nfqnl_reinject|nf_reinject|nf_hook_slow)$/,
        }),
      ],
    },
  },

  audit: {
    node: 'host',
    shape: [
      { fact: 'sysctl net.ipv4.ip_forward', is: '1', as: 'forwarding of IPv4' },
      {
        fact: 'snat {snat}',
        is: 'out \\S+ src (?!\\S+/32 )\\S+ .* leaving yes by .*',
        as: 'a source NAT for what leaves, of more than one host',
      },
    ],
    reads: {
      'random-fully': {
        'random-fully': [{ fact: 'snat {snat}', is: '.* random random-fully .*' }],
        random: [{ fact: 'snat {snat}', is: '.* random random .*' }],
      },
      'nat-target': {},
    },
    if: ['two who are behind this NAT connect to one server at the same time'],
    probes: ['two-clients', 'source-ports'],
  },

  expect: {
    'single-client': [{ works: 'One client alone clashes with nobody.', serverSaw: HOST }],
    'two-clients': [
      { ...LOST, fails: 'source-port-clash' },
      {
        when: { 'random-fully': 'none' },
        fails: 'source-port-clash',
        why: 'Both keep their source port, which is still free when each of them chooses; the second to be confirmed is dropped and connects a second later.',
      },
      SPREAD,
    ],
    'source-ports': [
      { ...LOST, fails: 'source-port-kept' },
      {
        when: { 'random-fully': 'none' },
        fails: 'source-port-kept',
        why: 'Source NAT keeps a source port that is free: two clients that have the same one get the same.',
      },
      { ...SPREAD, stops: 'few-source-ports' },
    ],
    'many-connections': [
      { ...LOST, fails: 'many-source-port-clashes', statistical: true },
      {
        when: { 'random-fully': 'none' },
        fails: 'many-source-port-clashes',
        statistical: true,
        why: 'Where two CPUs choose the same port within the same few microseconds, one of the two SYNs is dropped.',
      },
      {
        // Its server only accepts: whom a server sees behind this very rule, the control says in each experiment.
        works: SPREAD.works,
      },
    ],
  },

  experiments: [
    // One fix each: every trial that fails takes the second after which TCP sends a SYN again.
    ...(['MASQUERADE', `SNAT --to-source ${HOST}`] as const).flatMap(target =>
      (['random', 'random-fully'] as const).map(setting => ({
        title: `two clients, ${target}, --${setting}`,
        given: { 'nat-target': target },
        probes: ['two-clients', 'source-ports'] as const,
        fixes: [{ 'random-fully': setting }],
      })),
    ),
    {
      title: 'many connections, MASQUERADE',
      probes: ['many-connections'],
      fixes: [{ 'random-fully': 'random-fully' }],
    },
  ],
})
