import {
  attack,
  bridgeNfCallIptables,
  chainPolicy,
  counted,
  defineScenario,
  iptablesRules,
  mib,
  neighbourPing,
  nfCallIptables,
  passed,
  ping,
  whoHas,
} from '../../src/index.js'

const VM = '192.168.1.10'
const VM6 = 'fd00:1::10'
const LAN = '192.168.1.20'
const LAN6 = 'fd00:1::20'
const HOST = '192.168.1.1'
const CONTAINER = '172.17.0.2'
const POLICY = ':FORWARD DROP'
const DOCUMENT = 'all IPv6 multicast packets don’t make it through the bridge'

const NO_DAD = { 'net.ipv6.conf.default.accept_dad': 0, 'net.ipv6.conf.default.dad_transmits': 0 }
/** What Docker loads, as far as packets that have nothing to do with it come by. */
const DOCKER = [
  '-P FORWARD DROP',
  '-A FORWARD -j DOCKER-USER',
  '-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
  '-A FORWARD -i docker0 ! -o docker0 -j ACCEPT',
  '-A DOCKER-USER -j RETURN',
]

/** A rule of both families in the chain that Docker leaves to its user. */
const inBoth = (words: string) =>
  (['iptables', 'ip6tables'] as const).map(set => ({
    set,
    table: 'filter',
    chain: 'DOCKER-USER',
    words: words.split(' '),
  }))

/**
 * What becomes of `-m physdev`, which nftables has no words for, when it is saved by `nft list ruleset`: 0.9.8 leaves the rule out, 1.0.6
 * and later list `xt match physdev` and refuse to load that, and all that was saved with it.
 */
const UNSPEAKABLE = { when: { 'docker-user': 'bridged' }, persisted: 'nft' } as const
const LEFT_OUT = {
  ...UNSPEAKABLE,
  tools: { nft: { before: '1.0.6' } },
  why: 'nft leaves the rule out: what is loaded has Docker’s policy, and nothing before it.',
  differs: 'the fix is lost when rules are saved by nft list ruleset.',
} as const

/** What no fix may change: the neighbours that everything looks wired by, the host, and what Docker’s policy is for. */
const GUARDS = ['arp', 'host-ping', 'lan-to-container'] as const

