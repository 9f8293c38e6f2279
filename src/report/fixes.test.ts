import t from 'tap'
import type { PhaseReport, TrialReport } from '../model/report.js'
import { describeChange, describeFix, fixesOf } from './fixes.js'
import { scenario, trial } from './synthetic.fixture.js'

const phase = (more: Partial<PhaseReport>): PhaseReport => ({
  experiment: 'one',
  phase: 'fixed',
  iptables: 'nft',
  repetition: 1,
  changes: [],
  ...more,
})
const of = (phase: TrialReport['phase'], more: Partial<TrialReport>) =>
  trial('confirmed', phase, { experiment: 'one', ...more })

t.test(
  'a fix is told with what it repairs, what it leaves broken, and what it set in the kernel',
  async test => {
    const fix = { accept_local: 'all=1' }
    const changes = [
      { node: 'vm', what: 'sysctl net.ipv4.conf.all.accept_local', before: '0', after: '1' },
      { node: 'router', what: 'rule 1 of nat POSTROUTING', after: '-j MASQUERADE' },
    ]
    const report = scenario(
      'one',
      'confirmed',
      [
        of('broken', { probe: 'ping', outcome: 'fails' }),
        of('broken', { probe: 'tcp', outcome: 'fails' }),
        of('broken', { probe: 'always', outcome: 'works' }),
        of('fixed', { fix, probe: 'ping', outcome: 'works' }),
        of('fixed', { fix, probe: 'tcp', outcome: 'fails' }),
        of('fixed', { fix, probe: 'always', outcome: 'works' }),
        of('reverted', { fix, probe: 'ping', outcome: 'fails' }),
      ],
      { phases: [phase({ phase: 'broken' }), phase({ fix, changes }), phase({ phase: 'reverted', fix })] },
    )
    const [only, ...others] = fixesOf(report)
    test.same(others, [])
    test.same(only, { title: 'accept_local all=1', repairs: ['ping'], leaves: ['tcp'], attacks: [], changes })
    test.equal(
      only && describeFix(only),
      'accept_local all=1 repairs ping, leaves tcp broken (vm: sysctl net.ipv4.conf.all.accept_local 0 → 1; router: rule 1 of nat POSTROUTING: + -j MASQUERADE)',
    )
  },
)

t.test('a fix of several experiments repairs what it repairs in any of them', async test => {
  const fix = { hairpin_mode: 'on' }
  const both = (experiment: string, outcome: 'works' | 'fails') => [
    of('broken', { experiment, probe: 'ping', outcome: 'fails' }),
    of('fixed', { experiment, fix, probe: 'ping', outcome }),
  ]
  const [only] = fixesOf(
    scenario('one', 'confirmed', [...both('first', 'fails'), ...both('second', 'works')]),
  )
  test.match(only, { repairs: ['ping'], leaves: [] })
})

t.test('a rule that is added, taken away or replaced reads as that', async test => {
  const rule = { node: 'vm', what: 'rule 1 of nat POSTROUTING' }
  test.equal(describeChange({ ...rule, after: '-j ACCEPT' }), 'rule 1 of nat POSTROUTING: + -j ACCEPT')
  test.equal(describeChange({ ...rule, before: '-j ACCEPT' }), 'rule 1 of nat POSTROUTING: − -j ACCEPT')
  test.equal(
    describeChange({ ...rule, before: '-j ACCEPT', after: '-j DROP' }),
    'rule 1 of nat POSTROUTING: -j ACCEPT → -j DROP',
  )
})
