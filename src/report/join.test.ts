import t from 'tap'
import type { Report } from '../model/report.js'
import { countVerdicts } from '../model/verdict.js'
import { joinShards } from './join.js'
import { everyVerdict } from './synthetic.fixture.js'

const { scenarios } = everyVerdict

/** A report cut in `count`: every so many of its scenarios each. */
function cut(report: Report, count: number): Report[] {
  return Array.from({ length: count }, (_, index) => {
    const own = report.scenarios.filter((_scenario, at) => at % count === index)
    return {
      ...report,
      shard: `${index + 1}/${count}`,
      elapsedMs: report.elapsedMs / count,
      summary: countVerdicts(own.map(({ verdict }) => verdict)),
      scenarios: own,
    }
  })
}

t.test('shards that are joined are the report that was cut', async test => {
  const whole = { ...everyVerdict, scenarios: [...scenarios].sort((a, b) => (a.id < b.id ? -1 : 1)) }
  for (const count of [1, 2, 4])
    test.same(
      joinShards(cut(whole, count).reverse()),
      [{ ...whole, machine: { ...whole.machine } }],
      `${count}`,
    )
})

t.test('each kernel has its own shards, and a report that is whole stays as it is', async test => {
  const other = { ...everyVerdict, kernel: { release: '5.10.0', version: '5.10.262' } }
  const joined = joinShards([...cut(everyVerdict, 2), everyVerdict, ...cut(other, 3)])
  test.same(
    joined.map(({ kernel, scenarios: { length }, shard }) => [kernel.version, length, shard]),
    [
      [everyVerdict.kernel.version, scenarios.length, undefined],
      [everyVerdict.kernel.version, scenarios.length, undefined],
      ['5.10.262', scenarios.length, undefined],
    ],
  )
})

t.test(
  'a run of which a shard is missing, or is there twice, is not told as if it were whole',
  async test => {
    const shards = cut(everyVerdict, 3)
    const version = everyVerdict.kernel.version
    test.throws(() => joinShards(shards.slice(0, 2)), {
      exitCode: 2,
      message: `shard 3/3 of the run on Linux ${version} is missing`,
    })
    test.throws(() => joinShards([...shards, ...shards.slice(1, 2)]), {
      message: `shard 2/3 of the run on Linux ${version} is there 2 times`,
    })
  },
)
