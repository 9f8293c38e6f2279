import t from 'tap'
import { reportOf } from './matrix.fixture.js'
import { markdownTable, verdictTable } from './table.js'

t.test('the table has a column for each kernel, and says error where a guest gave no report', async test => {
  const columns = [
    { name: 'debian:5.10', report: reportOf('5.10.262', 'confirmed') },
    { name: 'debian:6.1', report: undefined },
  ]
  const lines = verdictTable(columns).trimEnd().split('\n')
  test.match(lines[0], /^ +debian:5\.10 +debian:6\.1$/)
  test.match(lines[1], /^ +5\.10\.262-1$/)
  test.match(lines[2], /^one +confirmed +error$/)
  test.match(markdownTable(columns), /^\| `one` \| confirmed \| error \|$/m)
})
