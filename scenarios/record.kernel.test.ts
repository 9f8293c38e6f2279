import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import t from 'tap'
import { projectRoot } from '../src/base/root.js'
import type { RecordedTwice } from './recorded-again.js'

t.setTimeout(600_000)

/** Of everything that a topology has words for one at least: without names, the program takes all scenarios. */
const SCENARIOS = [
  'bridge-dnat-bounce',
  'bridged-forward-drop',
  'ecmp-frag-needed',
  'ecmp-source-address',
  'ip6-rule-tos-ecn',
  'tentative-without-carrier',
  'wg-fwmark-rp-filter',
]
const program = join(projectRoot(), 'dist/scenarios/recorded-again.js')
const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...SCENARIOS], {
  encoding: 'utf8',
  maxBuffer: 1 << 28,
})
const unavailable = status === 69 ? `no world can be made: ${stderr.trim().slice(0, 300)}` : false
const lines = stdout
  .split('\n')
  .filter(Boolean)
  .map(line => JSON.parse(line) as RecordedTwice)

/** What it is called where is no part of what it is. */
const withoutNames = (topology: object): unknown =>
  JSON.parse(JSON.stringify(topology, (key, value: unknown) => (key === 'is' ? undefined : value)))

t.test('what was recorded builds, and recorded again is the same', { skip: unavailable }, async test => {
  test.equal(status, 0, stderr)
  test.equal(lines.length, 2 * SCENARIOS.length)
  for (const { scenario, anonymous, once, twice } of lines) {
    test.same(
      withoutNames(twice.topology),
      withoutNames(once.topology),
      `${scenario}${anonymous ? ', anonymous' : ''}`,
    )
    test.same(twice.left, once.left, scenario)
  }
})

t.test('an anonymous one has none of the names and addresses', { skip: unavailable }, async test => {
  for (const name of SCENARIOS) {
    const [own, other] = [false, true].map(anonymous =>
      lines.find(line => line.scenario === name && line.anonymous === anonymous),
    )
    const text = JSON.stringify(other?.once)
    const words =
      JSON.stringify(own?.once).match(
        /\b\d+(\.\d+){3}\b|\b[0-9a-f]{2}(:[0-9a-f]{2}){5}\b|"[\w-]+:[\w-]+"/g,
      ) ?? []
    test.ok(words.length > 0, name)
    for (const word of new Set(words.filter(one => !/^(127|0)\./.test(one))))
      test.notOk(text.includes(word), `${name}: ${word}`)
  }
})
