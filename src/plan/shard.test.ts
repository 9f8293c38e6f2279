import fc from 'fast-check'
import t from 'tap'
import { runs } from '../base/property.fixture.js'
import { inShard, readShard } from './shard.js'

t.test('a shard is one of so many, counted from 1', async test => {
  test.same(readShard('2/5'), { index: 2, count: 5 })
  for (const wrong of ['0/2', '3/2', '2', '1/0', '1/2/3', 'a/b', '-1/2', '1 / 2', ''])
    test.throws(() => readShard(wrong), { exitCode: 2, message: `'${wrong}' is no shard` }, wrong)
})

t.test(
  'every scenario is in one shard, whatever the order, and no shard is much longer than another',
  async () => {
    const lengths = fc.dictionary(fc.stringMatching(/^[a-z]{1,6}$/), fc.integer({ min: 1, max: 1000 }), {
      minKeys: 1,
      maxKeys: 40,
    })
    fc.assert(
      fc.property(lengths, fc.integer({ min: 1, max: 8 }), (measured, count) => {
        const scenarios = Object.keys(measured).map(id => ({ id }))
        const shards = Array.from({ length: count }, (_, at) =>
          inShard(scenarios, { index: at + 1, count }, measured),
        )
        const all = shards.flat().map(({ id }) => id)
        if (all.length !== scenarios.length || new Set(all).size !== all.length) return false
        const other = inShard([...scenarios].reverse(), { index: 1, count }, measured)
        if (other.length !== shards[0]?.length || other.some(one => !shards[0]?.includes(one))) return false
        const sums = shards.map(shard => shard.reduce((sum, { id }) => sum + (measured[id] ?? 0), 0))
        return Math.max(...sums) - Math.min(...sums) <= Math.max(...Object.values(measured))
      }),
      runs(200),
    )
  },
)

t.test('a scenario that nobody has measured is taken for one of usual length', async test => {
  const measured = { a: 1, b: 5, c: 100 }
  const scenarios = [{ id: 'a' }, { id: 'b' }, { id: 'c' }, { id: 'own' }]
  test.same(inShard(scenarios, { index: 1, count: 2 }, measured), [{ id: 'c' }])
})
