/**
 * What the compiler refuses in a scenario: each of these differs in one word from one that it takes. Who writes JavaScript is
 * told the same when the scenario is read.
 */
import t from 'tap'
import { mib } from '../evidence/registry.js'
import type { DefinedScenario } from '../model/scenario.js'
import { ping } from '../probes/registry.js'
import { sysctlToggle } from '../toggles/toggle.js'
import { defineScenario } from './define.js'
import { FILE } from './plan.fixture.js'
import { readScenario } from './read.js'

const forward = <const N extends string>(node: N) =>
  sysctlToggle({
    summary: 'forward packets',
    nodes: [node],
    values: { off: { 'net.ipv4.ip_forward': 0 }, on: { 'net.ipv4.ip_forward': 1 } },
  })

const TOPOLOGY = {
  nodes: { a: { is: 'a host', addresses: { eth0: '192.0.2.2/24' } }, r: { is: 'a router' } },
  links: [['a:eth0', 'r:eth0']],
} as const
const NEAR = ping({ from: 'a', to: '192.0.2.1' })
const FAR = ping({ from: 'a', to: '198.51.100.2' })
const LOST = {
  title: 'a loss',
  where: 'ip_error()',
  document: 'nothing',
  proofs: [mib('r', 'IpInAddrErrors')],
}
const FAILS = { fails: 'lost', why: 'The router does not forward.' } as const
const WORKS = { when: { forward: 'on' }, works: 'The router forwards.' } as const
const EXPERIMENT = { title: 'forwarding', fixes: [{ forward: 'on' }] } as const

const GOOD = {
  id: 'no-forwarding',
  title: 'A router does not forward',
  source: { title: 'a test', url: 'https://example.org', says: 'nothing' },
  drawing: '[a] --- [r]',
  needs: ['veth'],
  topology: TOPOLOGY,
  toggles: { forward: forward('r') },
  probes: { near: NEAR, far: FAR },
  controls: ['near'],
  mechanisms: { lost: LOST },
  expect: { near: [{ works: 'It is on the same link.' }], far: [WORKS, FAILS] },
  experiments: [EXPERIMENT],
} as const
const NEARBY = GOOD.expect.near

interface Refused {
  readonly defined: DefinedScenario
  readonly field: string
  readonly problem: RegExp
  readonly remedy: RegExp
}

