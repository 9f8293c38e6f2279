/** What can be known without a kernel: versions, topologies, plans, expectations and verdicts. Needs no privileges. */
import fc from 'fast-check'
import t from 'tap'
import { nearest } from './base/nearest.js'
import { judgeScenario, judgeTrial, untriggered } from './engine/judge.js'
import { parseLogRecord } from './evidence/kernel-log.js'
import { judgeMechanism } from './evidence/watch.js'
import { PROMISC_CONNTRACK_RESET } from './kernel/changes.js'
import type { ProbeResult } from './model/probe.js'
import type { Finding, Mechanism } from './model/proof.js'
import type { TrialReport } from './model/report.js'
import type { Expectation, Scenario } from './model/scenario.js'
import { mergeSysctls, run, writeSysctls } from './model/steps.js'
import type { Topology } from './model/topology.js'
import { compareKernelVersions, hasChange, parseKernelVersion, upstreamVersion } from './model/version.js'
import { loadScenarios } from './plan/catalogue.js'
import { type PlanOptions, planScenario, type TrialPlan } from './plan/plan.js'
import { wilson } from './probes/many-connections.js'
import { ipRequests } from './topology/ip-requests.js'
import { validateTopology } from './topology/validate.js'
import { ipv6Bytes, ipv6Text } from './world/libc.js'
import { attributes, RTM } from './world/rtnetlink.js'

const OPTIONS: PlanOptions = {
  kernel: { major: 6, minor: 18, patch: 44 },
  iptables: 'nft',
  commands: { iptables: 'iptables', restore: 'iptables-restore', save: 'iptables-save' },
  instance: 'u1',
}

function version(text: string) {
  const parsed = parseKernelVersion(text)
  if (!parsed) throw new TypeError(text)
  return parsed
}

t.test('kernel versions', test => {
  test.test('the upstream version is read from where each distribution puts it', async t2 => {
    t2.equal(
      upstreamVersion(
        '6.1.0-44-amd64',
        'Linux version 6.1.0-44-amd64 … #1 SMP Debian 6.1.176-1 (2026-05-01)',
      ),
      '6.1.176',
    )
    t2.equal(
      upstreamVersion('6.8.0-31-generic', 'Linux version …', 'Ubuntu 6.8.0-31.31-generic 6.8.1'),
      '6.8.1',
    )
    t2.equal(upstreamVersion('6.18.44-fc-v657', ''), '6.18.44')
    t2.equal(upstreamVersion('7.3-rc7-amd64', 'Debian 7.3~rc7-1~exp1'), '7.3-rc7')
  })
  test.test('a release candidate is older than its release', async t2 => {
    t2.ok(compareKernelVersions(version('7.3-rc7'), version('7.3')) < 0)
    t2.ok(compareKernelVersions(version('7.3-rc7'), version('7.2.13')) > 0)
    t2.equal(compareKernelVersions(version('6.1'), version('6.1.0')), 0)
  })
  test.test(
    'a change is there since its mainline release, and in the stable series that got it',
    async t2 => {
      for (const [text, has] of [
        ['5.10.262', false],
        ['5.15.157', false],
        ['5.15.158', true],
        ['6.1.87', false],
        ['6.1.176', true],
        ['6.7.12', false],
        ['6.9', true],
        ['7.2.13', true],
      ] as const)
        t2.equal(hasChange(PROMISC_CONNTRACK_RESET, version(text)), has, text)
    },
  )
  test.test('any text is a version that sorts, or none', async t2 => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        const [left, right] = [parseKernelVersion(a), parseKernelVersion(b)]
        if (left && right)
          t2.equal(
            Math.sign(compareKernelVersions(left, right)) + Math.sign(compareKernelVersions(right, left)),
            0,
          )
      }),
    )
  })
  test.end()
})

