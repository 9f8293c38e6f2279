import {
  conntrackDelete,
  counted,
  defineScenario,
  failedWith,
  mib,
  nfConntrackUdpTimeout,
  passed,
  runStep,
  type Toggle,
  udp,
  writeSysctls,
} from '../../src/index.js'

const CLIENT = '203.0.113.9'
const HOST = '203.0.113.1'
const OLD = '172.17.0.2'
const NEW = '172.17.0.3'
const PORT = 5060
const RULE = (to: string) =>
  `-d ${HOST}/32 -p udp -m udp --dport ${PORT} -j DNAT --to-destination ${to}:${PORT}`.split(' ')
/** Longer than the shorter time-out, one second. */
const SILENCE_MS = 1100
/** Each datagram is answered that the port is unreachable: the kernel's own limit is six at once, and then one a second. */
const NO_LIMIT = { 'net.ipv4.icmp_ratemask': 0 } as const
const FLOW = { from: 'client', to: HOST, port: PORT, server: 'new', sourcePort: PORT } as const
const SEEN = { answeredBy: HOST, serverSaw: CLIENT } as const
const DOCUMENT = 'if the sender change the port it is binding to locally it will also work'

const timeout = nfConntrackUdpTimeout({ node: 'host', seconds: ['30', '1'] })
/** It is lowered when there is an entry already, which the next datagram begins anew: time that passes until the probe counts for nothing. */
const laterTimeout: typeof timeout = {
  ...timeout,
  change: () => [],
  again: (setting, context) => timeout.change(setting, undefined, context),
}

/**
 * What came before the present container's rule: another container's, or none. The client's datagram then is what connection tracking
 * remembers. It happens anew whenever something was set, with an empty table, as it hangs on what was set then.
 */
const before: Toggle<'a-container' | 'nothing', 'host' | 'client'> = {
  summary: 'what the client’s datagrams met before the container’s rule',
  settings: ['a-container', 'nothing'],
  nodes: ['host', 'client'],
  needs: [],
  change: () => [],
  again: (setting, { iptables: { iptables } }) => [
    // Not read back: the next toggle writes it again.
    {
      ...writeSysctls('host', { 'net.netfilter.nf_conntrack_udp_timeout': 30 }, 'have it remembered'),
      by: 'lab',
      readBack: false,
    },
    runStep('host', ['conntrack', '-F'], 'begin with nothing to remember'),
    setting === 'a-container'
      ? rule(iptables, ['-R', 'PREROUTING', '1'], OLD)
      : rule(iptables, ['-D', 'PREROUTING'], NEW),
    // The kernel has one port to choose. Nobody listens any more, or yet: the answer is that the port is unreachable.
    runStep(
      'client',
      ['bash', '-c', `exec 3<>/dev/udp/${HOST}/${PORT}; echo hello >&3; ! read -r -t 5 -N 1 <&3`],
      'send what connection tracking will remember',
    ),
    setting === 'a-container'
      ? rule(iptables, ['-R', 'PREROUTING', '1'], NEW)
      : rule(iptables, ['-I', 'PREROUTING', '1'], NEW),
  ],
  // In between, the rule is another; before and after, it is the topology’s own.
  claims: () => [],
  onRealSystem: () => [],
}

function rule(iptables: string, action: readonly string[], to: string) {
  const why = to === OLD ? 'publish the port of the container that was' : 'publish the port of the container'
  return runStep('host', [iptables, '-w', '-t', 'nat', ...action, ...RULE(to)], why)
}

const STALE = [
  {
    when: { before: 'nothing' },
    fails: 'goes-to-host',
    why: 'The entry is of a time without a rule, and says that the datagram is the host’s own.',
  },
  {
    fails: 'goes-to-old',
    why: 'The entry is of the other container’s time, and rules are for what has no entry.',
  },
] as const

