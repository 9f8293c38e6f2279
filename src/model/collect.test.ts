import fc from 'fast-check'
import t from 'tap'
import { runs } from '../base/property.fixture.js'
import { inOrder, reports } from '../report/arbitrary.fixture.js'
import { replay } from '../report/replay.js'
import { everyVerdict, hostile, recorded, scenario, trial } from '../report/synthetic.fixture.js'
import { Collector } from './collect.js'
import type { RunEvent } from './event.js'
import { type Report, reportSchema } from './report.js'

/** What came to its end with each of these events: ids of scenarios, and reports. */
function collect(events: Iterable<RunEvent>, collector = new Collector()) {
  const ended: string[] = []
  const made: Report[] = []
  for (const event of events) {
    const { scenario: one, report } = collector.add(event)
    if (one) ended.push(one.id)
    if (report) made.push(report)
  }
  return { ended, reports: made }
}

const { kernel, machine, started } = recorded
const head = { type: 'run-start', kernel, machine, started } as const
const inExperiment = (experiment: string, probe: string): RunEvent => ({
  type: 'trial',
  scenario: 'one',
  experiment,
  trial: trial('confirmed', 'broken', { experiment, probe }),
})
const ends = (id: string): RunEvent => ({
  type: 'scenario-end',
  scenario: id,
  verdict: 'confirmed',
  reason: 'so',
  elapsedMs: 7,
})

t.test('a report that is replayed and collected again is the same report', async test => {
  for (const report of [recorded, everyVerdict, hostile]) {
    const {
      ended,
      reports: [again, ...more],
    } = collect(replay(report))
    test.strictSame(again, report)
    test.strictSame(reportSchema.parse(again), report, 'and one that can be written')
    test.same(more, [])
    test.same(
      ended,
      report.scenarios.map(({ id }) => id),
    )
  }
  fc.assert(
    fc.property(reports, report => {
      const [again] = collect(replay(report)).reports
      // What is counted is counted anew.
      if (inOrder({ ...again, summary: null }) !== inOrder({ ...report, summary: null }))
        throw new Error(JSON.stringify(again))
    }),
    runs(150),
  )
})

t.test('trials stand in the order of their plans, however experiments overlapped', async test => {
  const { reports: made } = collect([
    { ...head, scenarios: [{ id: 'one', title: 'One', trials: 4, experiments: ['a', 'b'] }] },
    { type: 'scenario-start', scenario: 'one' },
    inExperiment('b', 'first of b'),
    inExperiment('a', 'first of a'),
    inExperiment('b', 'second of b'),
    inExperiment('a', 'second of a'),
    ends('one'),
    { type: 'run-end', elapsedMs: 9 },
  ])
  test.same(
    made[0]?.scenarios[0]?.trials.map(({ probe }) => probe),
    ['first of a', 'second of a', 'first of b', 'second of b'],
  )
})

t.test('scenarios stand in the order of their plans, whichever ended first', async test => {
  const planned = (id: string) => ({ id, title: id, trials: 0, experiments: [] })
  const { ended, reports: made } = collect([
    { ...head, seed: 7, scenarios: [planned('one'), planned('two'), planned('three')] },
    ends('three'),
    { type: 'notice', what: 'kernel log', why: 'no root' },
    ends('one'),
    { type: 'run-end', elapsedMs: 9, slowest: 2.5 },
  ])
  test.same(ended, ['three', 'one'])
  test.match(made, [
    {
      schema: 'netns-lab.report/2',
      seed: 7,
      elapsedMs: 9,
      machine: { slowest: 2.5 },
      unavailable: [{ what: 'kernel log', why: 'no root' }],
      summary: { confirmed: 2, error: 0 },
    },
  ])
  test.same(
    made[0]?.scenarios.map(({ id }) => id),
    ['one', 'three'],
    'one that did not come to its end is not among them',
  )
})

t.test('what belongs to no run, or to no scenario of it, is left out', async test => {
  const before = collect([ends('one'), inExperiment('a', 'p'), { type: 'run-end', elapsedMs: 1 }])
  test.same(before, { ended: [], reports: [] })
  const { ended, reports: made } = collect([
    { ...head, scenarios: [{ id: 'one', title: 'One', trials: 1, experiments: ['a'] }] },
    inExperiment('unplanned', 'p'),
    ends('another'),
    ends('one'),
    { type: 'run-end', elapsedMs: 1 },
  ])
  test.same(ended, ['one'])
  test.same(made[0]?.scenarios[0]?.trials, [])
})

t.test('a run knows nothing of the one before it', async test => {
  const collector = new Collector()
  collect(replay(everyVerdict), collector)
  const { reports: made } = collect(replay(recorded), collector)
  test.strictSame(made, [recorded])
  const empty = { ...recorded, scenarios: [scenario('one', 'skipped', [])] }
  test.same(collect(replay(empty), collector).reports[0]?.scenarios[0]?.trials, [])
})
