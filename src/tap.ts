/**
 * Any scenario as a tap test, in one line:
 *
 *     import { testScenario } from 'netns-lab/tap'
 *
 *     testScenario(new URL('./my-scenario.js', import.meta.url))
 */
import t from 'tap'
import { type RunSettings, run } from './index.js'

/** Runs a scenario, by id or URL, as a subtest with one assertion for each trial; a trial that was skipped says why. */
export function testScenario(scenario: string | URL, settings: RunSettings = {}): Promise<unknown> {
  return t.test(String(scenario), async test => {
    const report = await run([scenario], settings)
    for (const { id, verdict, reason, trials } of report.scenarios) {
      for (const { phase, probe, toggles, ok, why, outcome } of trials) {
        const title = `${phase} ${probe} ${outcome} (${Object.entries(toggles)
          .map(setting => setting.join(' '))
          .join(', ')})`
        if (outcome === 'skipped') test.pass(title, { skip: why })
        else test.ok(ok, title, { why })
      }
      test.comment(`${id}: ${verdict}: ${reason}`)
    }
  })
}
