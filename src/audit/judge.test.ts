import fc from 'fast-check'
import t from 'tap'
import { hasChange, type KernelChange } from '../model/change.js'
import { parseKernelVersion } from '../model/version.js'
import { loadCatalogue } from '../plan/catalogue.js'
import { CONTAINER_HOST, type WrittenMachine, writtenFacts } from './facts.fixture.js'
import { judge } from './judge.js'
import { parseNft } from './nft-json.js'
import { parseSaved } from './rules.js'
import { findingChanges } from './upgrade.js'

const { scenarios } = await loadCatalogue()

/** What an audit of a written machine finds of a scenario on a kernel. */
function audited(id: string, machine: WrittenMachine, kernel: string) {
  const version = parseKernelVersion(kernel)
  if (!version) throw new Error(`${kernel} is no version`)
  const has = (change: KernelChange) => hasChange(change, version)
  const scenario = scenarios.find(one => one.id === id)
  return scenario ? judge(scenario, writtenFacts(machine), { has }) : []
}

t.test('a machine’s own names stand in objects and commands', async test => {
  const [found] = audited('bridge-dnat-bounce', CONTAINER_HOST, '6.12.117')
  test.equal(found?.finding, 'exposed')
  test.match(found?.places, [{ 'br-lxc': 'lxcbr0', 'veth-web': 'veth7', '10.0.3.80': '10.9.0.5' }])
  test.match(
    found?.objects.join('\n'),
    /dnat 1: to 10\.9\.0\.5 into lxcbr0 .* by rule iptables nat PREROUTING 1/,
  )
  test.ok(
    found?.repairs.some(({ commands }) => commands.includes('bridge link set dev veth7 hairpin on')),
    JSON.stringify(found?.repairs),
  )
})

t.test(
  'promisc of a bridge holds until 751de2012eaf (6.1.88), and an upgrade says that it is over',
  async test => {
    const now = audited('bridge-dnat-bounce', CONTAINER_HOST, '6.1.87')
    test.match(now, [
      { finding: 'relies on', holders: [{ by: 'promisc=on', facts: ['link lxcbr0 promisc: on'] }] },
    ])
    for (const kernel of ['6.1.88', '6.12.117']) {
      const then = audited('bridge-dnat-bounce', CONTAINER_HOST, kernel)
      test.match(then, [{ finding: 'exposed' }])
      const [change] = findingChanges(now, then, `Linux ${kernel}`)
      test.equal(change?.worse, true)
      test.match(
        change?.change,
        /^you rely on promisc=on \(link lxcbr0 promisc: on\), which does not hold with Linux .*751de2012eaf/,
      )
    }
  },
)

t.test('what could not be read is neither there nor missing', async test => {
  const unread = [['rules', { what: 'iptables-nft-save', why: 'Operation not permitted' }]] as const
  test.match(audited('bridge-dnat-bounce', { ...CONTAINER_HOST, iptables: '', unread }, '6.12'), [
    { finding: 'cannot tell', missing: /iptables-nft-save could not be read: Operation not permitted/ },
  ])
  // What is missing for another reason is missing all the same.
  test.match(audited('stp-forward-delay', { unread }, '6.12'), [
    { finding: 'not concerned', missing: 'a bridge' },
  ])
})

t.test(
  'libvirt’s filter of traffic control computes the checksums of DHCP, as its rule of iptables does',
  async test => {
    const found = (filter: string) =>
      audited(
        'dhcp-checksum',
        {
          configuration: {
            'link virbr0 kind': 'bridge',
            'link vnet0 kind': 'tun',
            'link vnet0 master': 'virbr0',
            'address 192.168.122.1/24 dev virbr0': 'there',
            'listener udp 67': 'there',
            'filter virbr0 1:': filter,
          },
        },
        '6.12',
      )
    test.match(found('protocol ip pref 2 u32 match u32 0x00000044 0x0000ffff at 20 action csum ip and udp'), [
      { finding: 'relies on', holders: [{ by: 'checksum-fill=on', facts: [/^filter virbr0 1:: /] }] },
    ])
    test.match(found('protocol ip pref 2 u32 match u32 0x00000043 0x0000ffff at 20 action csum ip and udp'), [
      { finding: 'exposed' },
    ])
  },
)