const GOOD: Topology = {
  nodes: {
    a: { is: 'one', addresses: { eth0: ['192.0.2.1/24'] } },
    b: { is: 'another', bridges: { br0: { ports: ['p0'] } }, addresses: { br0: ['192.0.2.2/24'] } },
  },
  links: [
    [
      { node: 'a', device: 'eth0' },
      { node: 'b', device: 'p0' },
    ],
  ],
}

t.test('a malformed topology is refused by field, with what to do', test => {
  const link = (device: string, node = 'b'): Topology => ({
    nodes: { a: { is: '' }, b: { is: '' } },
    links: [
      [
        { node: 'a', device: 'eth0' },
        { node, device },
      ],
    ],
  })
  const nodes = (b: Topology['nodes'][string]): Topology => ({ ...GOOD, nodes: { ...GOOD.nodes, b } })
  for (const [title, topology, field, problem] of [
    ['a link to an unknown node', link('p0', 'c'), 'topology.links[0][1]', /'c', which is no node/],
    [
      'a device name over 15 characters',
      link('a-very-long-device-name'),
      'topology.links[0][1]',
      /longer than 15 bytes/,
    ],
    ['a device name with a slash', link('p/0'), 'topology.links[0][1]', /refused by the kernel/],
    ['a device name that is an option', link('-all'), 'topology.links[0][1]', /read as an option/],
    [
      'two devices of one name',
      nodes({ is: '', bridges: { p0: { ports: [] } } }),
      'topology.nodes.b.bridges.p0',
      /two devices/,
    ],
    [
      'a name that is no netns name',
      { nodes: { '../b': { is: '' } }, links: [] },
      'topology.nodes.../b',
      /no valid network namespace/,
    ],
    ['no node at all', { nodes: {}, links: [] }, 'topology.nodes', /no node/],
    [
      'overlapping addresses',
      nodes({
        is: '',
        bridges: { br0: { ports: ['p0'] } },
        addresses: { br0: ['192.0.2.2/24'], p0: ['192.0.2.3/25'] },
      }),
      'topology.nodes.b.addresses',
      /overlap/,
    ],
    [
      'one address twice',
      nodes({
        is: '',
        bridges: { br0: { ports: ['p0'] } },
        addresses: { br0: ['192.0.2.2/32'], p0: ['192.0.2.2/32'] },
      }),
      'topology.nodes.b.addresses.p0',
      /on 'br0' already/,
    ],
    [
      'no address',
      nodes({ is: '', addresses: { p0: ['192.0.2.2'] } }),
      'topology.nodes.b.addresses.p0',
      /no address with a prefix/,
    ],
    [
      'an address on an unknown device',
      nodes({ is: '', addresses: { x: ['192.0.2.2/24'] } }),
      'topology.nodes.b.addresses.x',
      /no device/,
    ],
    [
      'an unknown port',
      nodes({ is: '', bridges: { br0: { ports: ['p1'] } } }),
      'topology.nodes.b.bridges.br0.ports',
      /'p1' is no device/,
    ],
    [
      'a rule with a line break',
      nodes({ is: '', iptables: { nat: ['-A X\nCOMMIT'] } }),
      'topology.nodes.b.iptables.nat',
      /line break/,
    ],
    [
      'a sysctl of the whole machine',
      nodes({ is: '', sysctls: { 'kernel.panic': 1 } }),
      'topology.nodes.b.sysctls',
      /not a sysctl of a network/,
    ],
    [
      'a port out of range',
      nodes({ is: '', services: [{ protocol: 'tcp', port: 0 }] }),
      'topology.nodes.b.services',
      /out of range/,
    ],
    [
      'a multicast MAC address',
      nodes({ is: '', loopbackMac: '01:00:5e:00:00:01' }),
      'topology.nodes.b.loopbackMac',
      /no unicast MAC/,
    ],
  ] as [string, Topology, string, RegExp][])
    test.test(title, async t2 => {
      const found = validateTopology(topology).find(entry => entry.field === field)
      t2.match(found?.problem ?? `nothing is said of ${field}`, problem)
      t2.ok(found?.remedy)
    })
  test.test('a good one is accepted', async t2 => t2.same(validateTopology(GOOD), []))
  test.test('any names are accepted or refused, and never crash', async t2 => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (node, device, address) => {
        const topology: Topology = {
          nodes: { [node]: { is: '', addresses: { [device]: [address] } } },
          links: [
            [
              { node, device },
              { node, device: 'eth1' },
            ],
          ],
        }
        t2.ok(Array.isArray(validateTopology(topology)))
      }),
    )
  })
  test.end()
})

