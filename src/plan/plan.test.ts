import { isDeepStrictEqual } from 'node:util'
import t from 'tap'
import { PERSISTENCE } from '../model/persistence.js'
import type { DefinedScenario } from '../model/scenario.js'
import { version } from '../model/version.fixture.js'
import { loadCatalogue } from './catalogue.js'
import { definition, FILE, OPTIONS, refusal } from './plan.fixture.js'
import { planScenario } from './plan.js'
import { readScenario } from './read.js'

// All scenarios on many kernels, on a machine that others use, too.
t.setTimeout(120_000)

const { scenarios, broken } = await loadCatalogue()

t.test('every scenario can be planned', async test => {
  test.same(broken, [])
  test.ok(scenarios.length > 0)
})

t.test('every trial of every scenario has an expectation on every kernel from 5.10 to 7.3', async test => {
  for (const scenario of scenarios)
    for (const kernel of ['5.10.262', '5.15.100', '6.1.176', '6.12.117', '6.18.44', '7.3-rc7'])
      test.ok(
        planScenario(scenario, { ...OPTIONS, kernel: version(kernel) }).length > 0,
        `${scenario.id} on ${kernel}`,
      )
})

t.test('a plan is pure data, the same for the same arguments', async test => {
  for (const scenario of scenarios) {
    const plans = planScenario(scenario, OPTIONS)
    // tap's own comparison takes a second for all.
    test.ok(isDeepStrictEqual(JSON.parse(JSON.stringify(plans)), plans), scenario.id)
    test.ok(isDeepStrictEqual(planScenario(scenario, OPTIONS), plans), scenario.id)
  }
})

t.test('every fix is set, and taken back', async test => {
  for (const scenario of scenarios)
    for (const { phases } of planScenario(scenario, { ...OPTIONS, instance: '' })) {
      test.same(
        phases.slice(0, 2).map(({ phase }) => phase),
        ['control', 'broken'],
      )
      for (const [index, { phase }] of phases.slice(2).entries())
        test.equal(phase, index % 2 === 0 ? 'fixed' : 'reverted')
      test.same(phases.at(-1)?.settings, phases[0]?.settings)
    }
})

t.test(
  'each fix that is a rule is saved and loaded in an experiment of its own, and no other',
  async test => {
    const own = (id: string, more: Partial<typeof OPTIONS> = {}) => {
      const scenario = scenarios.find(one => one.id === id)
      if (!scenario) throw new Error(`no scenario ${id}`)
      return planScenario(scenario, { ...OPTIONS, ...more, persist: PERSISTENCE }).filter(({ phases }) =>
        phases.some(({ persisted }) => persisted),
      )
    }
    test.same(own('bridge-dnat-bounce'), [])
    const plans = own('lan-dnat-without-snat')
    test.ok(plans.length > 0)
    for (const { phases, needs } of plans) {
      test.same(
        phases.map(({ phase, trials }) => [phase, trials.length > 0]),
        [
          ['control', true],
          ['fixed', false],
          ['persisted', true],
        ],
      )
      const [, fixed, persisted] = phases
      test.same(persisted?.claims, fixed?.claims)
      test.match(persisted?.change, [{ do: 'persist', node: 'host', by: persisted?.persisted }])
      test.equal(needs.includes('nft-ruleset'), persisted?.persisted === 'nft')
      test.ok(persisted?.trials.every(({ expectation }) => expectation.outcome === 'works'))
    }
    const ids = plans.map(({ id }) => id)
    test.equal(new Set(ids).size, ids.length)
    const ways = (list: typeof plans) => [...new Set(list.map(({ phases }) => phases.at(-1)?.persisted))]
    test.same(ways(plans), ['iptables-save', 'nft'])
    test.same(ways(own('lan-dnat-without-snat', { iptables: 'legacy' })), ['iptables-save'])
  },
)

t.test('a queue of the lab’s own is not among the rules that are saved', async test => {
  const scenario = scenarios.find(({ id }) => id === 'snat-port-race')
  const plans = scenario ? planScenario(scenario, { ...OPTIONS, persist: ['nft'] }) : []
  const change = plans.flatMap(({ phases }) => phases).find(({ persisted }) => persisted)?.change ?? []
  test.same(
    change.map(step => (step.do === 'run' ? step.why : step.do)),
    ['take the queue’s chains away', 'persist', 'make the queue’s chain', 'call it after source NAT'],
  )
})

