import { setImmediate as nextTurn } from 'node:timers/promises'
import t from 'tap'
import { pool, type Task, turns } from './schedule.js'

/** Something that ends when it is told to, and writes down when it begins. */
class Work {
  readonly begun: string[] = []
  readonly #ends = new Map<string, (error?: Error) => void>()
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

  run(name: string): Promise<void> {
    this.begun.push(name)
    return new Promise((resolve, reject) =>
      this.#ends.set(name, error => (error ? reject(error) : resolve())),
    )
  }

  async handOver(from: string, task: Task): Promise<void> {
    this.#more.get(from)?.(task)
    await nextTurn()
  }

  async end(name: string, error?: Error): Promise<void> {
    this.#ends.get(name)?.(error)
    await nextTurn()
  }
}

t.test('a pool works off its tasks in order, so many at once', async test => {
  const work = new Work()
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
    const work = new Work()
    const all = pool([work.task('a')], () => 2)
    await nextTurn()
    await work.handOver('a', work.task('look'))
    test.same(work.begun, ['a', 'look'], 'while the task that it came of goes on')
    await work.end('a')
    await work.end('look')
    await all

    const full = new Work()
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
  const work = new Work()
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
  const work = new Work()
  const all = pool([work.task('a'), work.task('b'), work.task('c')], () => 2)
  const failed = test.rejects(all, { message: 'no such thing' })
  await nextTurn()
  await work.end('a', new Error('no such thing'))
  await work.end('b')
  await failed
  test.same(work.begun, ['a', 'b'])
})

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
