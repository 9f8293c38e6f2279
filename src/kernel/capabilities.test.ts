import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { withDir } from 'tmp-promise'
import { LabError } from '../base/errors.js'
import { CommandKilled, CommandTimeout } from '../world/command.js'
import { checkCapabilities, modulesToLoad } from './capabilities.js'
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

t.test('a check that a signal ends decides nothing', async test => {
  const killed = capability('killed', () => Promise.reject(new CommandKilled('it was ended by SIGKILL')))
  test.match((await checkCapabilities(['killed'], [killed])).get('killed'), { undecided: true })
})

t.test('a check that runs into its time limit decides nothing', async test => {
  const late = capability('late', () => Promise.reject(new CommandTimeout('it did not end within 30000 ms')))
  test.match((await checkCapabilities(['late'], [late])).get('late'), {
    why: /whether there is a late is not known: it did not end/,
    undecided: true,
  })
})

const DEP =
  'kernel/net/bridge/br_netfilter.ko.xz: kernel/net/bridge/bridge.ko.xz\nkernel/drivers/net/veth.ko:\n'

t.test('what only root can load is what this kernel has as a module, and loads for nobody', test =>
  withDir(
    async ({ path }) => {
      const [modules, loaded] = [join(path, 'modules'), join(path, 'loaded')]
      await mkdir(modules)
      await mkdir(loaded)
      const look = (...ids: readonly string[]) => modulesToLoad(ids, modules, loaded)
      test.same(look('br-netfilter'), [], 'a kernel without modules')
      await writeFile(join(modules, 'modules.dep'), DEP)
      test.same(look('veth', 'br-netfilter', 'br-netfilter', 'ipv6'), [
        { module: 'br_netfilter', brings: ['br-netfilter'] },
      ])
      test.same(look('veth'), [], 'the kernel loads it when a pair is asked for')
      test.same(look('iptables-legacy'), [], 'what the kernel does not have, nobody can load')
      await mkdir(join(loaded, 'br_netfilter'))
      test.same(look('br-netfilter'), [])
      test.throws(() => look('bridge-netfilter'), /unknown capability/)
    },
    { unsafeCleanup: true },
  ),
)
