import fc from 'fast-check'
import t from 'tap'
import { LabError } from '../base/errors.js'
import { noise, runs } from '../base/property.fixture.js'
import { countTests, type KernelTest, readKtap } from './ktap-reader.js'

const text = (...lines: string[]) => `${lines.join('\n')}\n`
const outcomes = (tests: readonly KernelTest[]) => tests.map(({ name, outcome, why }) => [name, outcome, why])

t.test('the directives of a flat KTAP output are told apart', async test => {
  const tests = readKtap(
    text(
      'TAP version 13',
      '1..9',
      '# a diagnostic',
      'ok 1 plain',
      'not ok 2 - with a dash # rcode=1',
      'ok 3 absent # SKIP no veth',
      'not ok 4 absent too # SKIP no dummy',
      'ok 5 # XFAIL known since 5.10',
      'not ok 6 later # TODO',
      'not ok 7 slow # TIMEOUT 30 seconds',
      'not ok 8 broken # ERROR no memory',
      'ok 9 more # rcode=0',
    ),
  )
  test.same(outcomes(tests), [
    ['plain', 'pass', ''],
    ['with a dash', 'fail', 'rcode=1'],
    ['absent', 'skip', 'no veth'],
    ['absent too', 'skip', 'no dummy'],
    ['test 5', 'xfail', 'known since 5.10'],
    ['later', 'xfail', ''],
    ['slow', 'fail', '30 seconds'],
    ['broken', 'error', 'no memory'],
    ['more', 'pass', 'rcode=0'],
  ])
  test.same(countTests(tests), { pass: 2, fail: 2, skip: 2, xfail: 2, error: 1 })
  test.equal(tests[1]?.line, 5)
})

t.test('tests nested by two spaces belong to the result that follows them', async test => {
  const tests = readKtap(
    text(
      'KTAP version 1',
      '1..2',
      '  KTAP version 1',
      '  1..2',
      '    KTAP version 1',
      '    1..1',
      '    not ok 1 innermost',
      '  not ok 1 inner',
      '[   12.5] veth0: a line of the kernel log',
      '  ok 2 other',
      'not ok 1 outer',
      'ok 2 last',
    ),
  )
  test.same(
    tests.map(({ name, subtests }) => [name, subtests.map(inner => inner.name)]),
    [
      ['outer', ['inner', 'other']],
      ['last', []],
    ],
  )
  test.same(countTests(tests), { pass: 2, fail: 1, skip: 0, xfail: 0, error: 0 })
})

t.test('a test that fails though everything inside it passed is counted', async test => {
  const tests = readKtap(text('KTAP version 1', '  KTAP version 1', '  ok 1 a', 'not ok 1 b'))
  test.same(countTests(tests), { pass: 1, fail: 1, skip: 0, xfail: 0, error: 0 })
})

t.test('a plan of nothing with SKIP is one skipped test', async test => {
  test.same(outcomes(readKtap(text('TAP version 13', '1..0 # SKIP not root'))), [
    ['all tests', 'skip', 'not root'],
  ])
})

t.test('the lines of the shell scripts are read, with colours and carriage returns', async test => {
  const tests = readKtap(
    text(
      'IPv4 rp_filter tests',
      '    TEST: rp_filter passes local packets                                [ OK ]',
      '    TEST: rp_filter passes [127.0.0.1]                                  [FAIL]\r',
      'TEST: coloured \u001b[0;32m[XFAIL]\u001b[0m',
      'TEST: absent  [SKIP]',
      'TEST: of no known end [ WHAT ]',
      'Tests passed:   1',
      'Tests failed:   1',
    ),
  )
  test.same(outcomes(tests), [
    ['rp_filter passes local packets', 'pass', ''],
    ['rp_filter passes [127.0.0.1]', 'fail', ''],
    ['coloured', 'xfail', ''],
    ['absent', 'skip', ''],
  ])
})

t.test('TEST: lines are no results where KTAP is', async test => {
  const tests = readKtap(text('TAP version 13', '1..1', 'TEST: inside [FAIL]', 'ok 1 outside'))
  test.same(outcomes(tests), [['outside', 'pass', '']])
})

