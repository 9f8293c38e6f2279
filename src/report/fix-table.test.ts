import t from 'tap'
import { painter } from '../base/colour.js'
import { fixGrid } from './fix-grid.js'
import { fixTable } from './fix-table.js'
import { fixLines, signOf } from './fix-words.js'
import { everyVerdict, recorded, scenario, trial } from './synthetic.fixture.js'

type Trial = ReturnType<typeof trial>
const TOGGLES = { hairpin: 'off', promisc: 'off', strict: '0' }
const CHANGE = {
  commit: '751de2012eaf',
  title: 'a change',
  since: '6.9',
  has: true,
  url: 'https://example.org/',
}
const one = (
  phase: Trial['phase'],
  probe: string,
  outcome: 'works' | 'fails',
  fix: Record<string, string> = {},
  more: Partial<Trial> = {},
): Trial =>
  trial('confirmed', phase, {
    probe,
    outcome,
    expected: outcome,
    toggles: { ...TOGGLES, ...(phase === 'fixed' ? fix : {}), ...more.toggles },
    ...(phase === 'fixed' || phase === 'reverted' ? { fix } : {}),
    ...more,
  })
const of = (...trials: readonly Trial[]) => scenario('one', 'confirmed', trials)
const lines = (...trials: readonly Trial[]) =>
  fixLines(of(...trials)).map(line => `${signOf(line)} ${line.text}`)
const plain = painter({ isTTY: false }, {})
const grid = (columns: number, ...trials: readonly Trial[]) =>
  fixGrid(fixTable(of(...trials)), columns, plain)

const FAILS = one('broken', 'own-tcp', 'fails')

t.test('first what breaks, then what repairs it, in a line each', async test => {
  test.strictSame(
    lines(
      one('control', 'other-tcp', 'works'),
      FAILS,
      one('fixed', 'own-tcp', 'works', { hairpin: 'on' }),
      one('fixed', 'own-tcp', 'fails', { promisc: 'on' }, { verdict: 'changed', change: CHANGE }),
    ),
    [
      '✕ own-tcp fails, as documented',
      '✓ hairpin=on repairs own-tcp',
      '– promisc=on does not, since 751de2012eaf',
    ],
  )
})

t.test('a fix whose rules were saved and loaded has a row for each way', async test => {
  const toggles = { promisc: 'on' }
  const saved = (persisted: 'nft' | 'iptables-save', outcome: 'works' | 'fails') =>
    one('persisted', 'own-tcp', outcome, {}, { toggles, fix: toggles, persisted })
  const table = grid(
    80,
    FAILS,
    one('fixed', 'own-tcp', 'works', toggles),
    saved('iptables-save', 'works'),
    saved('nft', 'fails'),
  )
  test.match(
    table.join('\n'),
    /^ *promisc=on +✓ works\n *promisc=on, saved by iptables-save +✓ works\n *promisc=on, saved by nft +✕ fails/m,
  )
})

t.test(
  'of two fixes that do the same the one that sets less is told of; both are in the table',
  async test => {
    const trials = [
      FAILS,
      one('fixed', 'own-tcp', 'works', { hairpin: 'on' }),
      one('fixed', 'own-tcp', 'works', { hairpin: 'on', promisc: 'on' }),
    ]
    test.strictSame(lines(...trials).slice(1), ['✓ hairpin=on repairs own-tcp'])
    test.match(grid(80, ...trials).join('\n'), /^hairpin=on, promisc=on +✓ works$/m)
  },
)

t.test('what a fix leaves broken, and what fails with it alone, is said', async test => {
  test.strictSame(
    lines(
      one('broken', 'ping', 'fails'),
      one('broken', 'tcp', 'fails'),
      one('broken', 'lan', 'works'),
      one('fixed', 'ping', 'works', { hairpin: 'on' }),
      one('fixed', 'tcp', 'fails', { hairpin: 'on' }),
      one('fixed', 'lan', 'fails', { hairpin: 'on' }),
    ),
    ['✕ ping and tcp fail, as documented', '✓ hairpin=on repairs ping, not tcp; lan fails with it'],
  )
})

