import { defineScenario } from '../../src/model/scenario.js'
import { natTarget } from '../../src/toggles/nat-target.js'
import { randomFully } from '../../src/toggles/random-fully.js'

const HOST = '10.18.10.1'
const SERVER = '10.18.10.137'
const PORT = 8080
const LOAD_PORT = 8081
const CLIENTS = ['container-1', 'container-2']

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
      'container-1': {
        is: 'a container',
        addresses: { eth0: ['172.17.0.2/16'] },
        routes: ['default via 172.17.0.1'],
      },
      'container-2': {
        is: 'another container',
        addresses: { eth0: ['172.17.0.3/16'] },
        routes: ['default via 172.17.0.1'],
      },
      host: {
        is: 'the Docker host',
        bridges: { docker0: { ports: ['veth1', 'veth2'] } },
        addresses: { docker0: ['172.17.0.1/16'], eth0: [`${HOST}/24`] },
        sysctls: { 'net.ipv4.ip_forward': 1 },
        iptables: { nat: [] },
        packetHold: { device: 'eth0', queue: 0, port: PORT },
      },
      server: {
        is: 'the destination server',
        addresses: { eth0: [`${SERVER}/24`] },
        services: [{ protocol: 'tcp', port: PORT }],
      },
    },
    links: [
      [
        { node: 'container-1', device: 'eth0' },
        { node: 'host', device: 'veth1' },
      ],
      [
        { node: 'container-2', device: 'eth0' },
        { node: 'host', device: 'veth2' },
      ],
      [
        { node: 'host', device: 'eth0' },
        { node: 'server', device: 'eth0' },
      ],
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
    'single-client': {
      kind: 'snat-race',
      clients: ['container-1'],
      to: SERVER,
      port: PORT,
      queue: { node: 'host', number: 0 },
    },
    'two-clients': {
      kind: 'snat-race',
      clients: CLIENTS,
      to: SERVER,
      port: PORT,
      queue: { node: 'host', number: 0 },
    },
    'many-connections': {
      kind: 'many-connections',
      clients: CLIENTS,
      to: SERVER,
      port: LOAD_PORT,
      router: 'host',
      server: 'server',
      connections: 1000,
      patienceMs: 20,
    },
  },
  controls: ['single-client'],

  mechanisms: {
    'many-source-port-clashes': {
      title: 'clashes of translations, more than chance has',
      where:
        '__nf_conntrack_confirm() finds the reply tuple taken, and nf_ct_resolve_clash() drops what is not UDP',
      document: 'insert_failed=74 drop=74',
      proofs: [
        // The fewest of 2,000 that the probe calls a failure.
        { source: 'conntrack-stat', node: 'host', counter: 'insert_failed', moves: true, atLeast: 5 },
        { source: 'conntrack-stat', node: 'host', counter: 'drop', moves: true, atLeast: 5 },
      ],
    },
    'source-port-clash': {
      title: 'clash of two translations',
      where:
        '__nf_conntrack_confirm() finds the reply tuple taken, and nf_ct_resolve_clash() drops what is not UDP',
      document: 'insert_failed=74 drop=74',
      proofs: [
        { source: 'conntrack-stat', node: 'host', counter: 'insert_failed', moves: true },
        { source: 'conntrack-stat', node: 'host', counter: 'drop', moves: true },
        // Given up where the hook was: behind the queue, or in the path of all others.
        {
          source: 'drop',
          node: 'host',
          device: 'docker0',
          from: '172.17.0.[23]',
          to: SERVER,
          function: '^(nfqnl_reinject|nf_reinject|nf_hook_slow)$',
        },
      ],
    },
  },

  expectations: [
    { probes: ['single-client'], outcome: 'works', why: 'One client alone clashes with nobody.' },
    {
      probes: ['two-clients'],
      when: { 'random-fully': 'none' },
      outcome: 'fails',
      mechanism: 'source-port-clash',
      why: 'Both keep their source port, which is still free when each of them chooses; the second to be confirmed is dropped and connects a second later.',
    },
    {
      probes: ['many-connections'],
      when: { 'random-fully': 'none' },
      outcome: 'fails',
      mechanism: 'many-source-port-clashes',
      statistical: true,
      why: 'Where two CPUs choose the same port within the same few microseconds, one of the two SYNs is dropped.',
    },
    {
      probes: ['two-clients', 'many-connections'],
      outcome: 'works',
      why: 'Ports picked at random over the whole range hardly ever meet (--random is the same as --random-fully since 5.0).',
    },
  ],

  experiments: [
    // One fix each: every trial that fails takes the second after which TCP sends a SYN again.
    ...(['MASQUERADE', `SNAT --to-source ${HOST}`] as const).flatMap(target =>
      (['random', 'random-fully'] as const).map(setting => ({
        title: `two clients, ${target}, --${setting}`,
        given: { 'nat-target': target },
        probes: ['two-clients' as const],
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
