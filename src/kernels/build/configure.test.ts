import t from 'tap'
import { failure, KCONFIG } from './build.fixture.js'
import { checkConfig } from './configure.js'
import { parseFragment } from './fragment.js'

t.test('an option that did not survive', async t => {
  t.test('is named with the option that it depends on, its file, and its line in the fragment', async t => {
    const tree = t.testdir({ net: { Kconfig: KCONFIG } })
    const options = parseFragment('CONFIG_NET=y\nCONFIG_EBTABLES=y\n', 'f')
    const error = await failure(checkConfig(options, 'CONFIG_NET=y\nCONFIG_NETFILTER=y\n', tree))
    t.equal(error.code, 'config')
    t.match(error.message, /line 2: CONFIG_EBTABLES=y is off \(net\/Kconfig\): it depends on 'BRIDGE'/)
    t.match(error.message, /without CONFIG_BRIDGE$/)
    t.notMatch(error.message, /CONFIG_NETFILTER/)
  })

  t.test('is said to be unknown where no Kconfig file has it, unless it is optional', async t => {
    const tree = t.testdir({ net: { Kconfig: KCONFIG }, arch: { arm: { Kconfig: 'config NEW\n' } } })
    const error = await failure(checkConfig(parseFragment('CONFIG_NEW=y\n', 'f'), '', tree))
    t.match(error.message, /CONFIG_NEW=y is unknown to this source/)
    await checkConfig(parseFragment('# optional: since 7.0\nCONFIG_NEW=y\n', 'f'), '', tree)
  })

  t.test('is an error even if optional, where the source does know it', async t => {
    const tree = t.testdir({ net: { Kconfig: KCONFIG } })
    const options = parseFragment('# optional: since 2.6\nCONFIG_BRIDGE=y\n', 'f')
    t.match((await failure(checkConfig(options, '', tree))).message, /CONFIG_BRIDGE=y is off/)
  })

  t.test('was selected by another where it should be off', async t => {
    const error = await failure(
      checkConfig(parseFragment('CONFIG_A=n\n', 'f'), 'CONFIG_A=y\n', t.testdir({})),
    )
    t.match(error.message, /CONFIG_A=n came out as y: another option selects it/)
  })
})
