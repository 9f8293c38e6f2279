/** The generator of liars, and what is made of what came of them. */

import t from 'tap'
import type { RunEvent } from '../../src/model/event.js'
import type { Scenario } from '../../src/model/scenario.js'
import { PLAIN_IPTABLES } from '../../src/model/steps.js'
import { defaultSettings } from '../../src/plan/expectations.js'
import { definitions, FILE } from '../../src/plan/plan.fixture.js'
import { readScenario } from '../../src/plan/read.js'
import { scenario as report, trial } from '../../src/report/synthetic.fixture.js'
import { restsOn, turned } from './evidence.js'
import { changeOf } from './generate.js'
import { type Liar, liarsOf, nameOf } from './liar.js'
import { deedOf, toolOf } from './lie.js'
import { alikeInNft } from './lies/nft.js'
import { alike } from './lies/rules.js'
import { liesAbout } from './lies.js'
import { outcomeOf } from './outcome.js'
import { Phases } from './phases.js'
import { counted, deviations, rowsIn, score, tableOf, total, withSections } from './table.js'

const scenarios = definitions.map(defined => readScenario(defined, FILE))
const all = scenarios.flatMap(liarsOf)
const names = new Set(all.map(nameOf))

const CONTEXT = {
  iptables: PLAIN_IPTABLES,
  folder: '/run/some',
  mac: () => '02:00:00:00:00:01',
  settings: {},
}

function one(id: string): Scenario {
  const found = scenarios.find(scenario => scenario.id === id)
  if (!found) throw new Error(`no scenario ${id}`)
  return found
}

function liar(name: string): Liar {
  const found = all.find(candidate => nameOf(candidate) === name)
  if (!found) throw new Error(`no liar ${name}`)
  return found
}

t.test('each liar has a name of its own', async test => {
  test.equal(names.size, all.length)
})

t.test('every setting that an experiment changes has liars, one of which does nothing', async test => {
  for (const scenario of scenarios) {
    const { id, toggles, experiments } = scenario
    const used = new Map(
      experiments.flatMap(({ given = {}, fixes }) =>
        [given, ...fixes].flatMap(settings =>
          Object.entries(settings).map(
            ([toggle, to]) => [`${toggle}=${to}`, { toggle, to, first: settings === given }] as const,
          ),
        ),
      ),
    )
    for (const [name, { toggle, to, first }] of used) {
      // What is given is set in a topology that has just been built.
      const from = first ? undefined : toggles[toggle]?.settings.find(setting => setting !== to)
      const context = { ...CONTEXT, settings: defaultSettings(scenario) }
      const { steps } = changeOf(scenario, toggle, { to, from, context })
      // What another toggle writes into its own rule has none.
      if (steps.length > 0)
        test.ok(names.has(`${id}: ${name}: ${steps[0] && toolOf(steps[0])} does nothing`), name)
    }
  }
})

t.test('the lies by which the lab was once deceived are among them', async test => {
  for (const name of [
    'neutron-floating-ip-self: router-snat=on: iptables translates to another address',
    'neutron-floating-ip-self: router-snat=on: iptables masquerades instead',
    'hairpin-ipv6-dad: isolated=on: bridge sets hairpin_mode=off in its place',
    'hairpin-ipv6-dad: ebtables-drop=on: ebtables sets hairpin_mode=off in its place',
    'hairpin-ipv6-dad: nwfilter=no-mac-reflection: virsh sets hairpin_mode=off in its place',
    'nova-float-hairpin: ctstate-dnat=on: iptables has it never match',
    'snat-port-race: random-fully=random: iptables sets random-fully',
    'snat-port-race: random-fully=random-fully: iptables sets random',
    'hairpin-ipv6-dad: promisc=on: ip does nothing',
    'neutron-floating-ip-self: accept_local=lo=1: sysctl takes it back after 300 ms',
    "bridge-dnat-bounce: rules and filters of host: iptables-restore '-A FORWARD -d 10.0.3.80/32' loses it",
    'vpn-address-from-lan: fib-rule=on: nft has it never match',
    "localhost-from-neighbour: rules and filters of neighbour: nft 'add rule ip localhost leaving ip daddr 192.0.2.127 ip daddr set 127.0.0.1' loads it twice",
  ])
    test.ok(names.has(name), name)
})

