import t from 'tap'
import { defaultSettings } from '../plan/expectations.js'
import { find, scenarios } from '../script/script.fixture.js'
import { combinations, effects, failuresOf } from './effects.js'

t.test('what settings do is read off the expectations, by kernel', async test => {
  const scenario = find('bridge-dnat-bounce')
  const base = defaultSettings(scenario)
  const of = (name: string, setting: string) =>
    effects(scenario, base, { ...base, [name]: setting }).filter(({ kind }) => kind !== 'keeps')
  test.match(of('hairpin_mode', 'on'), [{ kind: 'repairs', probes: ['own-address-tcp'], kernels: '' }])
  test.match(of('promisc', 'on'), [
    { kind: 'repairs', kernels: 'kernels without 751de2012eaf' },
    { kind: 'leaves', kernels: 'kernels with 751de2012eaf' },
  ])
  test.ok(combinations(scenario).length > 0, 'nf_call_iptables matters together with the sysctl only')
})

t.test('a remedy is known to be the failure of another scenario', async test => {
  const others = failuresOf(scenarios, find('bridge-dnat-bounce'), 'hairpin_mode', 'on')
  test.same(
    others.map(({ id }) => id),
    ['hairpin-ipv6-dad'],
  )
})
