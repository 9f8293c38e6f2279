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
  },
)

const chosen = (id: string, words: readonly string[] = [], phase?: ScriptPhase) => {
  const scenario = find(id)
  return planChosen(scenario, {
    settings: parseSettings(scenario, words),
    phase,
    kernel: version('6.12'),
    iptables: 'nft',
    commands: PLAIN_IPTABLES,
  }).phases.map(({ phase: name, fix }) =>
    fix ? `${name} ${Object.entries(fix).map(word => word.join('='))}` : name,
  )
}

t.test('without settings, every fix is set and taken back; no trial comes twice', async test => {
  test.same(chosen('lan-dnat-without-snat').slice(0, 5), [
    'control',
    'broken',
    'fixed bounce-snat=on',
    'reverted bounce-snat=on',
    'fixed bridge-nf-call-iptables=1',
  ])
  test.same(chosen('lan-dnat-without-snat', [], 'broken'), ['control', 'broken'])
  test.throws(() => chosen('ip6tables-mark-refused', [], 'fixed'), { message: /takes a toggle/, exitCode: 2 })
})

t.test('what leaves something behind has a topology made anew for each fix', async test => {
  test.same(chosen('pmtu-black-hole').slice(0, 6), [
    'control',
    'broken',
    'control',
    'fixed icmp-filter=none',
    'control',
    'fixed tcp_mtu_probing=1',
  ])
})

t.test('a fix that takes more of a machine than the failure is left to who asks for it', async test => {
  const fix = 'fixed nf_conntrack_helper=1'
  test.notOk(chosen('conntrack-helper-off').includes(fix))
  test.ok(chosen('conntrack-helper-off', ['nf_conntrack_helper=1']).includes(fix))
})
