import { readFileSync } from 'node:fs'
import t from 'tap'
import { combine, createReporters } from './registry.js'
import { replay } from './replay.js'
import { everyVerdict } from './synthetic.fixture.js'
import { path } from './written.fixture.js'

t.test('a run that did not end is a bail-out in TAP', async test => {
  const [, ...made] = createReporters([`tap=${path('tap')}`], { runs: 1, env: {} })
  const all = combine(made, () => {})
  for (const event of replay(everyVerdict)) if (event.type !== 'run-end') all.event(event)
  await all.close()
  test.match(readFileSync(path('tap'), 'utf8'), /^Bail out!/m)
})