t.test(
  'a sysctl that is there and cannot be read is not known, and others of which nothing is there are missing',
  async test => {
    const key = 'net.ipv4.ip_forward'
    const { sysctls: _, ...host } = CONTAINER_HOST
    const unread = [['sysctls', { what: key, why: 'EACCES' }]] as const
    const machine = { ...host, unread, unreadSysctls: [key] }
    test.match(audited('bridge-dnat-bounce', machine, '6.12'), [
      {
        finding: 'cannot tell',
        missing: /^forwarding of IPv4: net\.ipv4\.ip_forward could not be read: EACCES$/,
      },
    ])
    test.match(
      audited('bridge-dnat-bounce', { ...host, unread, unreadSysctls: ['net.ipv4.other'] }, '6.12'),
      [{ finding: 'not concerned', missing: 'forwarding of IPv4' }],
    )
  },
)

t.test('a rule that may be about a packet is no rule that surely is', async test => {
  const rules = (forward: string) => `*filter\n:FORWARD ACCEPT [0:0]\n${forward}\nCOMMIT\n`
  const machine = (forward: string): WrittenMachine => ({
    ...CONTAINER_HOST,
    iptables: `${CONTAINER_HOST.iptables}${rules(forward)}`,
  })
  const found = (forward: string) => audited('conntrack-invalid-rst', machine(forward), '6.12')[0]?.finding
  const base = { 'link ens3 kind': 'other' }
  Object.assign(CONTAINER_HOST.configuration ?? {}, base)
  test.equal(found('-A FORWARD -m conntrack --ctstate INVALID -j DROP'), 'relies on')
  test.equal(found('-A FORWARD -m conntrack --ctstate INVALID -m limit --limit 1/sec -j DROP'), 'exposed')
  test.equal(found('-A FORWARD -o wg0 -m conntrack --ctstate INVALID -j DROP'), 'exposed')
  test.equal(found('-A FORWARD -m conntrack ! --ctstate INVALID -j DROP'), 'exposed')
})

t.test('commands can be pasted, whatever a device is called', async test => {
  const commands = (device: string): string => {
    const configuration = {
      'link lo kind': 'loopback',
      [`link ${device} kind`]: 'vlan',
      [`address 192.0.2.1/24 dev ${device}`]: 'there',
      'address 192.0.2.240/32 dev lo': 'there',
    }
    const sysctls = Object.fromEntries(
      ['all', device].flatMap(place =>
        ['arp_ignore', 'arp_announce'].map(key => [`net/ipv4/conf/${place}/${key}`, '0']),
      ),
    )
    const found = audited('strict-arp-vip', { configuration, sysctls }, '6.12')
    return found.flatMap(({ repairs }) => repairs.flatMap(repair => repair.commands)).join('\n')
  }
  test.match(commands('ens3'), /^sysctl -w net\.ipv4\.conf\.ens3\.arp_ignore=1$/m)
  test.match(commands('ens3.7'), /^sysctl -w net\/ipv4\/conf\/ens3\.7\/arp_ignore=1$/m)
  test.match(commands('$(x)'), /^sysctl -w net\.ipv4\.conf\.'\$\(x\)'\.arp_ignore=1$/m)
})

/** Names and texts that no machine should have, and some do. */
const oddText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom(
    '{br0}',
    '(',
    '[a-',
    '$(x)',
    '..',
    '-',
    '\\',
    'eth0.7',
    'br"0',
    "a'b",
    '*',
    '+',
    '',
    'constructor',
    '__proto__',
    '{',
  ),
)
const oddLine = fc.oneof(
  fc.array(oddText, { maxLength: 6 }).map(words => words.join(' ')),
  fc.constantFrom(
    '*nat',
    ':PREROUTING ACCEPT [0:0]',
    ':A - [0:0]',
    '-A PREROUTING -j A',
    '-A A -j A',
    '-A A -g PREROUTING',
    '-A A ! ! -s',
    '-A PREROUTING -j DNAT --to-destination 999.1.1.1',
    '-A PREROUTING -s "unfinished',
    'COMMIT',
    '-A X -j',
    '-A PREROUTING -j DNAT --to-destination [fd00::1]:80',
    '-A PREROUTING -m',
    '-A A -c 1 2 -j DROP',
    '\0',
    '*',
    ':',
    '-A',
  ),
)

