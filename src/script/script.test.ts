import t from 'tap'
import { version } from '../model/version.fixture.js'
import { find, make, scenarios } from './script.fixture.js'

t.test('the same words make the same script', async test => {
  const kernel = version('6.12')
  for (const scenario of scenarios)
    test.equal(make(scenario, [], kernel), make(scenario, [], kernel), scenario.id)
})

t.test('a script expects what the kernel that it was made for must do', async test => {
  const bounce = find('bridge-dnat-bounce')
  const old = make(bounce, ['promisc=on'], version('5.10'), 'fixed')
  test.match(old, "begin 'fixed own-address-tcp (promisc on) works'")
  const now = make(bounce, ['promisc=on'], version('6.12'), 'fixed')
  test.match(now, "begin 'fixed own-address-tcp (promisc on) fails: promiscuous-copy-untracked'")
})
