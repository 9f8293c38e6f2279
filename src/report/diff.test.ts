import fc from 'fast-check'
import t from 'tap'
import { runs } from '../base/property.fixture.js'
import { type Report, reportSchema, type TrialReport } from '../model/report.js'
import type { Verdict } from '../model/verdict.js'
import { compact, reports, trials } from './arbitrary.fixture.js'
import { breaksFix, type DifferenceKind, diffReports, FAIL_ON, type FailOn, failsOn } from './diff.js'
import { diffMarkdown, diffText } from './diff-text.js'

const PROMISC = {
  commit: '751de2012eaf',
  title: 'netfilter: br_netfilter: skip conntrack input hook for promisc packets',
  since: '6.9',
  backports: ['6.1.88'],
  url: 'https://git.kernel.org/linus/751de2012eaf',
}

function trial(given: Partial<TrialReport>): TrialReport {
  return {
    experiment: 'the workarounds',
    phase: 'broken',
    probe: 'own-address-tcp',
    iptables: 'nft',
    toggles: { hairpin_mode: 'off', promisc: 'off' },
    outcome: 'fails',
    says: 'no answer',
    expected: 'fails',
    ok: true,
    verdict: 'confirmed',
    why: 'the frame may not leave by the port that it came in on',
    mechanism: 'same-port-drop',
    evidence: [{ source: 'mib', node: 'web', state: 'seen', says: 'IpExtInOctets +0' }],
    repetition: 1,
    elapsedMs: 1,
    ...given,
  }
}

const works: Partial<TrialReport> = { outcome: 'works', expected: 'works', evidence: [] }
const promisc: Partial<TrialReport> = { phase: 'fixed', toggles: { hairpin_mode: 'off', promisc: 'on' } }

function report(version: string, ...trials: TrialReport[]): Report {
  const { length } = trials
  return reportSchema.parse({
    schema: 'netns-lab.report/2',
    kernel: { release: `${version}-amd64`, version },
    machine: { cpus: 1, privilege: 'root', distribution: 'Debian', slowness: 1, tools: {} },
    started: '2026-11-21T00:00:00Z',
    elapsedMs: length,
    summary: Object.fromEntries(
      ['error', 'regressed', 'unexpected-pass', 'flaky', 'skipped', 'changed', 'confirmed'].map(verdict => [
        verdict,
        verdict === 'confirmed' ? 1 : 0,
      ]),
    ),
    unavailable: [],
    scenarios: [
      { id: 'bridge-dnat-bounce', title: 'title', verdict: 'confirmed', reason: '', elapsedMs: 1, trials },
    ],
  })
}

const kinds = (a: Report, b: Report) => diffReports(a, b).differences.map(({ kind }) => kind)

t.test('a report does not differ from itself, or from one of another day', async test => {
  const trials = [trial({}), trial({ ...promisc, ...works })]
  const later = trials.map(entry => ({ ...entry, elapsedMs: 99, says: 'no answer within 1500 ms' }))
  const diff = diffReports(report('5.10.262', ...trials), report('5.10.262', ...later))
  test.same(diff.differences, [])
  test.equal(diff.compared, 2)
  test.notOk(breaksFix(diff))
})

t.test(
  'a fix that worked and fails now comes first, with the commit and the toggle that decides no longer',
  async test => {
    const before = report('5.10.262', trial({}), trial({ ...promisc, ...works, change: PROMISC }))
    const after = report(
      '6.1.192',
      trial({ evidence: [{ source: 'mib', node: 'web', state: 'absent', says: 'IpExtInOctets +9' }] }),
      trial({ ...promisc, mechanism: 'promiscuous-copy-untracked', verdict: 'changed', change: PROMISC }),
    )
    const diff = diffReports(before, after)
    test.same(
      diff.differences.map(({ kind }) => kind),
      ['fix-broke', 'evidence'],
    )
    const [first] = diff.differences
    test.equal(first?.change?.commit, '751de2012eaf')
    test.same(first?.settings, { promisc: 'on' })
    test.same(first?.toggles, { matter: false, names: ['promisc'] })
    test.ok(breaksFix(diff))
    const text = diffText(diff)
    test.match(text, /5\.10\.262-amd64 → 6\.1\.192-amd64/)
    test.match(text, /^fix-broke.*own-address-tcp with promisc=on/m)
    test.match(text, /751de2012eaf .* \(since 6\.9, backported to 6\.1\.88\)/)
    test.match(diffMarkdown(diff), /\[751de2012eaf\]\(https:\/\/git\.kernel\.org\/linus\/751de2012eaf\)/)
  },
)

