import { stripVTControlCharacters } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { runs } from '../base/property.fixture.js'
import type { ScenarioReport, TrialReport } from '../model/report.js'
import { resultOf } from '../model/verdict.js'
import { reports } from './arbitrary.fixture.js'
import { ktapReporter } from './ktap.js'
import { countTests, type KernelTest, readKtap } from './ktap-reader.js'
import { oneLine, titledTrials } from './words.js'
import { writtenBy } from './written.fixture.js'

t.test('what the KTAP reporter writes, the reader reads back: counts, names and directives', async test => {
  const plain = (name: string) =>
    stripVTControlCharacters(oneLine(name).replaceAll('#', 'no. ')).replace(/^- */, '').trim()
  const outcome = (trial: TrialReport): KernelTest['outcome'] => {
    const result = resultOf(trial.verdict)
    if (result === 'pass') return trial.expected === 'fails' && trial.outcome === 'fails' ? 'xfail' : 'pass'
    return result
  }
  fc.assert(
    fc.property(reports, fc.boolean(), (report, twice) => {
      const written = writtenBy(
        sink => ktapReporter(sink, twice ? 2 : 1),
        twice ? [report, report] : [report],
      )
      const read = readKtap(written)
      const scenarios = twice ? (read[1]?.subtests ?? []) : read
      if (report.scenarios.length === 0) return
      const expected = report.scenarios.map((scenario: ScenarioReport) => ({
        name: plain(scenario.id),
        outcome: resultOf(scenario.verdict),
        trials: titledTrials(scenario).map(({ trial, title }) => [plain(title), outcome(trial)]),
      }))
      const found = scenarios.map(test => ({
        name: test.name,
        outcome: test.outcome,
        trials: test.subtests.map(({ name, outcome: came }) => [name, came]),
      }))
      if (JSON.stringify(found) !== JSON.stringify(expected))
        throw new Error(`${JSON.stringify(found)}\n${JSON.stringify(expected)}`)
      countTests(read)
    }),
    runs(300),
  )
  test.pass('read back')
})
