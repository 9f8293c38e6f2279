/** What the compiler refuses in a scenario, as define.test.ts has it: toggles, and their settings. */

import { FAILS, GOOD, NEARBY, testRefusals } from './define.fixture.js'
import { defineScenario } from './define.js'

testRefusals({
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
})
