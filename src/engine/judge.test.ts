import t from 'tap'
import { mib } from '../evidence/registry.js'
import type { Finding, Mechanism } from '../model/evidence.js'
import type { TrialPlan } from '../model/plan.js'
import { attack, type ProbeResult } from '../model/probe.js'
import type { TrialReport } from '../model/report.js'
import type { Expectation } from '../model/scenario.js'
import { ping } from '../probes/registry.js'
import { judgeScenario, judgeTrial, untriggered } from './judge.js'

const MECHANISM: Mechanism = {
  title: 'a mechanism',
  where: 'somewhere()',
  document: 'a line',
  proofs: [mib('a', 'Moves'), mib('a', 'Still').still()],
}
const finding = (state: Finding['state']): Finding => ({ source: 'mib', node: 'a', state, says: state })
const evidence = (...states: Finding['state'][]) => [
  { id: 'm', mechanism: MECHANISM, findings: states.map(finding) },
]

t.test('a trial is judged by its outcome and its evidence', async test => {
  const plan = (expectation: Partial<Expectation>): TrialPlan => ({
    probe: 'p',
    spec: ping({ from: 'a', to: '192.0.2.1' }),
    prepare: [],
    settings: {},
    mechanisms: ['m'],
    expectation: { outcome: 'works', why: 'reasons', ...expectation },
  })
  const works: ProbeResult = { outcome: 'works', says: 'it came', answeredBy: '192.0.2.1' }
  const fails: ProbeResult = { outcome: 'fails', says: 'nothing came' }
  const mustFail = { outcome: 'fails', mechanism: 'm' } as const
  for (const [title, expectation, phase, result, found, verdict] of [
    [
      'a failure with its evidence is confirmed',
      mustFail,
      'broken',
      fails,
      evidence('seen', 'seen'),
      'confirmed',
    ],
    [
      'a failure without its evidence is an error',
      mustFail,
      'broken',
      fails,
      evidence('absent', 'seen'),
      'error',
    ],
    [
      'a failure without any available evidence is an error',
      mustFail,
      'broken',
      fails,
      evidence('unavailable', 'unavailable'),
      'error',
    ],
    [
      'a failure that does not come is an unexpected pass',
      mustFail,
      'broken',
      works,
      evidence('absent', 'seen'),
      'unexpected-pass',
    ],
    [
      'a fix that fails by the mechanism is regressed',
      {},
      'fixed',
      fails,
      evidence('seen', 'seen'),
      'regressed',
    ],
    [
      'a fix that fails by something else is an error',
      {},
      'fixed',
      fails,
      evidence('absent', 'seen'),
      'error',
    ],
    ['a fix that works is confirmed', {}, 'fixed', works, evidence('absent', 'seen'), 'confirmed'],
    [
      'a fix that works while the evidence goes on is an error',
      {},
      'fixed',
      works,
      evidence('seen', 'seen'),
      'error',
    ],
    [
      'an answer from another address is regressed',
      { answeredBy: '192.0.2.9' },
      'fixed',
      works,
      evidence('absent', 'seen'),
      'regressed',
    ],
    ['a control that fails is an error', {}, 'control', fails, evidence('seen', 'seen'), 'error'],
    [
      'an expected difference from the document is changed',
      { differs: 'so' },
      'broken',
      works,
      evidence('absent', 'seen'),
      'changed',
    ],
    [
      'luck that did not come is no verdict',
      { ...mustFail, statistical: true },
      'broken',
      works,
      evidence('absent', 'seen'),
      'skipped',
    ],
  ] as [string, Partial<Expectation>, 'broken', ProbeResult, ReturnType<typeof evidence>, string][])
    test.test(title, async t2 => {
      t2.equal(judgeTrial(plan(expectation), phase, result, found).verdict, verdict)
    })
})

t.test(
  'a fix that does no good is told from a lab that is broken by the mechanism that is proved',
  async test => {
    const mechanism = (id: string, state: Finding['state']) =>
      ({
        id,
        mechanism: {
          title: id,
          where: 'f()',
          document: '',
          proofs: [mib('a', 'C')],
        },
        findings: [{ source: 'mib', node: 'a', state, says: 'C' }],
      }) as const
    const plan: TrialPlan = {
      probe: 'p',
      spec: ping({ from: 'a', to: '192.0.2.1' }),
      prepare: [],
      settings: {},
      mechanisms: ['first', 'second'],
      expectation: { outcome: 'fails', mechanism: 'second', why: 'half way' },
    }
    const fails: ProbeResult = { outcome: 'fails', says: 'nothing came' }
    const found = [mechanism('first', 'seen'), mechanism('second', 'absent')]
    const fixed = judgeTrial(plan, 'fixed', fails, found)
    test.equal(fixed.verdict, 'regressed', 'the setting must get it as far as the second mechanism')
    test.equal(fixed.mechanism, 'first')
    test.equal(judgeTrial(plan, 'broken', fails, found).verdict, 'error', 'nothing was set yet')
    const none = [mechanism('first', 'absent'), mechanism('second', 'absent')]
    test.equal(judgeTrial(plan, 'fixed', fails, none).verdict, 'error', 'no known mechanism')
  },
)

