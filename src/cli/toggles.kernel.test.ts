import { readFile } from 'node:fs/promises'
import { getuid } from 'node:process'
import t from 'tap'
import { withFile } from 'tmp-promise'
import type { Report } from '../model/report.js'
import type { SettingRow } from '../report/interactions.js'
import { isGood } from '../report/interactions.js'
import { lab } from './cli.fixture.js'

t.setTimeout(240_000)
const skip = getuid?.() !== 0 && 'it takes root'

t.test('lab toggles agrees with what single runs say', { skip }, async test => {
  const ids = ['bridge-dnat-bounce', 'lan-dnat-without-snat']
  const table = await lab(['toggles', '--format', 'json', ...ids])
  test.equal(table.exitCode, 0, table.stderr)
  const { settings } = JSON.parse(table.stdout) as { settings: SettingRow[] }
  for (const [toggle, setting, id] of [
    ['hairpin_mode', 'on', 'bridge-dnat-bounce'],
    ['promisc', 'on', 'bridge-dnat-bounce'],
    ['bridge-nf-call-iptables', '1', 'lan-dnat-without-snat'],
  ] as const)
    await withFile(async ({ path }) => {
      const single = await lab(['run', id, '--toggle', `${toggle}=${setting}`, '--json', path, '--quiet'])
      test.equal(single.exitCode, 0, single.stderr)
      const report = JSON.parse(await readFile(path, 'utf8')) as Report
      const trials = report.scenarios.flatMap(one => one.trials)
      const failing = trials.filter(one => one.phase === 'broken' && isGood(one) === false)
      const alone = trials.filter(
        ({ phase, fix = {}, probe }) =>
          phase === 'fixed' &&
          Object.keys(fix).length === 1 &&
          failing.some(before => before.probe === probe),
      )
      test.ok(alone.length > 0)
      const row = settings.find(one => one.toggle === toggle && one.setting === setting)
      const found = row?.interactions.find(({ scenario }) => scenario === id)
      for (const one of alone)
        test.equal(found?.probes.includes(one.probe), isGood(one), `${toggle}=${setting} ${id} ${one.probe}`)
    })
})

t.test('lab toggles --find finds the known answer, and asks for names', { skip }, async test => {
  const found = await lab(['toggles', '--find', '--format', 'json', 'hairpin-ipv6-dad', 'nova-float-hairpin'])
  test.equal(found.exitCode, 0, found.stderr)
  const answers = JSON.parse(found.stdout) as Record<string, string>[]
  for (const way of [{ nwfilter: 'nova-no-nd-reflection' }, { enhanced_dad: 'all' }])
    test.ok(
      answers.some(answer =>
        Object.entries({ hairpin_mode: 'on', ...way }).every(([k, v]) => answer[k] === v),
      ),
      `hairpin on, with ${Object.keys(way)}`,
    )
  const nobody = await lab(['toggles', '--find'])
  test.equal(nobody.exitCode, 2)
  test.match(nobody.stderr, /no scenario is named/)
})