const refused: [title: string, says: RegExp, ...lines: string[]][] = [
  ['an empty output', /^line 1 .*neither KTAP nor a TEST: line/],
  ['a version line alone', /^line 1 .*no result/, 'TAP version 13'],
  ['an output that is cut off', /^line 4 .*1 of the 2 tests planned/, 'TAP version 13', '1..2', 'ok 1 a', ''],
  ['more tests than planned', /2 of the 1 tests planned/, 'TAP version 13', '1..1', 'ok 1 a', 'ok 2 b'],
  ['a number left out', /^line 2 .*test 2 comes where test 1/, 'TAP version 13', 'ok 2 a'],
  ['a second plan', /^line 3 .*second plan/, 'TAP version 13', '1..1', '1..1'],
  ['a test that gives up', /^line 2 .*Bail out! no root/, 'TAP version 13', 'Bail out! no root'],
  ['a second version line', /^line 3 .*second version/, 'TAP version 13', 'ok 1 a', 'TAP version 13'],
  ['four spaces', /^line 2 .*4 spaces, not 2/, 'KTAP version 1', '    KTAP version 1'],
  [
    'subtests without a result',
    /^line 2 .*no result after/,
    'KTAP version 1',
    '  KTAP version 1',
    '  ok 1 a',
  ],
  [
    'totals that do not fit',
    /^line 2 .*3 tests passed by its count, 1/,
    'TEST: a [ OK ]',
    'Tests passed:   3',
  ],
  [
    'two levels that end at once',
    /^line 5 .*begin in line 3 have no result/,
    'KTAP version 1',
    '  KTAP version 1',
    '    KTAP version 1',
    '    ok 1 a',
    'ok 1 b',
  ],
]
for (const [title, says, ...lines] of refused)
  t.test(`${title} is refused by the line`, async test => {
    test.throws(() => readKtap(lines.join('\n')), { name: 'LabError', message: says })
  })

t.test('any text is read or refused by a line that it has', async () => {
  const indent = fc.constantFrom('', '  ', '    ', ' ', '\t')
  const known = fc.constantFrom(
    'KTAP version 1',
    'TAP version 13',
    '1..1',
    '1..0 # SKIP',
    'ok 1 a',
    'not ok 2',
    '# x',
  )
  const shell = fc.constantFrom('TEST: a [ OK ]', 'TEST: b [FAIL]', 'Tests passed: 1', 'TEST:]', 'Bail out!')
  const line = fc
    .tuple(indent, fc.oneof(known, known, shell, fc.string()))
    .map(([space, rest]) => space + rest)
  const output = fc.oneof(
    fc.array(line, { maxLength: 12 }).map(lines => lines.join('\n')),
    fc.string({ unit: 'binary' }),
  )
  fc.assert(
    fc.property(output, given => {
      try {
        const tests = readKtap(given)
        const sum = Object.values(countTests(tests)).reduce((a, b) => a + b)
        return tests.length > 0 && sum >= tests.length
      } catch (error) {
        const named = error instanceof LabError ? Number(/^line (\d+) /.exec(error.message)?.[1]) : 0
        return named >= 1 && named <= given.split('\n').length
      }
    }),
    runs(2000),
  )
})

t.test(
  'any text is KTAP, or refused by the number of a line, and never an exception or a wait',
  async test => {
    const line = fc.oneof(
      fc.constantFrom(
        ...[
          'KTAP version 1',
          'TAP version 13',
          '1..2',
          '1..99999999999999999999',
          '1..0 # SKIP no',
          'ok 1',
          'not ok 1 - x',
        ],
        ...[
          'ok 1 a\rb',
          'ok 2 # SKIP',
          'not ok 99999999999999999999 x',
          'Bail out! x',
          'TEST: x [ OK ]',
          'TEST: [FAIL]',
          'Tests passed: 9',
          '\0',
          '\t',
        ],
      ),
      noise,
    )
    const lines = fc.array(fc.tuple(fc.nat(6), line), { maxLength: 12 })
    const attempt = (given: string) => {
      try {
        countTests(readKtap(given))
        return undefined
      } catch (error) {
        if (error instanceof LabError && /^line \d+ of/.test(error.message) && error.remedy) return error
        throw error
      }
    }
    fc.assert(
      fc.property(
        lines,
        given => void attempt(given.map(([indent, words]) => ' '.repeat(indent) + words).join('\n')),
      ),
      runs(3000),
    )
    const nested = (depth: number) =>
      [...Array(depth).keys()].map(level => `${' '.repeat(2 * level)}KTAP version 1`).join('\n')
    test.match(attempt(nested(3000)), { message: /nested more than 100 levels/ })
    test.ok(attempt(`KTAP version 1\n1..1\nok 1 ${'#'.repeat(1_000_000)}`) === undefined)
    test.ok(attempt(`KTAP version 1\n1..1${' '.repeat(200_000)}x`))
    test.match(
      readKtap('KTAP version 1\nok 1 a\nnot ok 2 b\rc'),
      [{}, { outcome: 'fail' }],
      'a carriage return hides no failure',
    )
  },
)
