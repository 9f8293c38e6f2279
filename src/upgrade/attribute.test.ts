import t from 'tap'
import { attribute, attributeRunning, type Cells, needsOlder } from './attribute.js'

/** A trial that fails before and works after; what is not said is as at the older end. */
const cells = ({ running, ...more }: Partial<Omit<Cells, 'running'>> & { running?: string }): Cells => {
  const [before = 'f', tools = 'f', after = 'f'] = running?.split(' ') ?? []
  const known = (state: string) => (state === '?' ? undefined : state)
  return {
    ends: { before: 'f', after: 'w' },
    kernel: 'f',
    running: { before: known(before), tools: known(tools), after: known(after) },
    ...more,
  }
}

t.test('one thing that moves a trial alone is named', async test => {
  test.match(attribute(cells({ kernel: 'w' })), { cause: 'kernel', factors: ['kernel'] })
  test.match(attribute(cells({ kernel: 'w', running: 'w w w' })), { cause: 'kernel' })
  test.match(attribute(cells({ running: 'f w w' })), { cause: 'tools', factors: ['tools'] })
  test.match(attribute(cells({ running: 'f f w' })), { cause: 'defaults', factors: ['defaults'] })
})

t.test('several that each move it alone are both of them', async test => {
  test.match(attribute(cells({ kernel: 'w', running: 'f w w' })), {
    cause: 'both',
    factors: ['kernel', 'tools'],
  })
})

t.test(
  'where nothing moves it alone, the older kernel is asked, and then it is an interaction',
  async test => {
    const alone = cells({})
    test.equal(needsOlder(alone), true)
    test.match(attribute({ ...alone, older: { tools: 'f', defaults: 'f' } }), { cause: 'interaction' })
    test.match(attribute({ ...alone, older: { tools: 'w', defaults: 'f' } }), { cause: 'tools' })
    test.match(attribute({ ...alone, older: { tools: 'f', defaults: 'w' } }), { cause: 'defaults' })
    test.match(attribute(cells({ kernel: 'x', running: 'f w w' })), { cause: 'interaction' })
  },
)

t.test('a kernel that moves it is not blamed before the rest is known not to', async test => {
  const skipped = cells({ kernel: 'w', running: '? ? ?' })
  test.equal(needsOlder(skipped), true)
  test.match(attribute(skipped), { cause: 'unknown', why: /on the running kernel/ })
  test.match(attribute({ ...skipped, older: { tools: 'f', defaults: 'f' } }), { cause: 'kernel' })
  test.match(attribute({ ...skipped, older: { tools: 'w', defaults: 'f' } }), { cause: 'both' })
  test.equal(needsOlder(cells({ kernel: 'w', running: 'w w w' })), false)
})

t.test('what was skipped, broke or came out both ways attributes nothing, and says so', async test => {
  test.match(attribute(cells({ ends: { before: 'f', after: undefined } })), {
    cause: 'unknown',
    factors: [],
    why: /one end/,
  })
  test.match(attribute(cells({ kernel: undefined })), { cause: 'unknown', why: /newer kernel/ })
})

t.test('what was run on the running kernel alone is the tools’ or the defaults’', async test => {
  const running = (before?: string, tools?: string, after?: string) => ({ before, tools, after })
  test.match(attributeRunning(running('f', 'w', 'w')), { cause: 'tools' })
  test.match(attributeRunning(running('f', 'f', 'w')), { cause: 'defaults' })
  test.match(attributeRunning(running('f', 'x', 'w')), { cause: 'interaction' })
  test.match(attributeRunning(running('f', undefined, 'w')), { cause: 'unknown' })
})
