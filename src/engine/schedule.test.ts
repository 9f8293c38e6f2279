import { setImmediate as nextTurn } from 'node:timers/promises'
import t from 'tap'
import { Work } from '../base/work.fixture.js'
import { pool, type Task } from './schedule.js'

/** Work that is a task of a pool. */
class PooledWork extends Work {
  readonly #more = new Map<string, (task: Task) => void>()

  task(name: string, exclusive?: string): Task {
    return {
      plan: exclusive === undefined ? {} : { exclusive },
      work: more => {
        this.#more.set(name, more)
        return this.run(name)
      },
    }
  }

  async handOver(from: string, task: Task): Promise<void> {
    this.#more.get(from)?.(task)
    await nextTurn()
  }
}

t.test('a pool works off its tasks in order, so many at once', async test => {
  const work = new PooledWork()
  const all = pool(
    ['a', 'b', 'c'].map(name => work.task(name)),
    () => 2,
  )
  await nextTurn()
  test.same(work.begun, ['a', 'b'])
  await work.end('b')
  test.same(work.begun, ['a', 'b', 'c'])
  await work.end('c')
  await work.end('a')
  await all
})

t.test(
  'what a task hands over begins at once where there is room, and before the rest where there is none',
  async test => {
    const work = new PooledWork()
    const all = pool([work.task('a')], () => 2)
    await nextTurn()
    await work.handOver('a', work.task('look'))
    test.same(work.begun, ['a', 'look'], 'while the task that it came of goes on')
    await work.end('a')
    await work.end('look')
    await all

    const full = new PooledWork()
    const rest = pool([full.task('a'), full.task('b')], () => 1)
    await nextTurn()
    await full.handOver('a', full.task('look'))
    test.same(full.begun, ['a'])
    await full.end('a')
    await full.end('look')
    test.same(full.begun, ['a', 'look', 'b'])
    await full.end('b')
    await rest
  },
)

t.test('what excludes each other runs one at a time, and keeps nobody else waiting', async test => {
  const work = new PooledWork()
  const all = pool([work.task('a', 'lock'), work.task('b', 'lock'), work.task('c')], () => 3)
  await nextTurn()
  test.same(work.begun, ['a', 'c'])
  await work.end('a')
  test.same(work.begun, ['a', 'c', 'b'])
  await work.end('b')
  await work.end('c')
  await all
})

t.test('the first failure ends a pool, once those that run are done', async test => {
  const work = new PooledWork()
  const all = pool([work.task('a'), work.task('b'), work.task('c')], () => 2)
  const failed = test.rejects(all, { message: 'no such thing' })
  await nextTurn()
  await work.end('a', new Error('no such thing'))
  await work.end('b')
  await failed
  test.same(work.begun, ['a', 'b'])
})