t.test('a lie is other than the truth, and the same change gives the same lies', async test => {
  const nova = { to: 'on', from: 'off', context: CONTEXT }
  const change = changeOf(one('nova-float-hairpin'), 'ctstate-dnat', nova)
  const lies = liesAbout(change)
  test.same(lies, liesAbout(change))
  test.ok(lies.length > 10)
  const honest = JSON.stringify(change.steps.map(deedOf))
  for (const { name, tellings } of lies) {
    test.equal(tellings.length, change.steps.length, name)
    const told = tellings.some(
      telling => telling && (telling.later || JSON.stringify(telling.now) !== honest),
    )
    test.ok(told, name)
  }
})

t.test('a rule of nftables like another one differs from it', async test => {
  const rules = [
    'add rule ip lab in fib daddr . iif type != { local, broadcast } drop',
    'add rule ip6 marks output ip6 dscp 4 meta mark set 16',
  ]
  for (const rule of rules) {
    const others = alikeInNft(rule)
    test.ok(others.length >= 2)
    for (const [name, other] of others) {
      test.not(other, rule, name)
      test.match(other, /^add rule ip6? \w+ \w+ \S/)
    }
  }
})

t.test('a rule like another one differs from it', async test => {
  const rule = '-s 10.0.0.0/24 -m conntrack ! --ctstate DNAT -j SNAT --to-source 10.0.0.250'.split(' ')
  const others = new Map(alike({ rule }))
  for (const [name, words] of others) test.not(words.join(' '), rule.join(' '), name)
  test.match(others.get('translates to another address')?.join(' '), /--to-source 10\.0\.0\.76$/)
  test.equal(
    others.get('masquerades instead')?.join(' '),
    '-s 10.0.0.0/24 -m conntrack ! --ctstate DNAT -j MASQUERADE',
  )
  test.equal(others.get('loses its `--ctstate`')?.join(' '), '-s 10.0.0.0/24 -j SNAT --to-source 10.0.0.250')
  test.equal(
    others.get('drops the `!`')?.join(' '),
    '-s 10.0.0.0/24 -m conntrack --ctstate DNAT -j SNAT --to-source 10.0.0.250',
  )
})

t.test('a source withholds what it saw, and invents what it did not', async test => {
  const finding = (source: string, state: 'seen' | 'absent' | 'not-seen' | 'unavailable') =>
    ({ source, node: 'vm', state, says: '+1' }) as const
  const told = (...args: Parameters<typeof turned>) => turned(...args).state
  test.equal(told(finding('mib', 'seen'), true, 'withholds'), 'absent')
  test.equal(told(finding('mib', 'absent'), true, 'invents'), 'seen')
  test.equal(told(finding('mib', 'seen'), false, 'invents'), 'absent', 'it saw what must stay away')
  test.equal(told(finding('mib', 'absent'), false, 'withholds'), 'seen')
  test.match(turned(finding('drop', 'seen'), true, 'withholds'), { state: 'not-seen', complete: true })
  for (const honest of [finding('mib', 'absent'), finding('mib', 'unavailable')])
    test.equal(turned(honest, true, 'withholds'), honest, 'there is nothing to lie about')
})

t.test('a verdict rests on evidence of what fails, and on what should have stopped', async test => {
  const own = liar('lan-dnat-without-snat: evidence of reply-bypasses-host: mib (proof 1) invents')
  if (own.of !== 'evidence') throw new Error('it is about evidence')
  const lie = { source: 'mib', node: 'neighbour', says: 'TcpOutRsts +0 (a lie)' } as const
  const came = (outcome: 'works' | 'fails', state: 'seen' | 'absent', mechanism?: string) =>
    restsOn(
      trial('confirmed', 'fixed', {
        outcome,
        ...(mechanism === undefined ? {} : { mechanism }),
        evidence: [{ ...lie, state }],
      }),
      own,
    )
  test.equal(came('works', 'seen'), true)
  test.equal(came('fails', 'absent', own.mechanism), true)
  test.equal(came('fails', 'absent', 'another'), false)
  test.equal(came('works', 'absent'), false)
  test.equal(came('works', 'absent', own.mechanism), true, 'an attack that is refused by it')
  test.equal(came('works', 'seen', own.mechanism), false)
})

