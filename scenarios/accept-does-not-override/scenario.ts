import {
  attack,
  chainPolicy,
  counted,
  defineScenario,
  dropped,
  iptablesRules,
  nftCounted,
  nftTables,
  passed,
  ping,
  ruleToggle,
} from '../../src/index.js'

const VM = '192.168.122.10'
const GATEWAY = '192.168.122.1'
const HOST = '192.168.1.1'
const LAN = '192.168.1.20'
const POLICY = ':FORWARD DROP'
const TABLE = 'ip own'
const CHAIN = `${TABLE} forward`
const MARK = '0x1'
const DOCUMENT =
  'An iptables chain with FORWARD policy DROP will drop packets that have been accepted by Docker’s nftables rules'

const hookAt = (priority: number) => `type filter hook forward priority ${priority};`
const ACCEPT = 'iifname virbr0 counter accept'
const SET_MARK = `iifname virbr0 counter meta mark set ${MARK}`

const arrives = passed('host:virbr0', { direction: 'in', protocol: 'icmp', from: VM, to: LAN })
/** What the policy shows, whoever accepted the packet before or would have after. */
const policyDrops = [
  counted('host', 'filter', POLICY),
  arrives.andStays(),
  passed('lan:eth0', { direction: 'in', protocol: 'icmp', from: VM, to: LAN }).missing(),
  dropped('host:virbr0', { from: VM, to: LAN, in: /^(nft_do_chain|nf_hook_slow)/ }),
] as const

