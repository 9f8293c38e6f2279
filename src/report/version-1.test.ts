import { readFileSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { runs } from '../base/property.fixture.js'
import { repositoryFile } from '../base/root.js'
import { type Report, reportSchema } from '../model/report.js'
import { reports } from './arbitrary.fixture.js'
import { diffReports } from './diff.js'
import { readReport } from './read.js'
import { lift, version1Schema } from './version-1.js'
import { titledTrials } from './words.js'
import { path, written } from './written.fixture.js'

/** Cut from a real run: two lives of one topology, and the first fix of another scenario. */
const FILE = repositoryFile('src/report/version-1.json')
const old = version1Schema.parse(JSON.parse(readFileSync(FILE, 'utf8')))
const lifted = readReport(FILE)
const [bounce, lan] = lifted.scenarios

t.test('a report of version 1 is read, and is then one of today', async test => {
  test.equal(old.schema, 'netns-lab.report/1')
  test.equal(lifted.schema, 'netns-lab.report/2')
  test.strictSame(reportSchema.parse(lifted), lifted)
  test.strictSame(lifted, lift(old))
})

t.test('nothing that it said is lost', async test => {
  test.strictSame({ ...lifted, schema: old.schema, scenarios: [] }, { ...old, scenarios: [] })
  for (const [index, { trials, ...scenario }] of lifted.scenarios.entries()) {
    const { trials: before = [], ...was } = old.scenarios[index] ?? {}
    test.strictSame(scenario, was)
    test.strictSame(
      trials.map(({ experiment, fix, ...trial }) => trial),
      before,
    )
  }
})

t.test('experiments have names that tell them apart', async test => {
  const names = (trials: Report['scenarios'][number]['trials'] = []) => [
    ...new Set(trials.map(({ experiment }) => experiment)),
  ]
  test.same(names(bounce?.trials), [
    'with nf_call_iptables 0; first hairpin_mode on',
    'with nf_call_iptables 1; first nf_call_iptables 0',
  ])
  test.same(names(lan?.trials), ['first bounce-snat on'])
})

t.test('a fix is what a fixed trial set, and a reverted one took back', async test => {
  for (const { trials } of lifted.scenarios)
    for (const [index, { phase, fix, toggles }] of trials.entries()) {
      if (phase === 'control' || phase === 'broken') test.equal(fix, undefined)
      if (phase === 'fixed') {
        test.ok(Object.keys(fix ?? {}).length > 0)
        for (const [toggle, setting] of Object.entries(fix ?? {})) test.equal(toggles[toggle], setting)
      }
      if (phase === 'reverted') test.same(fix, trials[index - 1]?.fix)
    }
  test.same(
    bounce?.trials.flatMap(({ phase, fix }) => (phase === 'fixed' ? [fix] : [])),
    [
      { hairpin_mode: 'on' },
      { promisc: 'on' },
      { nf_call_iptables: '0' },
      { 'bridge-nf-call-iptables': '0', nf_call_iptables: '0' },
    ],
  )
})

t.test('reporters take it, and call no two trials the same', async test => {
  const text = await written(
    [lifted],
    ['tap', 'ktap', 'junit', 'github', 'markdown', 'html', 'json', 'pretty'],
  )
  test.strictSame(reportSchema.parse(JSON.parse(text.json ?? '')), lifted)
  for (const scenario of lifted.scenarios) {
    const titles = titledTrials(scenario).map(({ title }) => title)
    test.equal(new Set(titles).size, titles.length)
    test.notOk(
      titles.some(title => /no\. \d/.test(title)),
      'nor by a number alone',
    )
    for (const format of ['html', 'markdown', 'pretty', 'junit'])
      test.match(text[format], scenario.id, format)
  }
})

t.test('it does not differ from itself, nor from the same run told today', async test => {
  test.same(diffReports(lifted, lifted).differences, [])
  const today = { ...lifted, started: '2026-11-21T00:00:00Z', elapsedMs: 1 }
  test.same(diffReports(lifted, today).differences, [])
})

t.test('any report of version 1 is lifted, with all of its trials in their order', async test => {
  fc.assert(
    fc.property(reports, report => {
      const given = version1Schema.parse({ ...report, schema: 'netns-lab.report/1' })
      const today = lift(given)
      reportSchema.parse(today)
      const left = today.scenarios.map(({ trials }) => trials.map(({ experiment, fix, ...trial }) => trial))
      if (JSON.stringify(left) !== JSON.stringify(given.scenarios.map(({ trials }) => trials)))
        throw new Error('something is lost')
    }),
    runs(150),
  )
  test.pass('lifted')
})

t.test('one that is malformed is refused by the name of its field', async test => {
  const file = path('malformed.json')
  const refused = (change: object, field: RegExp) => {
    writeFileSync(file, JSON.stringify({ ...old, ...change }))
    test.throws(() => readReport(file), { name: 'LabError', message: field, exitCode: 2 })
  }
  const [first] = old.scenarios
  refused({ elapsedMs: 'long' }, /is no report of netns-lab: elapsedMs: /)
  refused(
    { scenarios: [{ ...first, trials: [{ ...first?.trials[0], outcome: 'perhaps' }] }] },
    /is no report of netns-lab: scenarios\[0\]\.trials\[0\]\.outcome: /,
  )
  refused({ schema: 'netns-lab.report/0' }, /is no report of netns-lab: schema: /)
})
