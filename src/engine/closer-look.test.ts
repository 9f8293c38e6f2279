import t from 'tap'
import { turns } from '../base/turns.js'
import { Speed } from '../kernel/speed.js'
import type { TrialReport } from '../model/report.js'
import { definition, FILE, OPTIONS } from '../plan/plan.fixture.js'
import { planScenario } from '../plan/plan.js'
import { readScenario } from '../plan/read.js'
import { trial } from '../report/synthetic.fixture.js'
import { CloserLooks, planOfLook } from './closer-look.js'
import { EvidenceRecorder } from './recorder.js'
import type { Entry } from './schedule.js'

const scenario = readScenario(definition('neutron-floating-ip-self'), FILE)
const signal = new AbortController().signal
const speed = new Speed(1)
t.teardown(() => speed.close())

function looks(): CloserLooks {
  const recorder = new EvidenceRecorder({ level: 'none', notice: () => {}, signal })
  const building = turns(1)
  return new CloserLooks({
    ...{ kernel: OPTIONS.kernel, speed, recorder, building, signal },
    emit: () => {},
    keepGoing: true,
  })
}

const [plan] = planScenario(scenario, OPTIONS)
if (!plan) throw new Error('no plan')
const entry: Entry = {
  scenario,
  plan,
  repetition: 1,
  again: suffix => planScenario(scenario, { ...OPTIONS, instance: suffix })[0] ?? plan,
}

/** Takes note of all trials of an experiment; the mechanisms that are to be looked at already. */
function add(own: CloserLooks, trials: readonly TrialReport[]): string[] {
  return trials.flatMap((trial, index) => own.add(entry, index, trial)?.id ?? [])
}

/** Trials as they are planned, those that must fail proved by counts, and by what the kernel log says. */
function ran(log: 'seen' | 'not-seen' | 'unavailable'): TrialReport[] {
  return (plan?.phases ?? []).flatMap(({ phase, trials }) =>
    trials.map(({ probe, expectation: { outcome, mechanism } }) =>
      trial('confirmed', phase, {
        probe,
        outcome,
        ...(outcome === 'fails' && mechanism ? { mechanism } : {}),
        evidence: [
          { source: 'mib', node: 'vm', state: 'seen', says: 'IpExtInOctets +84' },
          { source: 'kernel-log', node: 'vm', state: log, says: log },
        ],
      }),
    ),
  )
}

t.test('a mechanism that the kernel never named is looked at more closely, once', async test => {
  const own = looks()
  add(own, ran('not-seen'))
  add(own, ran('not-seen'))
  test.same(
    own.due(scenario).map(({ id }) => id),
    ['martian-source'],
    'and not those that no log line or drop reason stands for',
  )
})

t.test('what nobody can have asked is looked at at once, and not again in the end', async test => {
  const own = looks()
  test.same(add(own, ran('unavailable')), ['martian-source'])
  test.same(add(own, ran('unavailable')), [])
  test.same(own.due(scenario), [])
})

t.test('what nobody will have asked, and takes a second, is looked at while its trial runs', async test => {
  const race = readScenario(definition('snat-port-race'), FILE)
  const plans = planScenario(race, OPTIONS)
  const [first] = plans
  const of: Entry = { ...entry, scenario: race, plan: first ?? plan }
  test.same(looks().ahead(of, 'full'), [], 'with this evidence, its own trial asks')
  const own = looks()
  const [look, ...others] = own.ahead(of, 'basic')
  test.equal(look?.id, 'source-port-clash')
  test.equal(first?.phases[look?.phase ?? 0]?.phase, 'broken')
  test.same(others, [])
  test.same(own.ahead(of, 'basic'), [], 'once')
  test.same(own.ahead(entry, 'basic'), [], 'and nothing that takes no time')
})

t.test('one line of the kernel’s own in a whole run is enough', async test => {
  const own = looks()
  add(own, ran('not-seen'))
  add(own, ran('seen'))
  test.same(own.due(scenario), [])
})

t.test('a trial that is not as it must be proves nothing', async test => {
  const own = looks()
  add(
    own,
    ran('not-seen').map(one => ({ ...one, verdict: 'regressed', ok: false })),
  )
  test.same(own.due(scenario), [])
})

t.test('a look takes the control, and the one trial with what leads to it', async test => {
  const own = looks()
  add(own, ran('not-seen'))
  const [look] = own.due(scenario)
  const short = look && planOfLook(look, 'look')
  test.same(
    short?.phases.map(({ phase, trials }) => [phase, trials.map(({ probe }) => probe)]),
    [
      ['control', scenario.controls],
      ['broken', ['float-ping']],
    ],
  )
  const fixed = plan.phases.findIndex(({ fix }) => fix?.['router-snat'] === 'on')
  const later = look && planOfLook({ ...look, phase: fixed, trial: 1 }, 'look')
  test.same(
    later?.phases.map(({ phase, trials, fix }) => [phase, trials.map(({ probe }) => probe), fix]),
    [
      ['control', scenario.controls, undefined],
      ['broken', [], undefined],
      ['fixed', ['float-tcp'], { 'router-snat': 'on' }],
    ],
  )
  const taken = look && planOfLook({ ...look, phase: fixed + 1, trial: 1 }, 'look')
  test.same(
    taken?.phases.map(({ phase, trials, fix }) => [phase, trials.map(({ probe }) => probe), fix]),
    [
      ['control', scenario.controls, undefined],
      ['broken', [], undefined],
      ['fixed', [], { 'router-snat': 'on' }],
      ['reverted', ['float-tcp'], { 'router-snat': 'on' }],
    ],
    'what takes a fix back begins where it is set',
  )
})