t.test('the way back is a fix that works now, and hurts nobody', async test => {
  const after = report('5.10.262', trial({}), trial({ ...promisc, ...works }))
  const before = report('6.1.192', trial({}), trial(promisc))
  const diff = diffReports(before, after)
  test.same(
    diff.differences.map(({ kind }) => kind),
    ['fix-works'],
  )
  test.same(diff.differences[0]?.toggles, { matter: true, names: ['promisc'] })
  test.notOk(breaksFix(diff))
})

t.test(
  'a failure that is gone shows once, although it was looked for before and after each fix',
  async test => {
    const before = report('5.2.0', trial({}), trial({ phase: 'reverted' }))
    const after = report('5.3.0', trial(works), trial({ phase: 'reverted', ...works }))
    const { differences } = diffReports(before, after)
    test.equal(differences.length, 1)
    test.same([differences[0]?.kind, differences[0]?.phases], ['failure-gone', ['broken', 'reverted']])
  },
)

t.test(
  'a trial that comes to a bad verdict now is worse than one that fails for another reason',
  async test => {
    const before = report('6.1.0', trial({}), trial({ phase: 'reverted' }))
    const after = report(
      '6.2.0',
      trial({ mechanism: 'other' }),
      trial({ phase: 'reverted', verdict: 'error' }),
    )
    test.same(kinds(before, after), ['judged-worse', 'mechanism'])
  },
)

t.test('a log line that a rate limit held back is no difference', async test => {
  const hidden = trial({
    evidence: [{ source: 'mib', node: 'web', state: 'not-seen', says: 'no line' }],
  })
  test.same(kinds(report('6.1.0', trial({})), report('6.2.0', hidden)), [])
})

t.test('a trial that was skipped, or left to luck that did not come, is not compared', async test => {
  const skipped = trial({ outcome: 'skipped', verdict: 'skipped', why: 'no CONFIG_BRIDGE' })
  test.same(kinds(report('6.1.0', skipped), report('6.2.0', skipped)), [])
  test.same(kinds(report('6.1.0', trial({})), report('6.2.0', skipped)), ['no-longer-run'])
  const unlucky = trial({ outcome: 'not-triggered', verdict: 'skipped', repetition: 2 })
  test.same(kinds(report('6.1.0', trial({})), report('6.2.0', trial({}), unlucky)), [])
})

/** What a difference is when the reports change places. */
const REVERSED: Readonly<Record<DifferenceKind, readonly (DifferenceKind | undefined)[]>> = {
  'fix-broke': ['fix-works', 'judged-worse'],
  'now-fails': ['failure-gone', 'judged-worse'],
  'judged-worse': ['judged-better', 'fix-broke', 'now-fails'],
  'fix-works': ['fix-broke'],
  'failure-gone': ['now-fails'],
  'judged-better': ['judged-worse'],
  mechanism: ['mechanism'],
  // Evidence counts only where the later trial fails.
  evidence: ['evidence', undefined],
  'no-longer-run': ['newly-run'],
  'newly-run': ['no-longer-run'],
}

t.test('a report does not differ from itself, and what breaks one way heals the other way', async test => {
  const many = fc.uniqueArray(trials, { minLength: 1, maxLength: 6, selector: ({ probe }) => probe })
  const side = fc.tuple(reports, many).map(
    ([report, list]): Report => ({
      ...report,
      scenarios: [{ id: 'one', title: '', verdict: 'confirmed', reason: '', elapsedMs: 0, trials: list }],
    }),
  )
  // The same trials with other outcomes, so that there is something to compare.
  const pair = fc.tuple(side, fc.infiniteStream(trials)).map(([before, others]): [Report, Report] => {
    const changed = before.scenarios.map(scenario => ({
      ...scenario,
      trials: scenario.trials.map(trial => {
        const { outcome, verdict, mechanism, evidence } = others.next().value as TrialReport
        return compact({ ...trial, outcome, verdict, mechanism, evidence })
      }),
    }))
    return [before, { ...before, scenarios: changed }]
  })
  fc.assert(
    fc.property(fc.oneof(pair, fc.tuple(side, side)), ([a, b]) => {
      const same = diffReports(a, a)
      if (same.differences.length > 0) throw new Error(JSON.stringify(same.differences))
      const [there, back] = [diffReports(a, b), diffReports(b, a)]
      if (there.compared !== back.compared) throw new Error('compared')
      for (const difference of there.differences) {
        diffText(there)
        diffMarkdown(there)
        const reverse = back.differences.flatMap(({ probe, kind }) =>
          probe === difference.probe ? [kind] : [],
        )
        const right = REVERSED[difference.kind]
        if (!right.includes(reverse.length === 0 ? undefined : reverse.find(kind => right.includes(kind))))
          throw new Error(`${difference.kind}: ${reverse}`)
      }
    }),
    runs(400),
  )
  test.pass('antisymmetric')
})