export default defineScenario({
  id: 'bridged-forward-drop',
  title: 'Docker’s FORWARD policy cuts a host’s virtual machines off from the LAN that they are bridged to',
  source: {
    title: 'moby issue 48365: Docker IPv6 (ip6tables) support breakes unrelated bridges',
    url: 'https://github.com/moby/moby/issues/48365',
    says: "all IPv6 multicast packets don't make it through the bridge",
  },
  drawing: `
  192.168.1.10, fd00:1::10                              192.168.1.20, fd00:1::20
  [vm] eth0 ────────── vnet0 ─┐ br0 [host] ┌─ eth0 ───── eth0 [lan]
                              └────────────┘
                              192.168.1.1
                                   docker0 ── veth0 ──── eth0 [container]
                                   172.17.0.1            172.17.0.2
                              FORWARD: policy DROP (Docker)`,
  needs: ['veth', 'bridge', 'br-netfilter', 'ipv6'],

  topology: {
    nodes: {
      vm: {
        is: 'a virtual machine of the host’s',
        ipv6: true,
        addresses: { eth0: [`${VM}/24`, `${VM6}/64 nodad`] },
        sysctls: NO_DAD,
      },
      host: {
        is: 'a host with virtual machines, and with Docker',
        ipv6: true,
        bridges: { br0: { ports: ['vnet0', 'eth0'] }, docker0: { ports: ['veth0'] } },
        addresses: { br0: `${HOST}/24`, docker0: '172.17.0.1/16' },
        sysctls: { ...NO_DAD, 'net.ipv4.ip_forward': 1 },
        iptables: { filter: DOCKER },
        ip6tables: { filter: DOCKER },
      },
      lan: {
        is: 'a host on the LAN, with a route to the containers',
        ipv6: true,
        addresses: { eth0: [`${LAN}/24`, `${LAN6}/64 nodad`] },
        routes: [`172.17.0.0/16 via ${HOST}`],
        sysctls: NO_DAD,
      },
      container: { is: 'a container', addresses: { eth0: `${CONTAINER}/16` }, gateway: '172.17.0.1' },
    },
    links: [
      ['vm:eth0', 'host:vnet0'],
      ['host:eth0', 'lan:eth0'],
      ['container:eth0', 'host:veth0'],
    ],
  },

  toggles: {
    policy: chainPolicy({
      node: 'host',
      table: 'filter',
      chain: 'FORWARD',
      sets: ['iptables', 'ip6tables'],
      first: 'DROP',
    }),
    'bridge-nf-call-iptables': bridgeNfCallIptables({ node: 'host', first: '1' }),
    'bridge-nf-call-ip6tables': bridgeNfCallIptables({ node: 'host', first: '1', family: 'inet6' }),
    nf_call_iptables: nfCallIptables({ node: 'host', bridge: 'br0' }),
    nf_call_ip6tables: nfCallIptables({ node: 'host', bridge: 'br0', family: 'inet6' }),
    'docker-user': iptablesRules({
      node: 'host',
      summary: 'what the user lets pass before Docker’s own rules, for IPv4 and IPv6',
      settings: {
        nothing: [],
        bridge: inBoth('-i br0 -o br0 -j ACCEPT'),
        bridged: inBoth('-m physdev --physdev-is-bridged -j ACCEPT'),
        established: inBoth('-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT'),
      },
    }),
  },

  probes: {
    arp: whoHas({
      from: 'vm',
      device: 'eth0',
      source: VM,
      who: LAN,
      speaker: { node: 'lan', device: 'eth0', address: LAN },
      others: [{ node: 'host', device: 'br0', address: HOST }],
    }),
    'host-ping': ping({ from: 'vm', to: HOST, server: 'host' }),
    'lan-ping': ping({ from: 'vm', to: LAN, server: 'lan' }),
    'lan-ping6': neighbourPing({
      from: 'vm',
      device: 'eth0',
      to: { node: 'lan', device: 'eth0' },
      startsWith: 'fd00:1:',
    }),
    'lan-to-container': attack(ping({ from: 'lan', to: CONTAINER, server: 'container' })),
  },
  controls: ['arp', 'host-ping'],

  mechanisms: {
    'bridged-packet-dropped': {
      title: 'bridged packet that no rule of FORWARD was written for',
      where:
        'br_nf_forward_ip() hands the bridged packet to the FORWARD hook of IPv4, where the policy of iptables drops it',
      document: DOCUMENT,
      at: 'host:br0',
      proofs: [
        counted('host', 'filter', POLICY),
        mib('vm', 'IcmpOutEchos').andStays(),
        passed('lan:eth0', { direction: 'in', protocol: 'icmp', from: VM, to: LAN }).missing(),
      ],
    },
    'solicitation-dropped': {
      title: 'neighbour solicitation that no rule of FORWARD was written for',
      where:
        'br_nf_forward_ip() hands neighbour solicitations, which are IPv6 packets, to the FORWARD hook of IPv6, where the policy of ip6tables drops them',
      document: DOCUMENT,
      at: 'host:br0',
      proofs: [
        counted('host', 'filter', POLICY, 'ip6tables'),
        mib('vm', 'Icmp6OutNeighborSolicits').andStays(),
        mib('lan', 'Icmp6InNeighborSolicits').still(),
      ],
    },
    'routed-packet-dropped': {
      title: 'packet to a container that the host does not forward',
      where: 'ip_forward() asks the FORWARD hook, where the policy of iptables drops what no rule lets pass',
      document: 'Docker IPv6 (ip6tables) support breakes unrelated bridges',
      at: 'host:br0',
      proofs: [
        counted('host', 'filter', POLICY),
        passed('host:br0', { direction: 'in', protocol: 'icmp', from: LAN, to: CONTAINER }),
        passed('container:eth0', { direction: 'in', protocol: 'icmp', from: LAN, to: CONTAINER }).missing(),
      ],
    },
    'forwarded-to-anybody': {
      title: 'host that forwards for anybody',
      where: 'ip_forward() sends on what the FORWARD hook lets pass: Docker has switched forwarding on',
      document: 'Docker IPv6 (ip6tables) support breakes unrelated bridges',
      at: 'host:docker0',
      proofs: [passed('container:eth0', { direction: 'in', protocol: 'icmp', from: LAN, to: CONTAINER })],
    },
  },

  audit: {
    node: 'host',
    shape: [
      { fact: 'policy iptables\\S* filter FORWARD', is: 'DROP at .*', as: 'a FORWARD policy DROP' },
      { fact: 'link {br0} kind', is: 'bridge', as: 'a bridge' },
      { fact: 'link {br0} ports', is: { atLeast: 2 }, as: 'a bridge with two ports' },
      { fact: 'sysctl net.bridge.bridge-nf-call-iptables', as: 'br_netfilter' },
    ],
    reads: {
      policy: {},
      'docker-user': {
        bridge: [
          { packet: { hook: 'FORWARD', in: '{br0}', out: '{br0}', ct: 'NEW' }, becomes: 'ACCEPT' },
          {
            packet: { hook: 'FORWARD', family: 'ip6', in: '{br0}', out: '{br0}', ct: 'NEW' },
            becomes: '(policy )?ACCEPT|none',
          },
        ],
        bridged: [
          {
            packet: { hook: 'FORWARD', in: '{br0}', out: '{br0}', ct: 'NEW', bridged: true },
            becomes: 'ACCEPT',
          },
          {
            packet: { hook: 'FORWARD', family: 'ip6', in: '{br0}', out: '{br0}', ct: 'NEW', bridged: true },
            becomes: '(policy )?ACCEPT|none',
          },
        ],
      },
    },
  },

  expect: {
    arp: [{ works: 'ARP is no IP: only arptables is asked, and the neighbour resolves.', answeredBy: LAN }],
    'host-ping': [{ works: 'What is for the host itself comes by INPUT.', answeredBy: HOST, serverSaw: VM }],
    'lan-ping': [
      { ...LEFT_OUT, fails: 'bridged-packet-dropped' },
      { when: { policy: 'ACCEPT' }, works: 'Nothing drops it.', answeredBy: LAN, serverSaw: VM },
      {
        when: { 'docker-user': ['bridge', 'bridged'] },
        works: 'A rule was written for bridged packets, before the policy.',
        answeredBy: LAN,
        serverSaw: VM,
      },
      {
        when: { 'bridge-nf-call-iptables': '0', nf_call_iptables: '0' },
        works: 'Bridged IPv4 packets are not shown to iptables.',
        answeredBy: LAN,
        serverSaw: VM,
      },
      {
        fails: 'bridged-packet-dropped',
        why: 'Docker’s rules are for containers; what is only bridged falls through to the policy.',
      },
    ],
    'lan-ping6': [
      { ...LEFT_OUT, fails: 'solicitation-dropped' },
      { when: { policy: 'ACCEPT' }, works: 'Nothing drops it.', answeredBy: LAN6 },
      {
        when: { 'docker-user': ['bridge', 'bridged'] },
        works: 'A rule was written for bridged packets, before the policy.',
        answeredBy: LAN6,
      },
      {
        when: { 'bridge-nf-call-ip6tables': '0', nf_call_ip6tables: '0' },
        works: 'Bridged IPv6 packets are not shown to ip6tables.',
        answeredBy: LAN6,
      },
      {
        fails: 'solicitation-dropped',
        why: 'The policy drops the question who has the address, and with it everything that would come after.',
      },
    ],
    'lan-to-container': [
      {
        ...UNSPEAKABLE,
        tools: { nft: { since: '1.0.6' } },
        reached: 'forwarded-to-anybody',
        why: 'nft refuses to load what it has saved: no rule and no policy is there, and the LAN reaches every container.',
        differs:
          'rules with physdev cannot be loaded from what nft list ruleset saved, nor anything that was saved with them.',
      },
      {
        when: { policy: 'ACCEPT' },
        reached: 'forwarded-to-anybody',
        why: 'The policy was there because Docker has made a router of the host: without it, the LAN reaches every port of every container.',
      },
      {
        refused: 'routed-packet-dropped',
        why: 'It is routed, not bridged, and nobody has published the container’s address.',
      },
    ],
  },

  experiments: [
    {
      title: 'rules, policy, and one family alone',
      fixes: [
        { 'docker-user': 'bridge' },
        { 'docker-user': 'bridged' },
        { 'docker-user': 'established' },
        { policy: 'ACCEPT' },
        { 'bridge-nf-call-iptables': '0', 'bridge-nf-call-ip6tables': '0' },
        { 'bridge-nf-call-iptables': '0' },
      ],
      guards: GUARDS,
    },
    {
      title: 'the bridge’s own options are OR-ed with the sysctls',
      given: { nf_call_iptables: '1', nf_call_ip6tables: '1' },
      fixes: [
        { nf_call_iptables: '0', nf_call_ip6tables: '0' },
        { 'bridge-nf-call-iptables': '0', 'bridge-nf-call-ip6tables': '0' },
        {
          nf_call_iptables: '0',
          nf_call_ip6tables: '0',
          'bridge-nf-call-iptables': '0',
          'bridge-nf-call-ip6tables': '0',
        },
      ],
      guards: ['arp', 'host-ping'],
    },
  ],
})
