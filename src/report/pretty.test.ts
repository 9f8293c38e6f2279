import t from 'tap'
import type { Report } from '../model/report.js'
import { prettyReporter } from './pretty.js'
import { recorded } from './synthetic.fixture.js'
import { writtenBy } from './written.fixture.js'

t.test(
  'on a terminal lines are as wide as it is; elsewhere there is no colour and no live line',
  async test => {
    const run = (isTTY: boolean) =>
      writtenBy(sink => prettyReporter({ ...sink, isTTY, columns: 70 }, 'verbose'), [recorded])
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is looked for
    const escapes = /\u001b\[[\d;]*[a-zA-Z]|\r/g
    const wide = run(true).replace(escapes, '').split('\n')
    test.strictSame(
      wide.filter(line => line.length > 70 && line.startsWith('    ')),
      [],
    )
    test.notMatch(run(false), escapes)
    test.match(
      run(false),
      /✕ own-address-tcp: host br-lxc: frame that would leave by the port that it came in on: .*document/,
    )
  },
)

t.test('a quiet run is its last line', async test => {
  const said = writtenBy(sink => prettyReporter(sink, 'quiet'), [recorded])
  test.match(said, /^2 scenarios in [\d.]+ s: 1 changed, 1 confirmed\n$/)
})

t.test('evidence comes with -v, and with what is bad', async test => {
  const says = (report: Report, detail: 'normal' | 'verbose') =>
    /^ {4}✕ .*\(.*document/m.test(writtenBy(sink => prettyReporter(sink, detail), [report]))
  test.notOk(says(recorded, 'normal'))
  test.ok(says(recorded, 'verbose'))
  const regressed = recorded.scenarios.map(one => ({ ...one, verdict: 'regressed' as const }))
  test.ok(says({ ...recorded, scenarios: regressed }, 'normal'))
})