t.test('plans', async test => {
  const scenarios = await loadScenarios()
  const first = scenarios[0]
  if (!first) throw new Error('no scenario')

  test.test('every trial of every scenario has an expectation on every kernel from 5.10 to 7.3', async t2 => {
    for (const scenario of scenarios)
      for (const kernel of ['5.10.262', '5.15.100', '6.1.176', '6.12.117', '6.18.44', '7.3-rc7'])
        t2.ok(
          planScenario(scenario, { ...OPTIONS, kernel: version(kernel) }).length > 0,
          `${scenario.id} on ${kernel}`,
        )
  })
  test.test('a plan is pure data, the same for the same arguments', async t2 => {
    for (const scenario of scenarios) {
      const plans = planScenario(scenario, OPTIONS)
      t2.same(JSON.parse(JSON.stringify(plans)), plans, scenario.id)
      t2.same(planScenario(scenario, OPTIONS), plans)
    }
  })
  test.test('every fix is set, and taken back', async t2 => {
    for (const scenario of scenarios)
      for (const { phases } of planScenario(scenario, OPTIONS)) {
        t2.same(
          phases.slice(0, 2).map(({ phase }) => phase),
          ['control', 'broken'],
        )
        for (const [index, { phase }] of phases.slice(2).entries())
          t2.equal(phase, index % 2 === 0 ? 'fixed' : 'reverted')
        t2.same(phases.at(-1)?.settings, phases[0]?.settings)
      }
  })
  test.test('every toggle is exercised in both directions by some experiment', async t2 => {
    for (const scenario of scenarios) {
      const plans = planScenario(scenario, OPTIONS)
      for (const toggle of Object.keys(scenario.toggles)) {
        const settings = new Set(plans.flatMap(({ phases }) => phases.map(phase => phase.settings[toggle])))
        t2.ok(settings.size > 1, `${scenario.id}: ${toggle}`)
      }
    }
  })
  test.test('only the fixes of a chosen toggle are planned', async t2 => {
    const bounce = scenarios.find(({ id }) => id === 'bridge-dnat-bounce') ?? first
    const plans = planScenario(bounce, { ...OPTIONS, toggles: ['promisc'] })
    t2.equal(plans.length, 1)
    t2.same(
      plans[0]?.phases.map(({ phase }) => phase),
      ['control', 'broken', 'fixed', 'reverted'],
    )
  })
  test.test('a malformed scenario is refused with its file, the field and the nearest word', async t2 => {
    const broken = (change: Partial<Scenario>): Scenario => ({ ...first, ...change })
    const attempt = (scenario: Scenario) => () => planScenario(scenario, OPTIONS)
    const fixes = (fix: Record<string, string>) => broken({ experiments: [{ title: '', fixes: [fix] }] })
    t2.throws(attempt(fixes({ hairpin: 'on' })), {
      message: /experiments\[0\].fixes\[0\]: unknown toggle 'hairpin'/,
      remedy: /hairpin_mode/,
    })
    t2.throws(attempt(fixes({ hairpin_mode: 'onn' })), {
      message: /unknown setting of hairpin_mode 'onn'/,
      remedy: /'on'/,
    })
    t2.throws(attempt(broken({ controls: ['other'] })), { message: /controls: unknown probe 'other'/ })
    t2.throws(attempt(broken({ expectations: [] })), { message: /expectations: nothing is said of/ })
    t2.throws(attempt(broken({ topology: { nodes: {}, links: [] } })), {
      message: /scenarios\/bridge-dnat-bounce\/scenario.ts: topology.nodes/,
    })
  })
})