export default defineScenario({
  id: 'stale-udp-conntrack',
  title: 'Datagrams of a client that goes on go to a container that is no longer there',
  source: {
    title: 'moby #8795: Failed to receive UDP traffic after container restart',
    url: 'https://github.com/moby/moby/issues/8795',
    says: DOCUMENT,
  },
  drawing: `
  203.0.113.9           203.0.113.1          172.17.0.1   ┌─ veth1 ─ eth0 [old] 172.17.0.2
  [client] eth0 ─────── eth0 [host] docker0 ──────────────┤
                        DNAT udp/5060                     └─ veth2 ─ eth0 [new] 172.17.0.3

  The client sends from port 5060 while the rule is for the old container, or while there is none. Then the rule is for the
  new one, and the client sends again.`,
  needs: ['veth', 'bridge'],

  topology: {
    nodes: {
      client: {
        is: 'a phone, which always sends from port 5060',
        addresses: { eth0: `${CLIENT}/24` },
        sysctls: { 'net.ipv4.ip_local_port_range': `${PORT} ${PORT}` },
      },
      host: {
        is: 'the Docker host',
        bridges: { docker0: { ports: ['veth1', 'veth2'] } },
        addresses: { eth0: `${HOST}/24`, docker0: '172.17.0.1/16' },
        sysctls: { 'net.ipv4.ip_forward': 1, ...NO_LIMIT },
        iptables: {
          nat: [
            `-A PREROUTING ${RULE(NEW).join(' ')}`,
            '-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE',
          ],
          // Docker’s own: connection tracking works from the beginning, whether there is a rule of NAT that matches or none.
          filter: ['-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT'],
        },
      },
      old: {
        is: 'the container that was; nobody listens there any more',
        addresses: { eth0: `${OLD}/16` },
        gateway: '172.17.0.1',
        sysctls: NO_LIMIT,
      },
      new: {
        is: 'the container that is',
        addresses: { eth0: `${NEW}/16` },
        gateway: '172.17.0.1',
        services: [{ protocol: 'udp', port: PORT }],
      },
    },
    links: [
      ['client:eth0', 'host:eth0'],
      ['host:veth1', 'old:eth0'],
      ['host:veth2', 'new:eth0'],
    ],
  },

  toggles: {
    before,
    nf_conntrack_udp_timeout: laterTimeout,
    conntrack: conntrackDelete({
      node: 'host',
      match: ['-p', 'udp', '--orig-dst', HOST, '--orig-port-dst', String(PORT)],
    }),
  },

  probes: {
    'new-source-port': udp({ from: 'client', to: HOST, port: PORT, server: 'new', sourcePort: PORT + 1 }),
    'same-source-port': udp(FLOW),
    'same-source-port-goes-on': udp({ ...FLOW, afterMs: SILENCE_MS, everyMs: 100 }),
    // The last of them: what it begins anew is an entry of the present rule.
    'same-source-port-after-silence': udp({ ...FLOW, afterMs: SILENCE_MS, everyMs: SILENCE_MS }),
  },
  controls: ['new-source-port'],

  mechanisms: {
    'goes-to-old': {
      title: 'entry of the container that was',
      where:
        'resolve_normal_ct() finds the entry, and nf_nat_inet_fn() asks the rules only about what is new: the datagram goes where the first one went',
      document: DOCUMENT,
      at: 'old:eth0',
      proofs: [
        passed('old:eth0', { direction: 'in', protocol: 'udp', from: CLIENT, to: OLD }).andStays(),
        mib('old', 'UdpNoPorts').andStays(),
        counted('host', 'nat', `PREROUTING ${RULE(NEW).join(' ')}`).still(),
        failedWith('client', 'recvfrom', 'ECONNREFUSED'),
      ],
    },
    'goes-to-host': {
      title: 'entry of a time without a rule',
      where:
        'nf_nat_alloc_null_binding() has made the entry one without translation, and nf_nat_inet_fn() asks the rules only about what is new: the datagram is the host’s own',
      document: DOCUMENT,
      at: 'host:eth0',
      proofs: [
        mib('host', 'UdpNoPorts').andStays(),
        counted('host', 'nat', `PREROUTING ${RULE(NEW).join(' ')}`).still(),
        failedWith('client', 'recvfrom', 'ECONNREFUSED'),
      ],
    },
  },

  audit: {
    node: 'host',
    shape: [
      { fact: 'sysctl net.ipv4.ip_forward', is: '1', as: 'forwarding of IPv4' },
      { fact: 'dnat {dnat}', is: 'to {172.17.0.3} .* proto udp .* local no .*', as: 'a DNAT rule for UDP' },
    ],
    reads: {
      // Who makes these chains and tables has connection tracking forget what is about a container that goes: kube-proxy, Docker.
      conntrack: {
        deleted: [
          {
            fact: 'dnat {dnat}',
            is: '.* (chain (KUBE-|DOCKER)\\S*|by rule nft ip6? (docker-bridges|kube-proxy)) .*',
          },
        ],
      },
      nf_conntrack_udp_timeout: {
        '1': [{ fact: 'sysctl net.netfilter.nf_conntrack_udp_timeout', is: { below: 2 } }],
      },
    },
    if: ['a client goes on sending from one port while what is behind the rule changes'],
    probes: ['same-source-port'],
  },

  expect: {
    'new-source-port': [{ works: 'What has no entry meets the rule that there is.', ...SEEN }],
    'same-source-port': [
      { when: { conntrack: 'deleted' }, works: 'Nothing is remembered, and the rule is asked.', ...SEEN },
      ...STALE,
    ],
    'same-source-port-after-silence': [
      { when: { conntrack: 'deleted' }, works: 'Nothing is remembered, and the rule is asked.', ...SEEN },
      {
        when: { nf_conntrack_udp_timeout: '1' },
        works: 'The entry is over, as nothing has begun its time anew.',
        ...SEEN,
      },
      ...STALE,
    ],
    'same-source-port-goes-on': [
      { when: { conntrack: 'deleted' }, works: 'Nothing is remembered, and the rule is asked.', ...SEEN },
      ...STALE,
    ],
  },

  experiments: (['a-container', 'nothing'] as const).flatMap(setting => [
    {
      title: `after ${setting.replace('-', ' ')}`,
      given: { before: setting },
      probes: ['same-source-port'] as const,
      fixes: [{ conntrack: 'deleted' }] as const,
      guards: ['new-source-port'] as const,
    },
    ...(['same-source-port-after-silence', 'same-source-port-goes-on'] as const).map(probe => ({
      title: `after ${setting.replace('-', ' ')}, ${probe.replace('same-source-port-', '').replace('-', ' ')}`,
      given: { before: setting },
      probes: [probe],
      fixes: [{ nf_conntrack_udp_timeout: '1' }] as const,
    })),
  ]),
})
