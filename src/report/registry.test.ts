import t from 'tap'
import { EXIT, LabError } from '../base/errors.js'
import type { Reporter } from '../model/event.js'
import { combine, createReporters } from './registry.js'
import { replay } from './replay.js'
import { everyVerdict } from './synthetic.fixture.js'

t.test('a reporter that throws does not stop the others, and is reported', async test => {
  let events = 0
  const broken: Reporter = {
    event() {
      throw new Error('out of ideas')
    },
  }
  const working: Reporter = { event: () => void events++ }
  const complaints: string[] = []
  const all = combine(
    [
      { name: 'broken', reporter: broken },
      { name: 'working', reporter: working },
    ],
    text => complaints.push(text),
  )
  const stream = [...replay(everyVerdict)]
  for (const event of stream) all.event(event)
  test.equal(events, stream.length)
  test.strictSame(complaints, ['the broken reporter failed and writes no more: out of ideas'])
  await test.rejects(
    all.close(),
    new LabError('the broken reporter failed: out of ideas', 'this is a bug of the lab'),
  )
})

t.test('a reporter that is asked for wrongly is a usage error that says what to do', async test => {
  const create =
    (...requests: string[]) =>
    () =>
      createReporters(requests, { runs: 1, env: {} })
  test.throws(create('junt'), {
    message: "unknown reporter 'junt'",
    remedy: "did you mean 'junit'?",
    exitCode: EXIT.usage,
  })
  test.throws(create('tap', 'html'), {
    message: 'tap and html cannot both be written to standard output',
    remedy: 'give one of them a file: --reporter html=FILE',
    exitCode: EXIT.usage,
  })
  test.throws(create('html='), { message: /the file has no name/, exitCode: EXIT.usage })
  test.throws(create('html=/no/such/folder/x.html'), {
    message: /cannot be written: ENOENT/,
    exitCode: EXIT.usage,
  })
})
