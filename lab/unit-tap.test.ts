import t from 'tap'
import { FILE_BEGINS, type FileResult, GroupReader, subtestOf } from './unit-tap.js'

/** What came of each file of a group whose process wrote these lines and ended with this status. */
function read(files: readonly string[], lines: readonly string[], status: number | null): FileResult[] {
  const results: FileResult[] = []
  const reader = new GroupReader(files, result => results.push(result))
  for (const line of lines) reader.line(line)
  reader.end(status, `it ended with status ${status}`)
  return results
}

const plain = ({ file, lines, crash }: FileResult) => [file, lines, crash]

const LOADED = ['TAP version 14', '# Subtest: load the files', '    1..0', 'ok 1 - load the files']
const one = ['# Subtest: one', '    ok 1 - x', '    1..1', 'ok 2 - one # time=9.5ms']
const other = ['# Subtest: other', '    not ok 1 - y', '    1..1', 'not ok 3 - other # time=2.5ms']
const begins = (file: string) => `# ${FILE_BEGINS}${file}`

t.test('every file of a group has what was written from its beginning on', async test => {
  const lines = [...LOADED, begins('a.js'), ...one, begins('b.js'), ...other, '1..3', '# { total: 3 }']
  test.same(read(['a.js', 'b.js'], lines, 1).map(plain), [
    ['a.js', one, undefined],
    ['b.js', other, undefined],
  ])
})

t.test('one file alone is all that was written', async test => {
  test.same(read(['a.js'], ['TAP version 14', ...one, '1..1'], 0).map(plain), [['a.js', one, undefined]])
})

t.test('a process that ends too early costs the file that it was at, and those behind', async test => {
  const lines = [...LOADED, begins('a.js'), ...one, begins('b.js'), '# Subtest: other']
  test.same(read(['a.js', 'b.js', 'c.js'], lines, null).map(plain), [
    ['a.js', one, undefined],
    ['b.js', ['# Subtest: other'], 'it ended with status null'],
    ['c.js', [], 'it ended with status null'],
  ])
})

t.test('a process that fails without saying which test did has not passed', async test => {
  const [result] = read(['a.js'], [...one, '1..2'], 1)
  test.equal(result?.crash, 'it ended with status 1')
})

t.test('a file is a subtest with results that count from 1', async test => {
  const of = (lines: readonly string[], crash?: string) =>
    subtestOf({ file: 'a.js', lines, ...(crash === undefined ? {} : { crash }) }, 7).split('\n')
  test.same(of([...one, '', ...other]), [
    '# Subtest: a.js',
    '    # Subtest: one',
    '        ok 1 - x',
    '        1..1',
    '    ok 1 - one # time=9.5ms',
    '',
    '    # Subtest: other',
    '        not ok 1 - y',
    '        1..1',
    '    not ok 2 - other # time=2.5ms',
    '    1..2',
    'not ok 7 - a.js # time=12.0ms',
    '',
  ])
  test.match(of(one).at(-2), 'ok 7 - a.js')
  test.match(of(['not ok 3 - later # TODO']).at(-2), 'ok 7 - a.js', 'what is to be done is no failure')
  test.same(of([]), ['# Subtest: a.js', '    1..0', 'ok 7 - a.js # SKIP no tests found', ''])
  test.same(of(one, 'it ended with status 9').slice(-4), [
    '    not ok 2 - it ended with status 9',
    '    1..2',
    'not ok 7 - a.js # time=9.5ms',
    '',
  ])
})
