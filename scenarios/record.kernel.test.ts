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
  'rp-filter-loopback-redirect',
  'tentative-without-carrier',
  'wg-fwmark-rp-filter',
  // With settings of toggles, as a machine has them: options of bridges and ports, and tables of nftables.
  'accept-does-not-override,own-table=accept-before',
  'bridge-dnat-bounce,hairpin_mode=on',
  'bridge-dnat-bounce,promisc=on',
  'conntrack-invalid-rst,invalid-drop-nft=on',
  'link-local-frames,port-group_fwd_mask=0x4',
  'promisc-bridge-duplicates,kube-dedup=off',
  'nat-idle-timeout,random-fully=random-fully',
  'stp-forward-delay,forward_delay=2',
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
  for (const { machine, anonymous, once, twice } of lines) {
    test.same(
      withoutNames(twice.topology),
      withoutNames(once.topology),
      `${machine}${anonymous ? ', anonymous' : ''}`,
    )
    test.same(twice.left, once.left, machine)
  }
})

t.test(
  'an audit of what was recorded finds what it found on the machine',
  { skip: unavailable },
  async test => {
    for (const { machine, anonymous, audits } of lines) {
      const title = `${machine}${anonymous ? ', anonymous' : ''}`
      test.same(audits[1], audits[0], title)
      test.match(audits[0], [{ finding: /exposed|relies on|not concerned/ }], title)
    }
  },
)

t.test('an anonymous one has none of the names and addresses', { skip: unavailable }, async test => {
  for (const name of SCENARIOS) {
    const [own, other] = [false, true].map(anonymous =>
      lines.find(line => line.machine === name && line.anonymous === anonymous),
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