t.test('chance is not taken for a result', async test => {
  const trial = (
    phase: TrialReport['phase'],
    verdict: TrialReport['verdict'],
    outcome: TrialReport['outcome'],
  ) => ({ phase, verdict, outcome, probe: 'p', says: 'none of them', why: '', ok: true }) as TrialReport
  const fixed = trial('fixed', 'confirmed', 'works')
  test.equal(untriggered(fixed, [trial('broken', 'confirmed', 'fails')]).verdict, 'confirmed')
  const without = untriggered(fixed, [trial('broken', 'skipped', 'works')])
  test.equal(without.verdict, 'skipped', 'a fix is not shown where there was nothing to repair')
  test.match(without.why, /not triggered.*none of them/)
  test.equal(
    untriggered(trial('fixed', 'regressed', 'fails'), [trial('broken', 'skipped', 'works')]).verdict,
    'regressed',
  )
})

t.test('a scenario has the worst verdict of its trials', async test => {
  const trial = (
    verdict: TrialReport['verdict'],
    outcome: TrialReport['outcome'] = 'works',
  ): TrialReport => ({
    experiment: 'e',
    phase: 'fixed',
    probe: 'p',
    iptables: 'nft',
    toggles: { x: verdict },
    outcome,
    says: '',
    expected: 'works',
    ok: true,
    verdict,
    why: verdict,
    evidence: [],
    repetition: 1,
    elapsedMs: 1,
  })
  test.equal(judgeScenario([]).verdict, 'skipped')
  test.equal(judgeScenario([trial('skipped')]).verdict, 'skipped')
  test.equal(judgeScenario([trial('skipped'), trial('confirmed')]).verdict, 'confirmed')
  test.equal(judgeScenario([trial('changed'), trial('confirmed')]).verdict, 'changed')
  const legacy = { ...trial('skipped'), iptables: 'legacy' as const, why: 'no such table' }
  test.equal(
    judgeScenario([trial('confirmed'), legacy]).reason,
    'as documented with iptables-nft alone, in 1 trials. Nothing was tried with iptables-legacy: no such table.',
  )
  test.equal(judgeScenario([trial('changed'), trial('unexpected-pass')]).verdict, 'unexpected-pass')
  test.equal(judgeScenario([trial('regressed'), trial('unexpected-pass')]).verdict, 'regressed')
  const broken = judgeScenario([trial('regressed'), trial('error')])
  test.equal(broken.verdict, 'error')
  test.match(
    broken.reason,
    /Besides, regressed: .*: regressed/,
    'an error does not hide what the kernel said',
  )
  test.equal(
    judgeScenario([trial('confirmed'), trial('confirmed', 'fails')]).verdict,
    'flaky',
    'the same trial came out both ways',
  )
})

t.test('an attack is judged as reached or refused, and who refused it must show', async test => {
  const refusal: Mechanism = { ...MECHANISM, title: 'a rule', proofs: [mib('a', 'Dropped')] }
  const plan = (expectation: Partial<Expectation>): TrialPlan => ({
    probe: 'p',
    spec: attack(ping({ from: 'a', to: '192.0.2.1' })),
    prepare: [],
    settings: {},
    mechanisms: ['m', 'r'],
    expectation: { outcome: 'works', why: 'reasons', ...expectation },
  })
  const through: ProbeResult = { outcome: 'fails', says: 'reached: it came' }
  const kept: ProbeResult = { outcome: 'works', says: 'refused: nothing came' }
  const both = (reach: Finding['state'], drop: Finding['state']) => [
    ...evidence(reach, reach),
    { id: 'r', mechanism: refusal, findings: [finding(drop)] },
  ]
  const judged = (expectation: Partial<Expectation>, result: ProbeResult, found: ReturnType<typeof both>) =>
    judgeTrial(plan(expectation), 'fixed', result, found)
  const mustBeReached = { outcome: 'fails', mechanism: 'm' } as const
  const mustBeRefused = { outcome: 'works', refusedBy: 'r' } as const
  test.match(judged(mustBeReached, through, both('seen', 'absent')), { verdict: 'confirmed', mechanism: 'm' })
  test.match(judged(mustBeRefused, kept, both('absent', 'seen')), { verdict: 'confirmed', mechanism: 'r' })
  test.match(judged(mustBeRefused, kept, both('absent', 'absent')), {
    verdict: 'error',
    why: /^it is refused .*, but not by a rule/,
  })
  test.match(judged(mustBeRefused, through, both('seen', 'absent')), {
    verdict: 'regressed',
    why: /^it is reached by a mechanism .* must be refused/,
  })
  test.match(judged(mustBeReached, kept, both('absent', 'seen')), {
    verdict: 'unexpected-pass',
    why: /^it is refused, and must be reached/,
  })
  for (const [expectation, result] of [
    [mustBeReached, kept],
    [mustBeRefused, through],
  ] as const)
    test.notMatch(judged(expectation, result, both('seen', 'seen')).why, /\b(works?|fails?)\b/)
})