t.test('a liar is caught by what its scenario comes to, by name where the reason has it', async test => {
  const bridge = liar('nova-float-hairpin: hairpin_mode=on: bridge does nothing')
  const came = (verdict: 'error' | 'regressed' | 'confirmed', why: string, told = true) =>
    outcomeOf(bridge, report('nova-float-hairpin', verdict, [trial(verdict, 'fixed', { why })]), told).came
  test.equal(came('error', '→ bridge did something else than it was told'), 'named')
  test.equal(came('error', 'net.bridge.x is 0, br_netfilter, bridge-nf'), 'error', 'it is not named')
  test.equal(came('regressed', 'bridge'), 'regressed')
  test.equal(came('confirmed', ''), 'missed')
  test.equal(came('confirmed', '', false), 'idle')
  const filter = liar('hairpin-ipv6-dad: nwfilter=no-mac-reflection: virsh sets nova-no-nd-reflection')
  const error = report('nova-float-hairpin', 'error', [trial('error', 'fixed', {})])
  test.equal(outcomeOf(bridge, error, undefined).came, 'missed', 'nothing came of a lie that was not told')
  test.equal(outcomeOf(filter, report('hairpin-ipv6-dad', 'confirmed', []), true).came, 'equivalent')
})

t.test(
  'a setting held from when it was set until the last trial was over, in the try that counts',
  async test => {
    const nova = one('nova-float-hairpin')
    const where = { scenario: nova.id, experiment: '1n1-1' }
    const title = nova.experiments[0]?.title ?? ''
    const set = (phase: 'broken' | 'fixed', fix?: Record<string, string>): RunEvent => ({
      type: 'phase-set',
      ...where,
      phase: {
        experiment: title,
        phase,
        iptables: 'nft',
        repetition: 1,
        changes: [],
        ...(fix ? { fix } : {}),
      },
    })
    const phases = new Phases()
    const had = (atMs: number, experiment = where.experiment) =>
      phases.had(nova, 'hairpin_mode', 'on', { atMs, experiment })
    const over = (atMs: number, elapsedMs = 5) =>
      phases.add({ type: 'trial', ...where, trial: trial('confirmed', 'fixed', { elapsedMs }) }, atMs)
    phases.add(set('broken'), 10)
    over(20)
    phases.add(set('fixed', { hairpin_mode: 'on' }), 25)
    over(35)
    over(42)
    phases.add(set('broken'), 45)
    test.same(
      [15, 22, 30, 40, 41, 50].map(at => had(at)),
      [false, false, true, true, false, false],
      'the last trial was over at 40, and told of at 42',
    )
    test.equal(had(30, '1n1-2'), false, 'in the topology of another experiment')
    phases.add({ type: 'experiment-again', ...where }, 50)
    test.equal(had(30), false)
    phases.add(set('fixed', { hairpin_mode: 'on' }), 60)
    over(70, 10)
    test.same([had(65), had(65, '1n1again-1')], [false, true])
  },
)

t.test('the score leaves out what nobody could notice, and those of several scenarios add up', async test => {
  const of = (came: 'named' | 'regressed' | 'missed' | 'idle' | 'equivalent') =>
    ({ liar: liar('nova-float-hairpin: hairpin_mode=on: bridge does nothing'), came, says: '' }) as const
  const outcomes = [of('named'), of('named'), of('regressed'), of('missed'), of('idle'), of('equivalent')]
  test.equal(score(outcomes), '3 of 4 caught (75.0 %)')
  const rows = rowsIn(tableOf(new Map([['nova-float-hairpin', counted(outcomes)]])))
  test.same([...rows], [['nova-float-hairpin', [6, 2, 0, 1, 1, 1, 1]]], 'a table is read as it was written')
  rows.set('another', counted(outcomes))
  test.equal(total(rows), '6 of 8 caught (75.0 %), of 12 liars in 2 scenarios.')
  test.equal(
    deviations(outcomes),
    '- hairpin_mode=on: regressed: bridge does nothing\n- hairpin_mode=on: missed: bridge does nothing',
  )
})

t.test('a document keeps the sections of scenarios that were not tried again', async test => {
  const document = '### b\n\nold b\n\n### a\n\nold a\n'
  test.equal(withSections('', new Map([['a', 'new']])), '### a\n\nnew\n')
  test.equal(
    withSections(
      document,
      new Map([
        ['b', 'new b'],
        ['c', 'new c'],
        ['a', ''],
      ]),
    ),
    '### b\n\nnew b\n\n### c\n\nnew c\n',
    'and none where there is nothing to say',
  )
})
