import { readFileSync } from 'node:fs'
import t from 'tap'
import { everyVerdict, hostile } from './synthetic.fixture.js'
import { SUMMARY, written } from './written.fixture.js'

t.test('GitHub gets an annotation for what needs a look, and the table as job summary', async test => {
  const text = (await written([everyVerdict], ['github'])).github ?? ''
  const kinds = [...text.matchAll(/^::(error|warning|notice) /gm)].map(([, kind]) => kind)
  test.strictSame(kinds, [
    'error',
    'error',
    'error',
    'error',
    'warning',
    'notice',
    'warning',
    'error',
    'error',
  ])
  const summary = readFileSync(SUMMARY, 'utf8')
  test.equal(summary.match(/^\| `/gm)?.length, everyVerdict.scenarios.length)
  const nasty = (await written([hostile], ['github'])).github ?? ''
  const commands = nasty.split('\n').filter(line => line.trimStart().startsWith('::error'))
  test.equal(commands.length, 1, 'what the kernel says is never a command')
})