const REFUSED: Readonly<Record<string, Refused>> = {
  'a node in a link that there is not': {
    defined: defineScenario({
      ...GOOD,
      topology: {
        ...TOPOLOGY,
        // @ts-expect-error
        links: [['a:eth0', 'rr:eth0']],
      },
    }),
    field: 'topology.links[0][1]',
    problem: /'rr', which is no node/,
    remedy: /nodes are: a, r/,
  },
  'a link that ends in a node without a device': {
    defined: defineScenario({
      ...GOOD,
      topology: {
        ...TOPOLOGY,
        // @ts-expect-error
        links: [['a:eth0', 'r']],
      },
    }),
    field: 'topology.links[0][1]',
    problem: /expected a node and a device/,
    remedy: /ScenarioDefinition/,
  },
  'a node in a probe that there is not': {
    defined: defineScenario({
      ...GOOD,
      probes: {
        near: NEAR,
        // @ts-expect-error
        far: ping({ from: 'b', to: '198.51.100.2' }),
      },
    }),
    field: 'probes.far',
    problem: /'b' is no node/,
    remedy: /nodes are: a, r/,
  },
  'a node in a proof that there is not': {
    defined: defineScenario({
      ...GOOD,
      mechanisms: {
        lost: {
          ...LOST,
          // @ts-expect-error
          proofs: [mib('b', 'IpInAddrErrors')],
        },
      },
    }),
    field: 'mechanisms.lost.proofs[0].node',
    problem: /'b' is no node/,
    remedy: /nodes are: a, r/,
  },
  'a node in the place of a loss that there is not': {
    defined: defineScenario({
      ...GOOD,
      mechanisms: {
        lost: {
          ...LOST,
          // @ts-expect-error
          at: 'b:eth0',
        },
      },
    }),
    field: 'mechanisms.lost.at.node',
    problem: /'b' is no node/,
    remedy: /nodes are: a, r/,
  },
  'a node in a toggle that there is not': {
    defined: defineScenario({
      ...GOOD,
      toggles: {
        // @ts-expect-error
        forward: forward('b'),
      },
    }),
    field: 'toggles.forward',
    problem: /'b' is no node/,
    remedy: /nodes are: a, r/,
  },
  'a probe in expect that there is not': {
    defined: defineScenario({
      ...GOOD,
      expect: {
        ...GOOD.expect,
        // @ts-expect-error
        fra: [FAILS],
      },
    }),
    field: 'expect',
    problem: /unknown probe 'fra'/,
    remedy: /did you mean 'far'/,
  },
  'a probe without an expectation': {
    defined: defineScenario({
      ...GOOD,
      // @ts-expect-error
      expect: { near: NEARBY },
    }),
    field: 'expect',
    problem: /nothing is said of 'far'/,
    remedy: /say what must come of it/,
  },
  'a probe in controls that there is not': {
    defined: defineScenario({
      ...GOOD,
      controls: [
        // @ts-expect-error
        'nera',
      ],
    }),
    field: 'controls',
    problem: /unknown probe 'nera'/,
    remedy: /did you mean 'near'/,
  },
  'a probe in an experiment that there is not': {
    defined: defineScenario({
      ...GOOD,
      experiments: [
        {
          ...EXPERIMENT,
          probes: [
            // @ts-expect-error
            'fra',
          ],
        },
      ],
    }),
    field: 'experiments[0].probes',
    problem: /unknown probe 'fra'/,
    remedy: /did you mean 'far'/,
  },
  'a setting in when that the toggle has not': {
    defined: defineScenario({
      ...GOOD,
      expect: {
        near: NEARBY,
        // @ts-expect-error
        far: [{ when: { forward: 'onn' }, works: 'The router forwards.' }, FAILS],
      },
    }),
    field: 'expect.far[0].when',
    problem: /unknown setting of forward 'onn'/,
    remedy: /did you mean 'on'/,
  },
  'a setting in given that the toggle has not': {
    defined: defineScenario({
      ...GOOD,
      experiments: [
        {
          title: 'forwarding',
          given: {
            // @ts-expect-error
            forward: 'onn',
          },
          fixes: [],
        },
      ],
    }),
    field: 'experiments[0].given',
    problem: /unknown setting of forward 'onn'/,
    remedy: /did you mean 'on'/,
  },
  'a setting in a fix that the toggle has not': {
    defined: defineScenario({
      ...GOOD,
      experiments: [
        {
          title: 'forwarding',
          fixes: [
            {
              // @ts-expect-error
              forward: 'onn',
            },
          ],
        },
      ],
    }),
    field: 'experiments[0].fixes[0]',
    problem: /unknown setting of forward 'onn'/,
    remedy: /did you mean 'on'/,
  },
  'a mechanism in fails that there is not': {
    defined: defineScenario({
      ...GOOD,
      expect: {
        near: NEARBY,
        // @ts-expect-error
        far: [WORKS, { fails: 'losst', why: 'The router does not forward.' }],
      },
    }),
    field: 'expect.far[1].fails',
    problem: /unknown mechanism 'losst'/,
    remedy: /did you mean 'lost'/,
  },
  'a mechanism in stops that there is not': {
    defined: defineScenario({
      ...GOOD,
      expect: {
        near: NEARBY,
        // @ts-expect-error
        far: [{ when: { forward: 'on' }, works: 'The router forwards.', stops: 'losst' }, FAILS],
      },
    }),
    field: 'expect.far[0].stops',
    problem: /unknown mechanism 'losst'/,
    remedy: /did you mean 'lost'/,
  },
  'a failure without a reason': {
    defined: defineScenario({
      ...GOOD,
      expect: {
        near: NEARBY,
        // @ts-expect-error
        far: [WORKS, { fails: 'lost' }],
      },
    }),
    field: 'expect.far[1].why',
    problem: /expected string/,
    remedy: /ScenarioDefinition/,
  },
  'a toggle in when that there is not': {
    defined: defineScenario({
      ...GOOD,
      expect: {
        near: NEARBY,
        // @ts-expect-error
        far: [{ when: { forwrad: 'on' }, works: 'The router forwards.' }, FAILS],
      },
    }),
    field: 'expect.far[0].when',
    problem: /unknown toggle 'forwrad'/,
    remedy: /did you mean 'forward'/,
  },
  'a toggle in given that there is not': {
    defined: defineScenario({
      ...GOOD,
      experiments: [
        {
          title: 'forwarding',
          given: {
            // @ts-expect-error
            forwrad: 'on',
          },
          fixes: [],
        },
      ],
    }),
    field: 'experiments[0].given',
    problem: /unknown toggle 'forwrad'/,
    remedy: /did you mean 'forward'/,
  },
  'a toggle in a fix that there is not': {
    defined: defineScenario({
      ...GOOD,
      experiments: [
        {
          title: 'forwarding',
          fixes: [
            {
              // @ts-expect-error
              forwrad: 'on',
            },
          ],
        },
      ],
    }),
    field: 'experiments[0].fixes[0]',
    problem: /unknown toggle 'forwrad'/,
    remedy: /did you mean 'forward'/,
  },
  'a field that there is not': {
    defined: defineScenario({
      ...GOOD,
      // @ts-expect-error
      experimnets: [],
    }),
    field: 'experimnets',
    problem: /there is no such field/,
    remedy: /mend its spelling/,
  },
}

t.test('what is as it must be is taken by the compiler, and when it is read', async test => {
  const { id, file, probes } = readScenario(defineScenario(GOOD), FILE)
  test.same([id, file, Object.keys(probes)], ['no-forwarding', FILE, ['near', 'far']])
})

for (const [title, { defined, field, problem, remedy }] of Object.entries(REFUSED))
  t.test(`${title} is refused by the compiler, and when it is read`, async test => {
    let error: unknown
    try {
      readScenario(defined, FILE)
    } catch (thrown) {
      error = thrown
    }
    test.match(error, { name: 'LabError', message: problem, remedy })
    const message = error instanceof Error ? error.message : ''
    test.ok(message.startsWith(`${FILE}: ${field}: `), message)
  })