const MECHANISM: Mechanism = {
  title: 'a mechanism',
  where: 'somewhere()',
  document: 'a line',
  proofs: [
    { source: 'mib', node: 'a', counter: 'Moves', moves: true },
    { source: 'mib', node: 'a', counter: 'Still', moves: false },
  ],
}
const finding = (state: Finding['state']): Finding => ({ source: 'mib', node: 'a', state, says: state })
const evidence = (...states: Finding['state'][]) => [
  { id: 'm', mechanism: MECHANISM, findings: states.map(finding) },
]

t.test(
  'a mechanism is proved by what it makes happen, and disproved by anything that speaks against it',
  async test => {
    const judge = (...states: Finding['state'][]) => judgeMechanism(MECHANISM, states.map(finding))
    test.equal(judge('seen', 'seen'), 'proved')
    test.equal(judge('seen', 'absent'), 'disproved')
    test.equal(judge('absent', 'seen'), 'disproved')
    test.equal(judge('unavailable', 'seen'), 'unknown', 'that something stayed away proves nothing alone')
    test.equal(judge('unavailable', 'unavailable'), 'unknown')
    test.equal(judge('seen', 'not-seen'), 'proved', 'a line that may have been held back is no contradiction')
  },
)

t.test('a trial is judged by its outcome and its evidence', async test => {
  const plan = (expectation: Partial<Expectation>): TrialPlan => ({
    probe: 'p',
    spec: { kind: 'ping', node: 'a', to: '192.0.2.1' },
    prepare: [],
    settings: {},
    mechanisms: ['m'],
    expectation: { probes: ['p'], outcome: 'works', why: 'reasons', ...expectation },
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
          proofs: [{ source: 'mib', node: 'a', counter: 'C', moves: true }],
        },
        findings: [{ source: 'mib', node: 'a', state, says: 'C' }],
      }) as const
    const plan: TrialPlan = {
      probe: 'p',
      spec: { kind: 'ping', node: 'a', to: '192.0.2.1' },
      prepare: [],
      settings: {},
      mechanisms: ['first', 'second'],
      expectation: { probes: ['p'], outcome: 'fails', mechanism: 'second', why: 'half way' },
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
  const [low, high] = wilson(243, 20_000)
  test.ok(low > 0.0107 && low < 0.0108 && high > 0.0137 && high < 0.0138, `${low} to ${high}`)
  test.same(wilson(0, 0), [0, 1], 'nothing is known of nothing')
  test.ok((wilson(0, 2000)[1] ?? 0) > 0.001, 'two thousand without a loss do not exclude one in a thousand')
})

