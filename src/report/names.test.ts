/** Names of tests: whoever compares two runs, or looks one up, knows a test by its name alone. */
import t from 'tap'
import { Parser } from 'tap-parser'
import type { Report, ScenarioReport, TrialReport } from '../model/report.js'
import { type KernelTest, readKtap } from './ktap-reader.js'
import { everyVerdict, hostile, recorded, reportOf, scenario, trial } from './synthetic.fixture.js'
import { titledTrials } from './words.js'
import { written } from './written.fixture.js'

const inEach = (change: (trials: readonly TrialReport[]) => TrialReport[]): Report => ({
  ...recorded,
  scenarios: recorded.scenarios.map(one => ({ ...one, trials: change(one.trials) })),
})
const bothBackends = inEach(trials => [
  ...trials,
  ...trials.map((one): TrialReport => ({ ...one, iptables: 'legacy' })),
])
const repeated = inEach(trials => [...trials, ...trials.map(one => ({ ...one, repetition: 2 }))])
/** Titles of experiments are told apart by those who write scenarios; reports of others may lack that. */
const alike = reportOf([
  scenario('alike', 'confirmed', [trial('confirmed', 'broken'), trial('confirmed', 'broken')]),
])

/** Names by the level that they are told apart in. */
type Levels = Record<string, string[]>

function tapNames(text: string): Levels {
  const levels: Levels = {}
  const watch = (parser: Parser, above: string) => {
    const names: string[] = []
    levels[`below '${above}'`] = names
    parser.on('child', (child: Parser) => watch(child, `${above} ${child.name}`))
    parser.on('assert', ({ name }: { name: string }) => names.push(name))
  }
  const parser = new Parser({ strict: true })
  watch(parser, '')
  parser.end(text)
  return levels
}

function ktapNames(text: string): Levels {
  const levels: Levels = {}
  const look = (tests: readonly KernelTest[], above: string) => {
    levels[`below '${above}'`] = tests.map(({ name }) => name)
    for (const { name, subtests } of tests) if (subtests.length > 0) look(subtests, `${above} ${name}`)
  }
  look(readKtap(text), '')
  return levels
}

/** Readers of JUnit that keep one case of each name do not look at its class. */
function junitNames(text: string): Levels {
  const names = (pattern: RegExp) => [...text.matchAll(pattern)].map(([, name = '']) => name)
  return {
    suites: names(/<testsuite name="([^"]*)"/g),
    cases: names(/<testcase classname="[^"]*" name="([^"]*)"/g),
  }
}

/** A line of a group is `verdict: name: what was seen`; the names are those that all formats use. */
function githubNames(text: string, scenarios: readonly ScenarioReport[]): Levels {
  const groups = text.split(/^::group::/m).slice(1)
  const levels: Levels = { groups: groups.map(group => group.split(': ')[0]?.replace(/^\S+ /, '') ?? '') }
  for (const [index, group] of groups.entries()) {
    const lines = group.split('\n').slice(1)
    const titles = scenarios[index] ? titledTrials(scenarios[index]) : []
    levels[`group ${index + 1}`] = titles.map(({ trial: { verdict }, title }, at) => {
      const begin = `${verdict}: ${title.replace(/\s+/g, ' ')}: `
      return lines[at]?.startsWith(begin) ? begin : `not called ${begin}`
    })
  }
  return levels
}

for (const [title, reports] of [
  ['a recorded run', [recorded]],
  ['a run with every verdict', [everyVerdict]],
  ['a run whose kernel says hostile things', [hostile]],
  ['a run of both iptables backends', [bothBackends]],
  ['a run with --repeat 2', [repeated]],
  ['a run whose experiments nobody told apart', [alike]],
  ['two runs of one kernel that are merged', [recorded, { ...recorded, started: '2026-11-22T05:07:27Z' }]],
  ['two runs of two kernels that are merged', [recorded, { ...recorded, kernel: everyVerdict.kernel }]],
] as const)
  t.test(`no two tests of ${title} have the same name in any format`, async test => {
    const text = await written(reports, ['tap', 'ktap', 'junit', 'github'])
    const scenarios = reports.flatMap(report => report.scenarios)
    const trials = scenarios.reduce((sum, one) => sum + one.trials.length, 0)
    for (const [format, levels] of Object.entries({
      tap: tapNames(text.tap ?? ''),
      ktap: ktapNames(text.ktap ?? ''),
      junit: junitNames(text.junit ?? ''),
      github: githubNames(text.github ?? '', scenarios),
    })) {
      for (const [level, names] of Object.entries(levels))
        test.same(
          names.filter(
            (name, index) => name === '' || names.indexOf(name) < index || /^not called/.test(name),
          ),
          [],
          `${format}: ${level}`,
        )
      const count = Object.values(levels).reduce((sum, names) => sum + names.length, 0)
      test.ok(count >= trials + scenarios.length, `${format}: they are all there`)
    }
  })
