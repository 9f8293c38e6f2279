import t from 'tap'
import { PLAIN_IPTABLES } from '../model/steps.js'
import { version } from '../model/version.fixture.js'
import { parseSettings, planChosen, type ScriptPhase } from './choose.js'
import { find } from './script.fixture.js'

t.test('a setting may hold = itself, and what is unknown is named', async test => {
  const scenario = find('neutron-floating-ip-self')
  test.same(parseSettings(scenario, ['accept_local=all=1']), { accept_local: 'all=1' })
  test.throws(() => parseSettings(scenario, ['accept_locl=1']), { message: /accept_locl/, exitCode: 2 })
  test.throws(() => parseSettings(scenario, ['constructor=1']), {
    message: "unknown toggle 'constructor'",
    exitCode: 2,
  })
  test.throws(() => parseSettings(scenario, ['rp_filter=3']), {
    message: /setting of rp_filter '3'/,
    exitCode: 2,
  })
  test.throws(() => parseSettings(scenario, ['rp_filter']), { message: /has no setting/, exitCode: 2 })
})

t.test(
  'what experiments only have as given holds from the beginning, what they try as a remedy comes last',
  async test => {
    const scenario = find('neutron-floating-ip-self')
    const plan = (words: readonly string[], phase?: ScriptPhase) =>
      planChosen(scenario, {
        settings: parseSettings(scenario, words),
        phase,
        kernel: version('6.12'),
        iptables: 'nft',
        commands: PLAIN_IPTABLES,
      }).phases.map(({ phase: name, settings }) => `${name} ${settings.rp_filter} ${settings.accept_local}`)
    test.same(plan(['rp_filter=1', 'accept_local=all=1']).slice(0, 3), [
      'control 1 0',
      'broken 1 0',
      'fixed 1 all=1',
    ])
    test.same(plan(['accept_local=all=1'], 'broken'), ['control 0 all=1', 'broken 0 all=1'])
    test.throws(() => plan([], 'fixed'), { message: /takes a toggle/, exitCode: 2 })
  },
)
