import { once } from 'node:events'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { failure } from './build.fixture.js'
import { withLock } from './lock.js'

t.test('the lock', async t => {
  t.test('lets one at a time in, in one process', async t => {
    const file = join(t.testdir({}), 'deep/lock')
    let inside = 0
    let waited = 0
    const work = async () => {
      t.equal(++inside, 1)
      await new Promise(resolve => setTimeout(resolve, 50))
      inside--
    }
    const onWait = () => {
      waited++
    }
    await Promise.all([
      withLock(file, work, { onWait }),
      withLock(file, work, { onWait }),
      withLock(file, work),
    ])
    t.ok(waited >= 1)
  })

  t.test('is waited for, and is free once its holder is gone', async t => {
    const file = join(t.testdir({}), 'lock')
    const holder = execa('flock', [file, 'cat'])
    holder.stdin.write('held')
    await once(holder.stdout, 'data')
    t.equal(await withLock(file, async () => 'in', { onWait: () => holder.stdin.end() }), 'in')
  })

  t.test('is no longer waited for when the caller stops', async t => {
    const file = join(t.testdir({}), 'lock')
    const stop = new AbortController()
    await withLock(file, async () => {
      const waiting = withLock(file, async () => {}, { onWait: () => stop.abort(), signal: stop.signal })
      t.match(await failure(waiting), { code: 'aborted' })
    })
  })

  t.test('is given back when the work fails', async t => {
    const file = join(t.testdir({}), 'lock')
    await t.rejects(
      withLock(file, () => Promise.reject(new Error('work'))),
      { message: 'work' },
    )
    t.equal(await withLock(file, async () => 'free'), 'free')
  })
})
