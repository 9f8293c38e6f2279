/**
 * What the compiler refuses in a scenario: each of these differs in one word from one that it takes. Who writes JavaScript is
 * told the same when the scenario is read.
 */
import t from 'tap'
import { mib } from '../evidence/registry.js'
import { ping } from '../probes/registry.js'
import {
  EXPERIMENT,
  FAILS,
  forward,
  GOOD,
  LOST,
  NEAR,
  NEARBY,
  TOPOLOGY,
  testRefusals,
  WORKS,
} from './define.fixture.js'
import { defineScenario } from './define.js'
import { FILE } from './plan.fixture.js'
import { readScenario } from './read.js'

t.test('what is as it must be is taken by the compiler, and when it is read', async test => {
  const { id, file, probes } = readScenario(defineScenario(GOOD), FILE)
  test.same([id, file, Object.keys(probes)], ['no-forwarding', FILE, ['near', 'far']])
})

testRefusals({
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
})