export default defineScenario({
  id: 'accept-does-not-override',
  title: 'What one table of the firewall accepts, another one’s policy drops',
  source: {
    title: 'Docker with nftables (Docker Docs)',
    url: 'https://docs.docker.com/engine/network/firewall-nftables/',
    says: 'In nftables, an "accept" rule is not final. It terminates processing for its base chain, but the accepted packet will still be processed by other base chains, which may drop it.',
  },
  drawing: `
  192.168.122.10      192.168.122.1   192.168.1.1           192.168.1.20
  [vm] eth0 ───────────── virbr0 [host] eth0 ──────────────── eth0 [lan]
                  table ip own: accept
                  iptables FORWARD: policy DROP`,
  needs: ['veth', 'nft-mark'],

  topology: {
    nodes: {
      vm: { is: 'a virtual machine', addresses: { eth0: `${VM}/24` }, gateway: GATEWAY },
      host: {
        is: 'its host, with two firewalls',
        addresses: { virbr0: `${GATEWAY}/24`, eth0: `${HOST}/24` },
        sysctls: { 'net.ipv4.ip_forward': 1 },
        iptables: {
          filter: [
            '-P FORWARD DROP',
            '-A FORWARD -j DOCKER-USER',
            '-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
            '-A DOCKER-USER -j RETURN',
          ],
        },
      },
      lan: {
        is: 'a host on the LAN, with a route to the virtual machines',
        addresses: { eth0: `${LAN}/24` },
        routes: [`192.168.122.0/24 via ${HOST}`],
      },
    },
    links: [
      ['vm:eth0', 'host:virbr0'],
      ['host:eth0', 'lan:eth0'],
    ],
  },

  toggles: {
    'own-table': nftTables({
      node: 'host',
      summary: 'what a table of nftables beside iptables does, and at which priority',
      table: TABLE,
      needs: [],
      settings: {
        accept: { forward: { hook: hookAt(0), rules: [ACCEPT] } },
        'accept-before': { forward: { hook: hookAt(-10), rules: [ACCEPT] } },
        'accept-after': { forward: { hook: hookAt(10), rules: [ACCEPT] } },
        'mark-before': { forward: { hook: hookAt(-10), rules: [SET_MARK] } },
        'mark-after': { forward: { hook: hookAt(10), rules: [SET_MARK] } },
        none: {},
      },
    }),
    policy: chainPolicy({ node: 'host', table: 'filter', chain: 'FORWARD', first: 'DROP' }),
    'docker-user': iptablesRules({
      node: 'host',
      summary: 'the accept in the chain that Docker’s own FORWARD asks first',
      settings: {
        off: [],
        on: [{ table: 'filter', chain: 'DOCKER-USER', words: ['-i', 'virbr0', '-j', 'ACCEPT'] }],
      },
    }),
    'accept-fwmark': ruleToggle({
      node: 'host',
      summary: 'accept what is marked (dockerd --bridge-accept-fwmark)',
      table: 'filter',
      chain: 'FORWARD',
      position: 1,
      rules: { off: null, on: `-m mark --mark ${MARK} -j ACCEPT`.split(' ') },
    }),
    'other-iptables': iptablesRules({
      node: 'host',
      summary: 'the accept in FORWARD of the other iptables: legacy beside nft, nft beside legacy',
      settings: {
        off: [],
        on: [
          {
            set: 'otherIptables',
            table: 'filter',
            chain: 'FORWARD',
            words: ['-i', 'virbr0', '-j', 'ACCEPT'],
          },
        ],
      },
    }),
  },

  probes: {
    'host-ping': ping({ from: 'vm', to: GATEWAY, server: 'host' }),
    'lan-ping': ping({ from: 'vm', to: LAN, server: 'lan' }),
    'lan-to-vm': attack(ping({ from: 'lan', to: VM, server: 'vm' })),
  },
  controls: ['host-ping'],

  mechanisms: {
    'accepted-and-dropped': {
      title: 'packet that one table’s accept did not save from another one’s policy',
      where: 'nf_hook_slow() goes on to the next base chain after NF_ACCEPT, and ends at the first NF_DROP',
      document: DOCUMENT,
      at: 'host:virbr0',
      proofs: policyDrops,
    },
    'accepted-before': {
      title: 'packet that was accepted, and then dropped by a policy',
      where: 'nf_hook_slow() goes on to the next base chain after NF_ACCEPT, and ends at the first NF_DROP',
      document: DOCUMENT,
      at: 'host:virbr0',
      proofs: [nftCounted('host', CHAIN, 1).andStays(), ...policyDrops],
    },
    'dropped-before': {
      title: 'packet that was dropped before the table that accepts was asked',
      where: 'nf_hook_slow() ends at the first NF_DROP: base chains of a higher priority are not asked',
      document: DOCUMENT,
      at: 'host:virbr0',
      proofs: [nftCounted('host', CHAIN, 1).still(), ...policyDrops],
    },
    'stranger-dropped': {
      title: 'stranger’s packet that no rule lets pass',
      where: 'ip_forward() asks the FORWARD hook, where the policy of iptables drops it',
      document: 'the accepted packet will still be processed by other base chains, which may drop it',
      at: 'host:eth0',
      proofs: [
        counted('host', 'filter', POLICY),
        passed('host:eth0', { direction: 'in', protocol: 'icmp', from: LAN, to: VM }),
        passed('vm:eth0', { direction: 'in', protocol: 'icmp', from: LAN, to: VM }).missing(),
      ],
    },
    'stranger-forwarded': {
      title: 'host that forwards for anybody',
      where: 'ip_forward() sends on what the FORWARD hook lets pass',
      document: 'the accepted packet will still be processed by other base chains, which may drop it',
      at: 'host:eth0',
      proofs: [passed('vm:eth0', { direction: 'in', protocol: 'icmp', from: LAN, to: VM })],
    },
  },

  audit: {
    node: 'host',
    shape: [
      { fact: 'policy iptables filter FORWARD', is: 'DROP at .*', as: 'a FORWARD policy DROP' },
      {
        any: [
          [{ fact: 'rule nft {family} {table} {chain} \\d+', is: '-i {virbr0} -j (ACCEPT|MANGLE .*mark.*)' }],
          [{ fact: 'rule iptables-legacy filter FORWARD \\d+', is: '-i {virbr0} -j ACCEPT' }],
        ],
        as: 'an accept in a table that has not the policy',
      },
    ],
    reads: {
      'own-table': {
        'accept-before': [
          { fact: 'policy nft {family} {table} {chain}', is: '\\S+ at FORWARD -\\d+' },
          { fact: 'rule nft {family} {table} {chain} \\d+', is: '.*-j ACCEPT' },
        ],
        'mark-before': [{ fact: 'policy nft {family} {table} {chain}', is: '\\S+ at FORWARD -\\d+' }],
        accept: [
          { fact: 'policy nft {family} {table} {chain}', is: '\\S+ at FORWARD 0' },
          { fact: 'rule nft {family} {table} {chain} \\d+', is: '.*-j ACCEPT' },
        ],
        'accept-after': [
          { fact: 'policy nft {family} {table} {chain}', is: '\\S+ at FORWARD \\d+' },
          { fact: 'rule nft {family} {table} {chain} \\d+', is: '.*-j ACCEPT' },
        ],
        'mark-after': [{ fact: 'policy nft {family} {table} {chain}', is: '\\S+ at FORWARD \\d+' }],
        none: [],
      },
      policy: {},
      'docker-user': {
        on: [{ packet: { hook: 'FORWARD', by: 'iptables', in: '{virbr0}', ct: 'NEW' }, becomes: 'ACCEPT' }],
      },
      'accept-fwmark': {
        on: [{ fact: 'rule iptables filter FORWARD \\d+', is: '-m mark --mark \\S+ -j ACCEPT' }],
      },
      'other-iptables': {
        on: [{ fact: 'rule iptables-legacy filter FORWARD \\d+', is: '-i {virbr0} -j ACCEPT' }],
      },
    },
  },

  expect: {
    'host-ping': [{ works: 'INPUT is another hook.', answeredBy: GATEWAY, serverSaw: VM }],
    'lan-ping': [
      { when: { policy: 'ACCEPT' }, works: 'Nobody drops it.', answeredBy: LAN, serverSaw: VM },
      {
        when: { 'docker-user': 'on' },
        works: 'An accept in the chain that has the policy comes before the policy.',
        answeredBy: LAN,
        serverSaw: VM,
      },
      {
        when: { 'accept-fwmark': 'on', 'own-table': 'mark-before' },
        works: 'A mark, unlike an accept, goes along with the packet to the next table.',
        answeredBy: LAN,
        serverSaw: VM,
      },
      {
        when: { 'own-table': ['accept-after', 'mark-after'] },
        fails: 'dropped-before',
        why: 'Priority 10 comes after the 0 of iptables: there is nothing left to accept, or to mark.',
      },
      {
        when: { 'own-table': ['accept-before', 'mark-before'] },
        fails: 'accepted-before',
        why: 'Its accept ends its own base chain, and nothing else.',
      },
      {
        fails: 'accepted-and-dropped',
        why: 'All base chains of a hook have to let a packet pass; each knows its own rules only.',
      },
    ],
    'lan-to-vm': [
      {
        when: { policy: 'ACCEPT' },
        reached: 'stranger-forwarded',
        why: 'The policy was there for those that no rule is about.',
      },
      { refused: 'stranger-dropped', why: 'Nothing accepts it, and the policy is what it was.' },
    ],
  },

  experiments: [
    {
      title: 'priorities, marks, and the chain that drops',
      fixes: [
        { policy: 'ACCEPT' },
        { 'own-table': 'accept-before' },
        { 'own-table': 'accept-after' },
        { 'docker-user': 'on' },
        { 'accept-fwmark': 'on', 'own-table': 'mark-before' },
        { 'accept-fwmark': 'on', 'own-table': 'mark-after' },
      ],
      guards: ['lan-to-vm'],
    },
    {
      title: 'the other iptables',
      given: { 'own-table': 'none' },
      fixes: [{ 'other-iptables': 'on' }, { 'docker-user': 'on' }],
      guards: ['lan-to-vm'],
    },
  ],
})
