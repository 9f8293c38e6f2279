import t from 'tap'
import { asPrinted, isRunnable, tryOut } from './session.js'

const block = (language: string, ...lines: string[]) => [`\`\`\`${language}`, ...lines, '```', ''].join('\n')

t.test(
  'a document is gone through from top to bottom, and what differs is told with what was printed',
  async s => {
    const text = [
      'In `a.sh`:',
      block('sh', 'echo one', 'echo two'),
      block('console', '$ sh a.sh', 'one', 'two', '$ false', '$ echo $?', '1'),
      'and in `a.sh`:',
      block('diff', ' echo one', '-echo two', '+echo three'),
      block('console', '$ sh a.sh | tail \\', '>   -1', 'two'),
      '<!-- quoted: measured elsewhere -->',
      block('console', '$ exit 7', 'nothing'),
    ].join('\n')
    const [first, second, ...others] = await tryOut(text)
    s.strictSame(others, [], 'what is quoted from elsewhere is not run')
    s.ok(first?.commands.every(({ same }) => same))
    s.strictSame(
      second?.commands.map(({ printed, same }) => [printed, same]),
      [[['three'], false]],
    )
    s.strictSame(second && asPrinted(second), ['$ sh a.sh | tail \\', '>   -1', 'three'])
  },
)

t.test('a change whose lines are not in the file, or not only once, is refused with its line', async s => {
  const text = (...lines: string[]) =>
    `In \`a.sh\`:\n${block('sh', 'x', 'x')}In \`a.sh\`:\n${block('diff', ...lines)}`
  await s.rejects(tryOut(text('-y', '+z')), /line 7: a\.sh has these lines 0 times/)
  await s.rejects(tryOut(text('-x', '+z')), /line 7: a\.sh has these lines 2 times/)
})

t.test('a document without commands, or with those of other machines only, is not run', async s => {
  s.notOk(isRunnable(block('sh', 'true')))
  s.notOk(isRunnable(`<!-- quoted: measured elsewhere -->\n${block('console', '$ true')}`))
  s.ok(isRunnable(block('console', '$ true')))
})
