import t from 'tap'
import type { Kernel } from '../kernels/kernel.js'
import type { Report } from '../model/report.js'
import type { Verdict } from '../model/verdict.js'
import { reportOf, scenario } from '../report/synthetic.fixture.js'
import type { CellOptions, DoneCell, GuestCell } from './cells.js'
import { runSettled } from './settle.js'

const OPTIONS: CellOptions = { folder: '/nonexistent', jobs: 2, onDone: () => {} }
const cell = (name: string): GuestCell => ({
  name,
  kernel: { name: 'debian:6.1' } as Kernel,
  tools: {
    ...{ name: 'debian:12', date: '', digest: '', image: '', packages: {} },
    ...{ root: '/nonexistent', lacks: [] },
  },
  defaults: '/nonexistent/defaults.json',
  scenarios: [],
})
const verdicts = (all: Readonly<Record<string, Verdict>>): Report =>
  reportOf(Object.entries(all).map(([id, verdict]) => scenario(id, verdict, [])))

/** Runs cells whose guests give these reports, one after the other; resolves with what came of it, and with what was run. */
async function settle(cells: readonly GuestCell[], reports: readonly (Report | undefined)[]) {
  const left = [...reports]
  const asked: string[] = []
  const done = await runSettled(cells, OPTIONS, async (some, { jobs }) => {
    asked.push(...some.map(({ name, scenarios }) => [name, jobs, ...scenarios].join(' ')))
    return some.map(({ name }): DoneCell => ({ name, report: left.shift(), elapsedMs: 1 }))
  })
  const came = done.map(({ report }) =>
    report?.scenarios.map(({ id, verdict }) => `${id} ${verdict}`).join(', '),
  )
  return { came, asked }
}

t.test('what does not break is run once', async test => {
  const { came, asked } = await settle(
    [cell('old'), cell('new')],
    [verdicts({ one: 'confirmed' }), verdicts({ one: 'regressed' })],
  )
  test.same(came, ['one confirmed', 'one regressed'])
  test.same(asked, ['old 2', 'new 2'])
})

t.test('what breaks is run again, alone, and counts as it comes out then', async test => {
  const { came, asked } = await settle(
    [cell('old')],
    [
      verdicts({ one: 'error', two: 'confirmed', three: 'error' }),
      verdicts({ one: 'changed', three: 'error' }),
      verdicts({ three: 'confirmed' }),
    ],
  )
  test.same(came, ['one changed, two confirmed, three confirmed'])
  test.same(asked, ['old 2', 'old, try 2 1 one three', 'old, try 3 1 three'])
})

t.test('a cell without a report is run again as a whole', async test => {
  test.same(
    await settle([cell('old')], [undefined, verdicts({ one: 'error' }), verdicts({ one: 'changed' })]),
    {
      came: ['one changed'],
      asked: ['old 2', 'old, try 2 1', 'old, try 3 1 one'],
    },
  )
})

t.test('after three tries it stays as it is', async test => {
  const error = verdicts({ one: 'error' })
  test.same((await settle([cell('old')], [error, error, error])).came, ['one error'])
  const { came, asked } = await settle([cell('old')], [undefined, undefined, undefined])
  test.same([came.length, came[0], asked.length], [1, undefined, 3])
})