t.test('hostile rule dumps, names and values end in a finding', async test => {
  let findings = 0
  fc.assert(
    fc.property(
      fc.array(oddLine, { maxLength: 30 }),
      fc.dictionary(
        oddText.map(name => `link ${name} kind`),
        fc.constantFrom('bridge', 'veth', 'tun'),
        { maxKeys: 4 },
      ),
      fc.dictionary(
        fc.tuple(oddText, oddText).map(([address, device]) => `address ${address}/24 dev ${device}`),
        oddText,
        { maxKeys: 3 },
      ),
      oddText,
      (lines, links, addresses, value) => {
        const sysctls = {
          'net.ipv4.ip_forward': '1',
          'net.ipv6.conf.all.forwarding': '1',
          'net.ipv4.ip_local_port_range': value,
        }
        const facts = writtenFacts({
          iptables: ['*nat', ':PREROUTING ACCEPT', ...lines].join('\n'),
          configuration: { ...links, ...addresses },
          sysctls,
        })
        for (const scenario of scenarios) findings += judge(scenario, facts, { has: () => true }).length
      },
    ),
    { numRuns: 150 },
  )
  test.ok(findings >= 150 * scenarios.length)
})

t.test('a hostile listing of nft is read, or refused with an error', async test => {
  let [read, refused] = [0, 0]
  const words = fc.constantFrom(
    'nftables',
    'chain',
    'rule',
    'expr',
    'match',
    'left',
    'right',
    'family',
    'table',
    'hook',
    'set',
    'meta',
    'map',
    'vmap',
    'key',
    'data',
    'elem',
    'val',
    'concat',
    '&',
    'op',
    'prefix',
    'range',
    'payload',
    'jump',
    'target',
    'dnat',
    'addr',
    'fib',
    'constructor',
  )
  const tree = fc.letrec(tie => ({
    value: fc.oneof(
      { maxDepth: 6 },
      fc.string(),
      fc.integer(),
      fc.constant(null),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(words, tie('value'), { maxKeys: 4 }),
    ),
  })).value
  fc.assert(
    fc.property(
      fc.oneof(
        tree.map(value => JSON.stringify({ nftables: [value] })),
        fc.string(),
        tree.map(value => JSON.stringify(value)),
      ),
      text => {
        try {
          parseNft(text, new Set())
          read++
        } catch (error) {
          if (!(error instanceof Error)) throw error
          if (error instanceof TypeError) throw error
          refused++
        }
      },
    ),
    { numRuns: 300 },
  )
  test.equal(read + refused >= 300, true)
})

t.test('chains of nft and of iptables come to the same rules', async test => {
  const nft = parseNft(
    JSON.stringify({
      nftables: [
        {
          chain: {
            family: 'inet',
            table: 'own',
            name: 'fwd',
            type: 'filter',
            hook: 'forward',
            prio: -10,
            policy: 'drop',
          },
        },
        {
          rule: {
            family: 'inet',
            table: 'own',
            chain: 'fwd',
            expr: [
              { match: { op: '==', left: { meta: { key: 'iifname' } }, right: 'eth0' } },
              { match: { op: 'in', left: { ct: { key: 'state' } }, right: ['new', 'invalid'] } },
              { counter: { packets: 1, bytes: 2 } },
              { drop: null },
            ],
          },
        },
      ],
    }),
    new Set(['ip', 'ip6', 'bridge']),
  )
  test.match(nft, [
    {
      hook: 'FORWARD',
      priority: -10,
      policy: 'DROP',
      rules: [{ text: '-i eth0 --ctstate NEW,INVALID -j DROP' }],
    },
  ])
  const [own] = parseSaved(
    ':x - [0:0]\n*filter\n:FORWARD DROP [0:0]\n-A FORWARD -i eth0 -m conntrack --ctstate NEW,INVALID -j DROP\n',
    'iptables',
    'ip',
  ).slice(-1)
  test.same([...(own?.rules[0]?.matches ?? [])], [...(nft[0]?.rules[0]?.matches ?? [])])
})
