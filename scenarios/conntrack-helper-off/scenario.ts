import {
  CONNTRACK_HELPER_SYSCTL_REMOVED,
  defineScenario,
  iptablesRules,
  mib,
  nfConntrackHelper,
  nftTable,
  passed,
  tftpRead,
  tracked,
  udp,
} from '../../src/index.js'

const CLIENT = '192.168.122.10'
const OUTSIDE = '198.51.100.1'
const SERVER = '198.51.100.2'
const TFTP = 69
const OTHER_PORT = 6969
const ECHO = 7

const helperFor = (port: number) => ({
  table: 'raw',
  chain: 'PREROUTING',
  words: `-i in0 -p udp -m udp --dport ${port} -j CT --helper tftp`.split(' '),
})
const read = { from: 'client', to: SERVER, server: 'server' } as const
const WORKS = { answeredBy: SERVER, serverSaw: OUTSIDE } as const

/**
 * What becomes of `-j CT --helper`, which nftables has no words for, when it is saved by `nft list ruleset`: 0.9.8 lists the rule without
 * its target, 1.0.6 and later list `xt target CT` and refuse to load that, and all that was saved with it.
 */
const saved = <const T extends 'both' | readonly ('port-69' | 'both')[]>(target: T) =>
  [
    {
      when: { 'ct-target': target },
      persisted: 'nft',
      tools: { nft: { before: '1.0.6' } },
      fails: 'answer-for-nobody',
      why: 'nft leaves the target out: what is loaded is a rule that does nothing.',
      differs: 'the fix is lost when rules are saved by nft list ruleset.',
    },
    {
      when: { 'ct-target': target },
      persisted: 'nft',
      tools: { nft: { since: '1.0.6' } },
      fails: 'translated-by-nobody',
      why: 'nft refuses to load what it has saved: no rule is there, not even the one that translates.',
      differs:
        'rules with CT cannot be loaded from what nft list ruleset saved, nor anything that was saved with them.',
    },
  ] as const