/** One scenario with a verdict and these trials, in a report of its own. */
const whole = (verdict: Verdict, ...trials: TrialReport[]): Report => {
  const one = report('6.1.0', ...trials)
  return { ...one, scenarios: one.scenarios.map(scenario => ({ ...scenario, verdict, reason: 'a reason' })) }
}
const GOOD = [trial({}), trial({ ...promisc, ...works })]
const nothing: Report = { ...report('6.1.0'), scenarios: [] }
const SKIPPED = trial({ outcome: 'skipped', verdict: 'skipped', why: 'no CONFIG_BRIDGE' })

/** Every way in which an upgrade can be worse, and every way in which it is not: what it is called, and whether `worse` fails on it. */
for (const [title, before, after, kind, fails] of [
  ['a fix that breaks', GOOD, [trial({}), trial(promisc)], 'fix-broke', true],
  [
    'a trial that is judged worse',
    GOOD,
    [trial({ verdict: 'error' }), trial({ ...promisc, ...works })],
    'judged-worse',
    true,
  ],
  ['what worked without a fix and fails', [trial(works)], [trial({})], 'now-fails', true],
  ['a trial that is skipped', GOOD, [SKIPPED, trial({ ...promisc, ...works })], 'no-longer-run', true],
  ['a trial that is not there', GOOD, [trial({})], 'no-longer-run', true],
  [
    'a scenario that is an error without trials',
    whole('confirmed', ...GOOD),
    whole('error'),
    'became-error',
    true,
  ],
  [
    'a scenario that is an error with its trials',
    whole('confirmed', ...GOOD),
    whole('error', ...GOOD),
    'became-error',
    true,
  ],
  [
    'a scenario that is skipped',
    whole('confirmed', ...GOOD),
    whole('skipped', SKIPPED),
    'became-skipped',
    true,
  ],
  ['a scenario that is flaky', whole('confirmed', ...GOOD), whole('flaky', ...GOOD), 'became-flaky', true],
  ['a scenario that vanished', whole('confirmed', ...GOOD), nothing, 'vanished', true],
  [
    'a scenario that was an error and is regressed',
    whole('error'),
    whole('regressed', trial({ verdict: 'regressed' })),
    'no-longer-error',
    false,
  ],
  ['a scenario that appeared', nothing, whole('confirmed', ...GOOD), 'appeared', false],
  [
    'a scenario that can be tried again',
    whole('skipped', SKIPPED),
    whole('confirmed', ...GOOD),
    'no-longer-skipped',
    false,
  ],
  [
    'a scenario that is flaky no more',
    whole('flaky', ...GOOD),
    whole('confirmed', ...GOOD),
    'no-longer-flaky',
    false,
  ],
  ['a fix that works now', [trial({}), trial(promisc)], GOOD, 'fix-works', false],
  ['a failure that is gone', [trial({})], [trial(works)], 'failure-gone', false],
  ['a trial that is judged better', [trial({ verdict: 'error' })], [trial({})], 'judged-better', false],
  ['another mechanism', [trial({})], [trial({ mechanism: 'other' })], 'mechanism', false],
  ['a trial that is new', [trial({})], GOOD, 'newly-run', false],
] as const)
  t.test(`${title} is ${kind}, and ${fails ? 'fails' : 'does not fail'} an upgrade`, async test => {
    const side = (given: Report | readonly TrialReport[]) =>
      'schema' in given ? given : report('6.1.0', ...given)
    const diff = diffReports(side(before), side(after))
    const kinds = [...diff.scenarios, ...diff.differences].map(one => one.kind)
    test.ok(kinds.includes(kind), kinds.join())
    test.equal(failsOn(diff, ['worse']), fails)
    test.ok(failsOn(diff, ['any']))
    test.notOk(failsOn(diff, ['none']))
    for (const one of FAIL_ON.filter((name): name is FailOn => !['worse', 'any', 'none'].includes(name)))
      test.equal(
        failsOn(diff, [one]),
        kinds.some(found => found === one),
        one,
      )
    test.match(diffText(diff), kind)
    test.ok(diffMarkdown(diff))
  })

t.test('of a scenario that only one report has there is one line', async test => {
  for (const [a, b] of [
    [whole('confirmed', ...GOOD), nothing],
    [nothing, whole('confirmed', ...GOOD)],
  ] as const) {
    const diff = diffReports(a, b)
    test.equal(diff.scenarios.length, 1)
    test.strictSame(diff.differences, [])
    test.equal(diffText(diff).match(/bridge-dnat-bounce/g)?.length, 1)
  }
})

t.test('two reports that are the same fail on nothing', async test => {
  const one = whole('confirmed', ...GOOD)
  for (const kind of FAIL_ON) test.notOk(failsOn(diffReports(one, one), [kind]), kind)
})