t.test('what ip(8) would send', async test => {
  const names = {
    index: (device: string) => ({ lo: 1, eth0: 100, br0: 200 })[device],
    netns: (name: string) => (name === 'other' ? 7 : undefined),
  }
  const one = (line: string) => ipRequests([line], names)?.[0]
  test.test('a veth pair is born with all that it needs', async t2 => {
    const request = one(
      'link add vnet0 index 300 address 02:00:00:00:00:01 numtxqueues 1 numrxqueues 1 master br0 up type veth peer name eth0 index 301 netns other',
    )
    t2.equal(request?.type, RTM.newLink)
    const found = attributes(request?.body.subarray(16))
    t2.equal(request?.body.readInt32LE(4), 300)
    t2.equal(request?.body.readUInt32LE(8), 1, 'IFF_UP')
    t2.equal(found.get(3)?.toString(), 'vnet0\0')
    t2.equal(found.get(10)?.readUInt32LE(), 200, 'IFLA_MASTER')
    const info = attributes(found.get(18))
    t2.equal(info.get(1)?.toString(), 'veth\0')
    const peer = attributes(info.get(2)).get(1)
    t2.equal(peer?.readInt32LE(4), 301)
    t2.equal(attributes(peer?.subarray(16)).get(28)?.readUInt32LE(), 7, 'IFLA_NET_NS_FD')
  })
  test.test('addresses and routes have the scope that ip(8) gives them', async t2 => {
    t2.same([...(one('addr add 127.0.0.2/8 dev lo')?.body.subarray(0, 8) ?? [])], [2, 8, 0, 254, 1, 0, 0, 0])
    t2.same(
      [...(one('addr add 2001:db8::1/64 dev eth0 nodad')?.body.subarray(0, 8) ?? [])],
      [10, 64, 2, 0, 100, 0, 0, 0],
    )
    const gateway = one('route add default via 10.0.0.1')?.body
    t2.same([gateway?.[0], gateway?.[1], gateway?.[6]], [2, 0, 0], 'universe')
    t2.equal(one('route add 10.1.0.0/16 dev eth0')?.body[6], 253, 'link')
  })
  test.test('what is not known is left to ip(8) itself', async t2 => {
    for (const line of [
      'link add v type vlan id 7',
      'link set eth0 mtu 1400',
      'link set eth9 up',
      'addr add 10.1/16 dev eth0',
      'addr add 10.0.0.1/33 dev eth0',
      'addr add 10.0.0.1/24 dev eth0 label eth0:1',
      'route add 10.0.0.0/8 via fe80::1',
      'route add default via 10.0.0.1 metric 5',
      'route add default via',
      'link add x type veth peer name y up',
      'netns add x',
      '',
    ])
      t2.equal(one(line), undefined, line)
  })
})

t.test('a scenario has the worst verdict of its trials', async test => {
  const trial = (
    verdict: TrialReport['verdict'],
    outcome: TrialReport['outcome'] = 'works',
  ): TrialReport => ({
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
  test.equal(judgeScenario([trial('changed'), trial('unexpected-pass')]).verdict, 'unexpected-pass')
  test.equal(judgeScenario([trial('regressed'), trial('unexpected-pass')]).verdict, 'regressed')
  test.equal(judgeScenario([trial('regressed'), trial('error')]).verdict, 'error')
  test.equal(
    judgeScenario([trial('confirmed'), trial('confirmed', 'fails')]).verdict,
    'flaky',
    'the same trial came out both ways',
  )
})

t.test('small things', async test => {
  test.equal(nearest('bridge-dnat-bonce', ['lan-dnat', 'bridge-dnat-bounce']), 'bridge-dnat-bounce')
  test.equal(nearest('zzzzzz', ['bridge-dnat-bounce']), undefined)
  test.same(parseLogRecord('4,1234,987654,-;IPv4: martian source 10.0.0.1 from 10.0.0.1, on dev eth0\n'), {
    sequence: 1234,
    timestampUs: 987654,
    text: 'IPv4: martian source 10.0.0.1 from 10.0.0.1, on dev eth0',
  })
  test.equal(parseLogRecord(' SUBSYSTEM=net'), undefined)
  const write = (node: string, key: string, value: number) => writeSysctls(node, { [key]: value }, key)
  test.same(
    mergeSysctls([
      write('a', 'x', 0),
      write('b', 'x', 0),
      write('a', 'y', 1),
      run('a', ['ip'], ''),
      write('a', 'x', 1),
    ]).map(step => (step.do === 'run' ? [step.node, ...step.argv].join(' ') : '')),
    ['a sysctl -q -w x=0 y=1', 'b sysctl -q -w x=0', 'a ip', 'a sysctl -q -w x=1'],
    'sysctls of one node that follow one another are one command',
  )
  for (const address of ['fe80::1', '::', '::1', '2001:6f8:1477:1111:f816:3eff:fe20:48ad', '1::', '1:0:2::3'])
    test.equal(ipv6Text(ipv6Bytes(address)), address)
})