t.test(
  'an experiment whose trials are to be fresh has a topology for each, with the control and what leads to it',
  async test => {
    const defined = definition('bridge-dnat-bounce')
    const [first] = defined.experiments
    if (!first) throw new Error('no experiment')
    const scenario = readScenario(
      { ...defined, experiments: [{ ...first, fresh: true }] } as DefinedScenario,
      FILE,
    )
    const [whole] = planScenario(scenario, { ...OPTIONS, instance: '' })
    const plans = planScenario(scenario, OPTIONS)
    const own = (of: typeof plans) =>
      of.flatMap(({ phases }) =>
        phases.flatMap(({ phase, fix, trials }) =>
          phase === 'control' ? [] : trials.map(({ probe }) => JSON.stringify([phase, fix, probe])),
        ),
      )
    test.same(own(plans), own(whole ? [whole] : []), 'all trials, each once, in their order')
    for (const { phases, id } of plans) {
      test.same(own(plans.filter(plan => plan.id === id)).length, 1)
      test.equal(phases[0]?.phase, 'control')
      test.ok((phases[0]?.trials.length ?? 0) > 0)
      const last = phases.at(-1)
      test.same(
        phases.slice(1, -1).map(({ phase, fix, trials }) => [phase, fix, trials]),
        last?.phase === 'reverted' ? [['fixed', last.fix, []]] : [],
        'a fix that is taken back was set',
      )
    }
    test.equal(new Set(plans.flatMap(({ netns }) => Object.values(netns))).size, 4 * plans.length)
  },
)

t.test('every toggle is exercised in both directions by some experiment', async test => {
  for (const scenario of scenarios) {
    const plans = planScenario(scenario, OPTIONS)
    for (const toggle of Object.keys(scenario.toggles)) {
      const settings = new Set(plans.flatMap(({ phases }) => phases.map(phase => phase.settings[toggle])))
      test.ok(settings.size > 1, `${scenario.id}: ${toggle}`)
    }
  }
})

t.test('only the fixes of a chosen toggle are planned', async test => {
  const bounce = scenarios.find(({ id }) => id === 'bridge-dnat-bounce')
  const plans = bounce ? planScenario(bounce, { ...OPTIONS, toggles: ['promisc'] }) : []
  test.equal(plans.length, 1)
  test.same(
    plans[0]?.phases.map(({ phase }) => phase),
    ['control', 'broken', 'fixed', 'reverted'],
  )
})

t.test('a guard is tried while a fix is set, and never without one', async test => {
  const nova = definition('nova-float-hairpin')
  const [experiment] = nova.experiments
  if (!experiment) throw new Error('nova-float-hairpin has no experiment')
  const guarded = {
    ...nova,
    experiments: [{ ...experiment, probes: undefined, guards: ['float-ping', 'outside-ping'] }],
  }
  const [plan] = planScenario(readScenario(guarded as unknown as DefinedScenario, FILE), OPTIONS)
  for (const { phase, trials } of plan?.phases ?? []) {
    const probes = trials.map(({ probe }) => probe)
    test.equal(probes.includes('float-ping'), phase === 'fixed', phase)
    test.equal(probes.includes('outside-ping'), phase === 'fixed' || phase === 'control', phase)
    test.equal(probes.includes('float-tcp'), phase !== 'control', phase)
  }
  const twice = {
    ...guarded,
    experiments: [{ ...experiment, probes: ['float-ping'], guards: ['float-ping'] }],
  }
  test.match(
    refusal(twice)?.message,
    /experiments\[0\].guards: 'float-ping' is one of the experiment's probes/,
  )
})

t.test('a toggle that is no fix’s, whatever its name, chooses nothing', async test => {
  for (const scenario of scenarios)
    test.same(planScenario(scenario, { ...OPTIONS, toggles: ['toString', '__proto__', 'constructor'] }), [])
})

t.test(
  'what has to happen anew follows every change of a toggle, and nothing that changes none',
  async test => {
    const scenario = scenarios.find(({ id }) => id === 'tentative-without-carrier')
    const plans = scenario ? planScenario(scenario, OPTIONS) : []
    test.ok(plans.length > 0)
    for (const { phases } of plans)
      for (const { phase, change } of phases) {
        const boots = change.filter(
          step => step.do === 'run' && /^link set dev eth0 down\n/.test(step.stdin ?? ''),
        )
        test.equal(boots.length, phase === 'broken' ? 0 : 1, phase)
      }
  },
)

t.test('no chain of nftables has a name that nft 0.9.8 takes for a word of its own', async test => {
  const lines = scenarios.flatMap(({ topology }) =>
    Object.values(topology.nodes).flatMap(({ nft = [] }) => nft),
  )
  test.ok(lines.length > 0)
  test.same(
    lines.filter(line => /^add (chain|rule) \S+ \S+ (in|out|to|fwd|dup|log|map|set) /.test(line)),
    [],
  )
})
