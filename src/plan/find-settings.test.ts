import t from 'tap'
import { defaultSettings } from './expectations.js'
import { fixIn, settingsFor } from './find-settings.js'
import { definition, OPTIONS } from './plan.fixture.js'
import { readScenario } from './read.js'

const scenario = (id: string) => readScenario(definition(id) as never, `scenarios/${id}/scenario.ts`)
const { kernel } = OPTIONS

t.test('the settings for one scenario are the fixes of one toggle that repair all of it', async test => {
  const [first = []] = settingsFor([scenario('lan-dnat-without-snat')], kernel)
  test.same(first, [{ 'bounce-snat': 'on' }, { 'bridge-nf-call-iptables': '1' }])
})

t.test('a toggle that is made one way here and the other way there gets one setting for both', async test => {
  const both = [scenario('hairpin-ipv6-dad'), scenario('nova-float-hairpin')]
  const [first = []] = settingsFor(both, kernel)
  test.ok(first.length > 0)
  for (const settings of first) test.ok('hairpin_mode' in settings, JSON.stringify(settings))
  const known = { hairpin_mode: 'on', nwfilter: 'nova-no-nd-reflection', 'ctstate-dnat': 'on' }
  test.ok(first.some(settings => JSON.stringify(sorted(settings)) === JSON.stringify(sorted(known))))
})

t.test('what holds with fewer toggles is not found again with more', async test => {
  const levels = [...settingsFor([scenario('lan-dnat-without-snat')], kernel)]
  const seen: (typeof levels)[number] = []
  for (const settings of levels.flat()) {
    const fewer = seen.find(known => Object.entries(known).every(([name, to]) => settings[name] === to))
    test.equal(fewer, undefined, JSON.stringify(settings))
    seen.push(settings)
  }
})

t.test('a setting that a scenario has anyway, or a toggle that it has not, is no fix of it', async test => {
  const bounce = scenario('bridge-dnat-bounce')
  test.same(fixIn(bounce, { ...defaultSettings(bounce), nwfilter: 'none' }), {})
  test.same(fixIn(bounce, { hairpin_mode: 'on', nwfilter: 'none' }), { hairpin_mode: 'on' })
})

function sorted(settings: Readonly<Record<string, string>>) {
  return Object.entries(settings).sort()
}
