import t from 'tap'
import { parseNft } from './nft-json.js'
import { fits, type KnownPacket, parseSaved } from './rules.js'

/** Whether each rule of a chain fits a packet. */
function saved(rules: readonly string[], packet: KnownPacket) {
  const text = [
    '*filter',
    ':FORWARD ACCEPT [0:0]',
    ...rules.map(rule => `-A FORWARD ${rule}`),
    'COMMIT',
  ].join('\n')
  return parseSaved(text, 'iptables', 'ip')[0]?.rules.map(rule => fits(rule, packet))
}

t.test(
  'what only counts or remembers fits whatever comes, and what only may fit does not surely',
  async test => {
    const packet = { in: 'eth0', ct: 'INVALID', proto: 'tcp' }
    test.same(
      saved(
        [
          // kube-proxy, since 1.31
          '-m conntrack --ctstate INVALID -m nfacct --nfacct-name ct_state_invalid_dropped_pkts -j DROP',
          '-p tcp -m recent --set --name KUBE-SEP-A --mask 255.255.255.255 --rsource -m tcp -j DNAT --to-destination 10.0.0.2:80',
          '-m recent --rcheck --seconds 10800 --reap --name KUBE-SEP-A --mask 255.255.255.255 --rsource -j KUBE-SEP-A',
          '-m statistic --mode random --probability 0.50000000000 -j KUBE-SEP-A',
          '! -i eth0 -m nfacct --nfacct-name x -j DROP',
        ],
        packet,
      ),
      ['yes', 'yes', 'maybe', 'maybe', 'no'],
    )
  },
)

/** The rules of the one chain of a table of nftables, from expressions of `nft -j`. */
function listed(rules: readonly unknown[][], sets: readonly unknown[] = []) {
  const table = { family: 'ip', table: 'own' }
  const nftables = [
    { chain: { ...table, name: 'fwd', hook: 'forward', prio: 0, type: 'filter', policy: 'accept' } },
    ...sets,
    ...rules.map(expr => ({ rule: { ...table, chain: 'fwd', expr } })),
  ]
  return parseNft(JSON.stringify({ nftables }), new Set()).flatMap(chain => chain.rules)
}
const saddr = { payload: { protocol: 'ip', field: 'saddr' } }
const iifname = { meta: { key: 'iifname' } }
const named = (kind: string, name: string, elem: readonly unknown[]) => ({
  [kind]: { family: 'ip', table: 'own', name, elem },
})

t.test('a verdict map is a rule for each of its elements, what is for the rest last', async test => {
  const rules = listed(
    [
      [{ vmap: { key: iifname, data: '@jumps' } }],
      [
        {
          vmap: {
            key: { concat: [saddr, { meta: { key: 'l4proto' } }] },
            data: { set: [[{ concat: ['192.0.2.1', 'tcp'] }, { goto: { target: 'web' } }]] },
          },
        },
      ],
      [{ vmap: { key: iifname, data: '@nobody-knows' } }],
    ],
    [
      named('map', 'jumps', [
        ['*', { drop: null }],
        [{ elem: { val: 'docker0', counter: {} } }, { jump: { target: 'in__docker0' } }],
      ]),
    ],
  )
  test.same(
    rules.map(({ position, text, goto }) => [position, text, goto]),
    [
      [1, '-i docker0 -j in__docker0', false],
      [2, '-j DROP', false],
      [3, '-s 192.0.2.1 -p tcp -j web', true],
      [4, 'vmap', false],
    ],
  )
})

t.test(
  'a set is its elements: addresses, prefixes and ranges; one that is not listed may have anything',
  async test => {
    const sets = [
      named('set', 'allowed', [
        { prefix: { addr: '10.0.0.0', len: 8 } },
        { range: ['192.0.2.10', '192.0.2.20'] },
        { elem: { val: '203.0.113.7', expires: 5 } },
      ]),
    ]
    const match = (right: unknown) => [{ match: { op: '==', left: saddr, right } }, { accept: null }]
    const [known, unknown] = listed([match('@allowed'), match('@nobody-knows')], sets)
    const answers = [
      '10.9.9.9',
      '192.0.2.9',
      '192.0.2.10',
      '192.0.2.20',
      '192.0.2.21',
      '203.0.113.7',
      '192.0.2.0/24',
    ].map(src => known && fits(known, { src }))
    test.same(answers, ['yes', 'no', 'yes', 'yes', 'no', 'yes', 'no'])
    test.equal(unknown && fits(unknown, { src: '10.9.9.9' }), 'maybe')
  },
)

t.test('of a mark the bits that are asked for count, and what else is masked is not known', async test => {
  const masked = (key: unknown, mask: number, value: number) => [
    { match: { op: '==', left: { '&': [key, mask] }, right: value } },
    { accept: null },
  ]
  const [mark, port] = listed([
    masked({ meta: { key: 'mark' } }, 0x4000, 0x4000),
    masked({ payload: { protocol: 'tcp', field: 'dport' } }, 1, 1),
  ])
  test.same(
    ['0x4001', '0x1'].map(value => mark && fits(mark, { mark: value })),
    ['yes', 'no'],
  )
  test.equal(port && fits(port, { proto: 'tcp', dport: '80' }), 'maybe')
})