export default defineScenario({
  id: 'conntrack-helper-off',
  title: 'TFTP through NAT stops with the upgrade to a kernel that gives connections no helper by themselves',
  source: {
    title:
      'firewalld issue 1049: Active FTP no longer works (kernel 6.x removed automatic connection tracking helpers)',
    url: 'https://github.com/firewalld/firewalld/issues/1049',
    says: 'As of kernel 6.x /proc/sys/net/netfilter/nf_conntrack_helper is removed',
  },
  drawing: `
  192.168.122.10        192.168.122.1   198.51.100.1           198.51.100.2
  [client] eth0 ─────────────── in0 [router] out0 ───────────────── eth0 [server]
                                MASQUERADE

  The client asks port 69, and the server answers from another one.`,
  needs: ['veth', 'tftp-helper'],

  topology: {
    nodes: {
      client: {
        is: 'a machine that boots by TFTP',
        addresses: { eth0: `${CLIENT}/24` },
        gateway: '192.168.122.1',
      },
      router: {
        is: 'the router',
        addresses: { in0: '192.168.122.1/24', out0: `${OUTSIDE}/24` },
        sysctls: { 'net.ipv4.ip_forward': 1 },
        iptables: { raw: [], nat: ['-A POSTROUTING -o out0 -j MASQUERADE'] },
      },
      server: {
        is: 'the TFTP server',
        addresses: { eth0: `${SERVER}/24` },
        services: [{ protocol: 'udp', port: ECHO }],
      },
    },
    links: [
      ['client:eth0', 'router:in0'],
      ['router:out0', 'server:eth0'],
    ],
  },

  toggles: {
    nf_conntrack_helper: nfConntrackHelper({ node: 'router' }),
    'ct-target': iptablesRules({
      node: 'router',
      summary: 'give what the client sends to these ports the helper of TFTP (iptables)',
      settings: {
        off: [],
        'port-69': [helperFor(TFTP)],
        both: [helperFor(TFTP), helperFor(OTHER_PORT)],
      },
    }),
    'ct-helper': nftTable({
      node: 'router',
      summary: 'give what the client sends to port 69 the helper of TFTP (nftables)',
      table: 'ip own',
      needs: [],
      objects: ['add ct helper ip own tftp { type "tftp" protocol udp; }'],
      chains: {
        prerouting: {
          hook: 'type filter hook prerouting priority 0;',
          rules: [`iifname in0 udp dport ${TFTP} ct helper set "tftp"`],
        },
      },
    }),
  },

  probes: {
    'echo-udp': udp({ from: 'client', to: SERVER, port: ECHO, server: 'server' }),
    'read-69': tftpRead({ ...read, port: TFTP }),
    'read-6969': tftpRead({ ...read, port: OTHER_PORT }),
  },
  controls: ['echo-udp'],

  mechanisms: {
    'answer-for-nobody': {
      title: 'answer from another port, which is a connection of its own',
      where:
        'nf_nat knows the port that was asked; without an expectation of nf_conntrack_tftp the answer is for the router itself, where __udp4_lib_rcv() finds no socket',
      document: 'users need to explicitily assign the helpers to use via nftables or iptables',
      at: 'router:out0',
      proofs: [
        mib('router', 'UdpNoPorts'),
        passed('router:out0', { direction: 'in', protocol: 'udp', from: SERVER, to: OUTSIDE }).andStays(),
        tracked('router', new RegExp(`src=${SERVER} dst=${OUTSIDE} .*src=${OUTSIDE} dst=${SERVER}`)),
        passed('client:eth0', { direction: 'in', protocol: 'udp', from: SERVER, to: CLIENT }).missing(),
      ],
    },
    'translated-by-nobody': {
      title: 'request with an address that the server has no route to',
      where:
        'the router forwards the request as it is, and for the answer ip_route_output_flow() finds no route on the server: udp_sendmsg() returns ENETUNREACH',
      document: 'users need to explicitily assign the helpers to use via nftables or iptables',
      at: 'server:eth0',
      proofs: [
        passed('server:eth0', { direction: 'in', protocol: 'udp', from: CLIENT, to: SERVER }),
        mib('server', 'IpOutNoRoutes'),
      ],
    },
  },

  audit: {
    node: 'router',
    shape: [
      { fact: 'sysctl net.ipv4.ip_forward', is: '1', as: 'forwarding of IPv4' },
      {
        fact: 'snat {snat}',
        is: 'out (any|!\\S+|{out0}) .* leaving yes by .*',
        as: 'a source NAT for what leaves',
      },
      { fact: 'module nf_conntrack_tftp', as: 'the helper of TFTP' },
    ],
    reads: {
      nf_conntrack_helper: { '1': [{ fact: 'sysctl net.netfilter.nf_conntrack_helper', is: '1' }] },
      'ct-target': {
        both: [
          { fact: 'rule iptables\\S* raw \\S+ \\d+', is: '.*--dport 69 -j CT --helper tftp' },
          { fact: 'rule iptables\\S* raw \\S+ \\d+', is: '.*--dport (?!69 )\\d+ -j CT --helper tftp' },
        ],
        'port-69': [{ fact: 'rule iptables\\S* raw \\S+ \\d+', is: '.*--dport 69 -j CT --helper tftp' }],
      },
      'ct-helper': { on: [{ fact: 'rule nft .*', is: '.*-j CT HELPER .*tftp.*' }] },
    },
    if: ['who is behind this NAT reads by TFTP'],
    probes: ['read-69'],
  },

  expect: {
    'echo-udp': [{ works: 'An answer from the port that was asked needs no helper.', ...WORKS }],
    'read-69': [
      ...saved(['port-69', 'both']),
      {
        when: { 'ct-target': ['port-69', 'both'] },
        works: 'The helper expects the answer, from whatever port of the server.',
        ...WORKS,
      },
      {
        when: { 'ct-helper': 'on' },
        works: 'The helper expects the answer, from whatever port of the server.',
        ...WORKS,
      },
      {
        when: { nf_conntrack_helper: '1' },
        before: CONNTRACK_HELPER_SYSCTL_REMOVED,
        works: 'Port 69 is what the helper is registered for, and connections to it get it by themselves.',
        ...WORKS,
      },
      {
        fails: 'answer-for-nobody',
        why: 'No helper is given to the connection, so nobody expects an answer from another port.',
      },
    ],
    'read-6969': [
      ...saved('both'),
      {
        when: { 'ct-target': 'both' },
        works: 'A rule gives the helper to any port that it names.',
        ...WORKS,
      },
      {
        fails: 'answer-for-nobody',
        why: 'No helper is given to the connection: nothing but its port tells what protocol it is.',
      },
    ],
  },

  experiments: [
    {
      title: 'rules that give the helper',
      fixes: [{ 'ct-target': 'port-69' }, { 'ct-target': 'both' }, { 'ct-helper': 'on' }],
    },
    { title: 'the sysctl, until 6.0', fixes: [{ nf_conntrack_helper: '1' }] },
  ],
})