t.test('what did not come out as it must is marked, and said', async test => {
  const trials = [
    FAILS,
    one('fixed', 'own-tcp', 'fails', { hairpin: 'on' }, { verdict: 'regressed', expected: 'works' }),
    one('reverted', 'own-tcp', 'works', { hairpin: 'on' }, { verdict: 'unexpected-pass', expected: 'fails' }),
  ]
  test.strictSame(lines(...trials).slice(-2), [
    '! own-tcp fails with hairpin=on, and must not',
    '! own-tcp works after hairpin=on, and must not',
  ])
  test.strictSame(grid(80, ...trials), [
    '                  own-tcp',
    'as documented     ✕ fails',
    'hairpin=on        ✕ fails!',
    'after hairpin=on  ✓ works!',
    '! must come out otherwise',
  ])
})

t.test('an attack gets through or is kept out, and is never said to work', async test => {
  const attack = { attack: true } as const
  const trials = [
    one('broken', 'stranger', 'fails', {}, attack),
    one('fixed', 'stranger', 'works', { strict: '1' }, attack),
  ]
  test.strictSame(lines(...trials), [
    '✕ stranger gets through, as documented',
    '✓ strict=1 keeps out stranger',
  ])
  test.match(grid(80, ...trials), [
    '               stranger',
    'as documented  ✕ reached',
    'strict=1       ✓ refused',
  ])
})

t.test(
  'experiments that come out alike are one row; where they do not, it is said what was given',
  async test => {
    const given = (strict: string) => ({ toggles: { ...TOGGLES, strict }, experiment: `strict ${strict}` })
    const both = (outcome: 'works' | 'fails') => [
      FAILS,
      one('fixed', 'own-tcp', 'works', { hairpin: 'on' }),
      one('broken', 'own-tcp', 'fails', {}, given('1')),
      one('fixed', 'own-tcp', outcome, { hairpin: 'on' }, given('1')),
    ]
    test.strictSame(
      fixTable(of(...both('works'))).rows.map(({ fix, given: with_ }) => [fix, with_]),
      [
        [[], []],
        [['hairpin=on'], []],
      ],
    )
    test.match(grid(80, ...both('fails')).join('\n'), /^hairpin=on, with strict=1 +✕ fails$/m)
    test.strictSame(lines(...both('fails')).slice(1), [
      '✓ hairpin=on repairs own-tcp',
      '– hairpin=on with strict=1 does not',
    ])
  },
)

t.test('the table is as wide as there is room: names are broken, then they are letters', async test => {
  const probes = ['a-long-name-of-a-probe', 'another-long-name', 'a-third-long-name', 'a-fourth-one']
  const trials = probes.flatMap(probe => [
    one('broken', probe, 'fails'),
    one('fixed', probe, 'works', { hairpin: 'on' }),
  ])
  for (const columns of [200, 120, 80, 60, 40]) {
    const drawn = grid(columns, ...trials)
    test.strictSame(
      drawn.filter(line => line.length > columns),
      [],
      `${columns} columns`,
    )
  }
  test.match(grid(200, ...trials)[0], /a-long-name-of-a-probe {2}another-long-name/)
  test.match(grid(70, ...trials).join('\n'), /^ +probe +name +name +one$/m)
  test.match(grid(40, ...trials).join('\n'), /^hairpin=on +✓ +✓ +✓ +✓$/m)
  test.match(grid(40, ...trials).join('\n'), /a a-long-name-of-a-probe/)
})

t.test('every scenario of any report has a table that fits, and green is nothing that fails', async test => {
  const coloured = painter({ isTTY: true }, {})
  for (const report of [recorded, everyVerdict])
    for (const found of report.scenarios) {
      const lines = fixGrid(fixTable(found), 76, coloured)
      test.equal(lines.length === 0, found.trials.length === 0, found.id)
      test.strictSame(
        lines.filter(line => line.includes('\u001b[32m✕')),
        [],
      )
    }
})
