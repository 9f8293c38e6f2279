import t from 'tap'
import { historyOf } from './history.js'
import { historyMarkdown, historyText } from './history-text.js'
import { renderHistory } from './html/history.js'
import { HOSTILE, reportOf, scenario, trial } from './synthetic.fixture.js'

const day = (at: number, release: string, verdict: Parameters<typeof scenario>[1], more = {}) => ({
  file: `${at}.json`,
  report: reportOf(
    [scenario('one', verdict, [trial('confirmed', 'broken')]), scenario('two', 'confirmed', [])],
    {
      started: `2026-11-0${at}T00:00:00Z`,
      kernel: { release, version: release },
      ...more,
    },
  ),
})

t.test('runs are in the order of time, and a flip says what came with it', async test => {
  const history = historyOf([
    day(3, '6.2.0', 'regressed'),
    day(1, '6.1.0', 'confirmed'),
    day(2, '6.1.0', 'confirmed'),
  ])
  test.strictSame(
    history.runs.map(({ file }) => file),
    ['1.json', '2.json', '3.json'],
  )
  const [one, two] = history.scenarios
  test.match(one, {
    id: 'one',
    verdicts: ['confirmed', 'confirmed', 'regressed'],
    flips: [{ before: 1, after: 2, from: 'confirmed', to: 'regressed', with: ['kernel 6.1.0 → 6.2.0'] }],
  })
  test.strictSame(two?.flips, [])
  test.match(historyText(history), /^one {2}✓✓✕ {2}1 flip$/m)
  test.match(historyText(history), /^one: confirmed \(2\) → regressed \(3\), with kernel 6\.1\.0 → 6\.2\.0$/m)
  test.match(historyMarkdown(history), /^\| `one` \| confirmed \| confirmed \| regressed \|$/m)
})

t.test('a run that left a scenario out is no flip; what the reports cannot explain is said', async test => {
  const without = day(2, '6.1.0', 'confirmed')
  without.report.scenarios.splice(0, 1)
  const history = historyOf([day(1, '6.1.0', 'confirmed'), without, day(3, '6.1.0', 'error')])
  test.strictSame(history.scenarios[0]?.verdicts, ['confirmed', null, 'error'])
  test.match(
    historyText(history),
    /one: confirmed \(1\) → error \(3\), with nothing else that the reports know of/,
  )
})

t.test('nothing that a report says breaks out of the page', async test => {
  const page = renderHistory(historyOf([{ file: HOSTILE, report: day(1, HOSTILE, 'confirmed').report }]))
  test.notMatch(page, '<script>')
})
