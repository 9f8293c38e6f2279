import { readFile } from 'node:fs/promises'
import t from 'tap'
import { repositoryFile } from '../../base/root.js'
import { KCONFIG } from './build.fixture.js'
import { findDefinitions, lostOptions, parseConfig, parseFragment, unmetSymbols } from './fragment.js'

const FRAGMENT = repositoryFile('lab/kernels/netns-lab.config')

t.test('the fragment', async t => {
  t.test('of the repository is well formed, asks for no module, and names no option twice', async t => {
    const options = parseFragment(await readFile(FRAGMENT, 'utf8'), FRAGMENT)
    t.ok(options.length > 200)
    for (const name of ['CONFIG_VETH', 'CONFIG_NFT_QUEUE', 'CONFIG_NET_ACT_MIRRED', 'CONFIG_VIRTIO_BLK']) {
      t.ok(
        options.some(option => option.name === name && option.value === 'y'),
        name,
      )
    }
  })

  t.test('may give numbers and strings, and switch options off in both spellings', async t => {
    const text = 'CONFIG_A=y\nCONFIG_B=n\n# CONFIG_C is not set\nCONFIG_D=64\nCONFIG_E="x"\n\n# a remark\n'
    t.strictSame(
      parseFragment(text, 'f').map(({ name, value, line }) => [name, value, line]),
      [
        ['CONFIG_A', 'y', 1],
        ['CONFIG_B', 'n', 2],
        ['CONFIG_C', 'n', 3],
        ['CONFIG_D', '64', 4],
        ['CONFIG_E', '"x"', 5],
      ],
    )
  })

  t.test('marks exactly the next option as optional', async t => {
    const options = parseFragment('# optional: since 6.17\nCONFIG_A=y\nCONFIG_B=y\n', 'f')
    t.strictSame(
      options.map(({ optional }) => optional),
      ['since 6.17', undefined],
    )
  })

  for (const [title, text, expected] of [
    ['a module', 'CONFIG_A=m', "f:1: 'CONFIG_A=m' asks for a module"],
    ['a line that is no option', 'CONFIG_A=y\nCONFIG_B y', "f:2: 'CONFIG_B y' is no option"],
    [
      'an option that was given before',
      'CONFIG_A=y\n\nCONFIG_A=n',
      'f:3: CONFIG_A is already given in line 1',
    ],
  ] as const) {
    t.test(`names file and line of ${title}`, async t => {
      t.throws(() => parseFragment(text, 'f'), { code: 'config', message: expected })
    })
  }

  t.test('is compared with the finished configuration option by option', async t => {
    const options = parseFragment('CONFIG_A=y\nCONFIG_B=n\nCONFIG_C=n\nCONFIG_D=4\nCONFIG_E=y\n', 'f')
    const config = parseConfig('CONFIG_A=y\nCONFIG_B=y\n# CONFIG_C is not set\nCONFIG_D=8\n')
    t.strictSame(
      lostOptions(options, config).map(({ option, actual }) => [option.name, actual]),
      [
        ['CONFIG_B', 'y'],
        ['CONFIG_D', '8'],
        ['CONFIG_E', undefined],
      ],
    )
  })
})

t.test('an option that did not survive', async t => {
  t.test('is found in Kconfig with the conditions of its menus and blocks', async t => {
    t.strictSame(findDefinitions('BRIDGE', KCONFIG, 'net/Kconfig'), [
      { file: 'net/Kconfig', conditions: ['NET', 'INET && !TINY'] },
    ])
    t.strictSame(findDefinitions('EBTABLES', KCONFIG, 'k')[0]?.conditions, ['NETFILTER', 'BRIDGE'])
    t.strictSame(findDefinitions('NET', KCONFIG, 'k'), [])
  })

  t.test('depends on what is off, not on what must be off', async t => {
    const config = parseConfig('CONFIG_NET=y\n')
    t.strictSame(unmetSymbols('NET && INET && !TINY && (X86 || ARM)', config), ['INET', 'X86', 'ARM'])
  })
})
