import t from 'tap'
import { LabError } from '../base/errors.js'
import { CommandTimeout } from '../world/command.js'
import { checkCapabilities } from './capabilities.js'
import type { Capability } from './capability.js'

const capability = (id: string, check: Capability['check']): Capability => ({
  ...{ id, title: `a ${id}`, config: [], modules: [], packages: ['one'] },
  check,
})

t.test(
  'a check that says what is missing, or that fails, is of a capability that is not there',
  async test => {
    const found = await checkCapabilities(
      ['there', 'says', 'fails'],
      [
        capability('there', () => undefined),
        capability('says', () => 'it is not there'),
        capability('fails', () => Promise.reject(new LabError('it is not installed'))),
      ],
    )
    test.same([...found.keys()], ['says', 'fails'])
    test.match(found.get('says'), { why: 'it is not there (apt-get install one)', undecided: false })
    test.match(found.get('fails'), { why: /^it is not installed/, undecided: false })
  },
)

t.test('a check that runs into its time limit decides nothing', async test => {
  const late = capability('late', () => Promise.reject(new CommandTimeout('it did not end within 30000 ms')))
  test.match((await checkCapabilities(['late'], [late])).get('late'), {
    why: /whether there is a late is not known: it did not end/,
    undecided: true,
  })
})
