import { setImmediate as nextTurn } from 'node:timers/promises'
import t from 'tap'
import { turns } from './turns.js'
import { Work } from './work.fixture.js'

t.test(
  'turns are taken in the order in which they were asked for, and passed on after a failure, too',
  async test => {
    const work = new Work()
    const take = turns(2)
    const runs = ['a', 'b', 'c', 'd'].map(name => take(() => work.run(name)))
    const ends = Promise.allSettled(runs)
    await nextTurn()
    test.same(work.begun, ['a', 'b'])
    await work.end('b', new Error('no'))
    test.same(work.begun, ['a', 'b', 'c'])
    await work.end('a')
    test.same(work.begun, ['a', 'b', 'c', 'd'])
    await work.end('c')
    await work.end('d')
    test.same(
      (await ends).map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
    )
    await take(async () => {})
  },
)
