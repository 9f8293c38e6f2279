import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { mutants } from '../../../lab/mutants/mutants.js'
import { describeError } from '../../base/errors.js'
import { repositoryFile } from '../../base/root.js'
import { buildKernel } from './build-kernel.js'
import { checkConfig } from './configure.js'
import { KernelBuildError } from './error.js'
import { findDefinitions, lostOptions, parseConfig, parseFragment, unmetSymbols } from './fragment.js'
import { restoreTree, withPatchedTree } from './journal.js'
import { withLock } from './lock.js'
import { explainMake } from './make.js'
import { parsePatch, patchedFiles, readPatch } from './patch.js'
import { missingError, missingPrerequisites } from './prerequisites.js'
import { checkSource, findSource, sourceKey } from './source.js'

const FRAGMENT = repositoryFile('lab/kernels/netns-lab.config')

/** A tree that looks like a kernel's as far as this part of the lab can tell. */
const makefile = 'VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 117\nEXTRAVERSION =\n'
const source = ['int answer(void)', '{', '\treturn 42;', '}', ''].join('\n')
const patchText = [
  '# Subject: Another answer',
  '# Upstream: 123456789abc ("answer: settle it", v6.1)',
  '# Reason: Nobody asked,',
  '#  and nobody will.',
  '',
  '--- a/net/answer.c',
  '+++ b/net/answer.c',
  '@@ -1,4 +1,4 @@',
  ' int answer(void)',
  ' {',
  '-\treturn 42;',
  '+\treturn 43;',
  ' }',
  '',
].join('\n')

async function failure(work: Promise<unknown>): Promise<KernelBuildError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (error instanceof KernelBuildError) return error
  throw new Error(`expected a KernelBuildError, got ${String(error)}`)
}

const kernelTree = {
  Makefile: makefile,
  Kconfig: 'config NET\n\tbool "Networking"\n',
  net: { 'answer.c': source },
}

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
  const kconfig = [
    'menu "Bridges"',
    '\tdepends on NET',
    'config BRIDGE',
    '\ttristate "802.1d" if EXPERT',
    '\tdepends on INET && \\',
    '\t\t!TINY',
    '\thelp',
    '\t  if you ask',
    'endmenu',
    'if NETFILTER',
    'config OTHER',
    '\tbool',
    'config EBTABLES',
    '\tbool "eb"',
    '\tdepends on BRIDGE',
    'endif',
    '',
  ].join('\n')

  t.test('is found in Kconfig with the conditions of its menus and blocks', async t => {
    t.strictSame(findDefinitions('BRIDGE', kconfig, 'net/Kconfig'), [
      { file: 'net/Kconfig', conditions: ['NET', 'INET && !TINY'] },
    ])
    t.strictSame(findDefinitions('EBTABLES', kconfig, 'k')[0]?.conditions, ['NETFILTER', 'BRIDGE'])
    t.strictSame(findDefinitions('NET', kconfig, 'k'), [])
  })

  t.test('depends on what is off, not on what must be off', async t => {
    const config = parseConfig('CONFIG_NET=y\n')
    t.strictSame(unmetSymbols('NET && INET && !TINY && (X86 || ARM)', config), ['INET', 'X86', 'ARM'])
  })

  t.test('is named with the option that it depends on, its file, and its line in the fragment', async t => {
    const tree = t.testdir({ net: { Kconfig: kconfig } })
    const options = parseFragment('CONFIG_NET=y\nCONFIG_EBTABLES=y\n', 'f')
    const error = await failure(checkConfig(options, 'CONFIG_NET=y\nCONFIG_NETFILTER=y\n', tree))
    t.equal(error.code, 'config')
    t.match(error.message, /line 2: CONFIG_EBTABLES=y is off \(net\/Kconfig\): it depends on 'BRIDGE'/)
    t.match(error.message, /without CONFIG_BRIDGE$/)
    t.notMatch(error.message, /CONFIG_NETFILTER/)
  })

  t.test('is said to be unknown where no Kconfig file has it, unless it is optional', async t => {
    const tree = t.testdir({ net: { Kconfig: kconfig }, arch: { arm: { Kconfig: 'config NEW\n' } } })
    const error = await failure(checkConfig(parseFragment('CONFIG_NEW=y\n', 'f'), '', tree))
    t.match(error.message, /CONFIG_NEW=y is unknown to this source/)
    await checkConfig(parseFragment('# optional: since 7.0\nCONFIG_NEW=y\n', 'f'), '', tree)
  })

  t.test('is an error even if optional, where the source does know it', async t => {
    const tree = t.testdir({ net: { Kconfig: kconfig } })
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

t.test('a patch', async t => {
  t.test('says in its head what it is for, over several lines', async t => {
    t.strictSame(parsePatch(patchText, 'p').header, {
      subject: 'Another answer',
      upstream: '123456789abc ("answer: settle it", v6.1)',
      reason: 'Nobody asked, and nobody will.',
    })
  })

  t.test('without a head is a patch all the same', async t => {
    const { header, files } = parsePatch(patchText.replaceAll(/^#.*\n/gm, ''), 'p')
    t.strictSame(header, { subject: '', upstream: '', reason: '' })
    t.strictSame(files, ['net/answer.c'])
  })

  t.test(
    'names the files that it changes, makes and removes, also with dates, as diff -ru writes',
    async t => {
      const text = [
        'diff -ru a/one.c b/one.c',
        '--- a/one.c\t2026-01-01 00:00:00',
        '+++ b/one.c\t2026-01-02 00:00:00',
        '@@ -1,2 +1 @@',
        ' kept',
        '--- a/no/file.c is a removed line',
        '--- /dev/null',
        '+++ b/new.c',
        '@@ -0,0 +1 @@',
        '+x',
        '--- a/old.c',
        '+++ /dev/null',
        '@@ -1 +0,0 @@',
        '-x',
      ].join('\n')
      t.strictSame(parsePatch(text, 'p').files, ['one.c', 'new.c', 'old.c'])
    },
  )

  t.test('is refused without a diff, or outside the tree, or where it cannot be read', async t => {
    t.throws(() => parsePatch('# Subject: nothing\n', 'p'), {
      code: 'patch',
      message: 'p holds no unified diff',
    })
    const outside = '--- a/../x\n+++ b/../x\n@@ -1 +1 @@\n-a\n+b\n'
    t.throws(() => parsePatch(outside, 'p'), { message: 'p changes ../x, which is outside the source tree' })
    t.match(await failure(readPatch('/nowhere/x.patch')), {
      code: 'usage',
      message: /\/nowhere\/x\.patch: ENOENT/,
    })
  })

  t.test(
    'of this repository has a subject, an upstream line and a reason, and one file per mutant',
    async t => {
      const folder = repositoryFile('lab/kernels/patches')
      const named = mutants.flatMap(mutant => (mutant.patch === undefined ? [] : [mutant.patch]))
      t.strictSame((await readdir(folder)).map(name => join(folder, name)).sort(), [...named].sort())
      for (const mutant of mutants) {
        if (mutant.patch === undefined) continue
        const { header } = await readPatch(mutant.patch)
        t.ok(header.subject && header.reason, mutant.id)
        t.ok(header.upstream.startsWith(mutant.upstream ?? ''), mutant.id)
      }
    },
  )

  t.test('is applied to copies: the tree stays as it is', async t => {
    const tree = t.testdir(kernelTree)
    const [file, ...rest] = await patchedFiles(tree, [parsePatch(patchText, 'p')])
    t.equal(file?.after?.toString(), source.replace('42', '43'))
    t.strictSame(rest, [])
    t.equal(await readFile(join(tree, 'net/answer.c'), 'utf8'), source)
  })

  t.test('builds on the patches before it, and may make and remove files', async t => {
    const tree = t.testdir(kernelTree)
    const second = patchText.replace('return 42', 'return 43').replace('+\treturn 43', '+\treturn 44')
    const made = '--- /dev/null\n+++ b/net/new/x.c\n@@ -0,0 +1 @@\n+int x;\n'
    const removed = '--- a/Kconfig\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-config NET\n-\tbool "Networking"\n'
    const patches = [patchText, second, made, removed].map(text => parsePatch(text, 'p'))
    const files = await patchedFiles(tree, patches)
    t.strictSame(
      files.map(({ path, before, after }) => [path, before !== undefined, after?.toString()]),
      [
        ['net/answer.c', true, source.replace('42', '44')],
        ['net/new/x.c', false, 'int x;\n'],
        ['Kconfig', true, undefined],
      ],
    )
  })

  t.test('that does not apply is named with its file and hunk', async t => {
    const tree = t.testdir(kernelTree)
    await writeFile(join(tree, 'net/answer.c'), source.replace('42', '7'))
    const error = await failure(patchedFiles(tree, [parsePatch(patchText, '/x/answer.patch')]))
    t.equal(error.code, 'patch')
    t.match(error.message, /^answer\.patch does not apply to .*: hunk 1 of net\/answer\.c, at line 1$/)
  })

  t.test('that is in the source already says so', async t => {
    const tree = t.testdir(kernelTree)
    await writeFile(join(tree, 'net/answer.c'), source.replace('42', '43'))
    const error = await failure(patchedFiles(tree, [parsePatch(patchText, 'answer.patch')]))
    t.match(error.message, /net\/answer\.c in .* has the change already/)
  })

  t.test('for a file that the source does not have says so', async t => {
    const text = patchText.replaceAll('answer.c', 'question.c')
    const error = await failure(patchedFiles(t.testdir(kernelTree), [parsePatch(text, 'p.patch')]))
    t.match(error.message, /^p\.patch does not apply: .* has no net\/question\.c$/)
  })

  t.test('is not applied by guessing from other surroundings', async t => {
    const tree = t.testdir(kernelTree)
    await writeFile(join(tree, 'net/answer.c'), source.replace('int answer', 'long answer'))
    t.match(await failure(patchedFiles(tree, [parsePatch(patchText, 'p')])), { code: 'patch' })
  })
})

t.test('a patched tree', async t => {
  const files = [
    { path: 'net/answer.c', before: Buffer.from(source), after: Buffer.from('patched') },
    { path: 'net/new.c', before: undefined, after: Buffer.from('new') },
  ]

  t.test('is as before once the work is done, and make sees that the files changed', async t => {
    const tree = t.testdir(kernelTree)
    const file = join(tree, 'net/answer.c')
    await utimes(file, 1000, 1000)
    await chmod(file, 0o755)
    await withPatchedTree(tree, files, join(tree, 'journal.json'), async () => {
      t.equal(await readFile(file, 'utf8'), 'patched')
      t.equal(await readFile(join(tree, 'net/new.c'), 'utf8'), 'new')
    })
    t.equal(await readFile(file, 'utf8'), source)
    t.ok((await stat(file)).mtimeMs > 1_000_000)
    t.equal((await stat(file)).mode & 0o777, 0o755)
    await t.rejects(stat(join(tree, 'net/new.c')))
    await t.rejects(stat(join(tree, 'journal.json')))
  })

  t.test('is as before when the work fails', async t => {
    const tree = t.testdir(kernelTree)
    const work = () => Promise.reject(new Error('compiler'))
    await t.rejects(withPatchedTree(tree, files, join(tree, 'journal.json'), work), { message: 'compiler' })
    t.equal(await readFile(join(tree, 'net/answer.c'), 'utf8'), source)
  })

  t.test('is put back by the next build when the process was killed', async t => {
    const tree = t.testdir(kernelTree)
    const journal = join(tree, 'journal.json')
    let during = Buffer.alloc(0)
    await withPatchedTree(tree, files, journal, async () => {
      during = await readFile(journal)
    })
    await writeFile(journal, during)
    await writeFile(join(tree, 'net/answer.c'), 'patched')
    t.strictSame(await restoreTree(tree, journal), ['net/answer.c'])
    t.equal(await readFile(join(tree, 'net/answer.c'), 'utf8'), source)
    t.strictSame(await restoreTree(tree, journal), [])
  })

  t.test('is left alone where somebody else has changed it since', async t => {
    const tree = t.testdir(kernelTree)
    const journal = join(tree, 'journal.json')
    await withPatchedTree(tree, files, journal, async () => {
      await writeFile(join(tree, 'net/answer.c'), 'another commit')
    })
    t.equal(await readFile(join(tree, 'net/answer.c'), 'utf8'), 'another commit')
  })
})

t.test('the lock', async t => {
  t.test('lets one at a time in, in one process', async t => {
    const file = join(t.testdir({}), 'deep/lock')
    let inside = 0
    let waited = 0
    const work = async () => {
      t.equal(++inside, 1)
      await new Promise(resolve => setTimeout(resolve, 50))
      inside--
    }
    const onWait = () => {
      waited++
    }
    await Promise.all([
      withLock(file, work, { onWait }),
      withLock(file, work, { onWait }),
      withLock(file, work),
    ])
    t.ok(waited >= 1)
  })

  t.test('is waited for, and is free once its holder is gone', async t => {
    const file = join(t.testdir({}), 'lock')
    const holder = spawn('flock', [file, 'cat'], { stdio: ['pipe', 'pipe', 'ignore'] })
    holder.stdin.write('held')
    await once(holder.stdout, 'data')
    t.equal(await withLock(file, async () => 'in', { onWait: () => holder.stdin.end() }), 'in')
  })

  t.test('is no longer waited for when the caller stops', async t => {
    const file = join(t.testdir({}), 'lock')
    const stop = new AbortController()
    await withLock(file, async () => {
      const waiting = withLock(file, async () => {}, { onWait: () => stop.abort(), signal: stop.signal })
      t.match(await failure(waiting), { code: 'aborted' })
    })
  })

  t.test('is given back when the work fails', async t => {
    const file = join(t.testdir({}), 'lock')
    await t.rejects(
      withLock(file, () => Promise.reject(new Error('work'))),
      { message: 'work' },
    )
    t.equal(await withLock(file, async () => 'free'), 'free')
  })
})

t.test('what make says', async t => {
  for (const [title, lines, code, message] of [
    [
      'a full disk',
      ['  CC      a.o', 'cc1: error: /tmp/x: No space left on device', 'make: *** [a.o] Error 1'],
      'disk-full',
      /no space left/,
    ],
    [
      'a header of a missing package',
      ['/src/tools/elf.h:10:10: fatal error: gelf.h: No such file or directory'],
      'missing-package',
      /need gelf\.h/,
    ],
    [
      'a missing program',
      ['/bin/sh: 1: flex: not found', 'make: *** [x] Error 127'],
      'missing-package',
      /runs flex/,
    ],
    [
      'a tree that was built in place',
      ['***', "*** The source tree is not clean, please run 'make ARCH=x86_64 mrproper'", '***'],
      'usage',
      /built in place/,
    ],
    [
      'a compiler error',
      ['  CC      net/a.o', "/src/net/a.c:3:1: error: expected ';'", 'make[1]: *** [net/a.o] Error 1'],
      'compile',
      /does not build: net\/a\.c:3:1: error: expected ';'/,
    ],
    [
      'a linker error',
      ['ld: net/a.o: undefined reference to `foo', 'make: *** [vmlinux] Error 1'],
      'compile',
      /undefined reference/,
    ],
    ['anything else', ['make: *** No rule to make target `bzImage`.  Stop.'], 'compile', /No rule to make/],
  ] as const) {
    t.test(`about ${title} becomes an error that names it`, async t => {
      const error = explainMake(lines, '/src', '/cache/make.log')
      t.equal(error.code, code)
      t.match(error.message, message)
      t.ok(error.remedy)
    })
  }
})

t.test('a machine without the tools', async t => {
  t.test('is told all the packages in one apt line', async t => {
    const missing = await missingPrerequisites('/nowhere')
    const error = missingError(missing)
    t.equal(error.code, 'missing-package')
    t.match(error.message, /needs bc, bison, flex, .*gcc/)
    t.match(describeError(error), /apt-get install --no-install-recommends bc bison flex util-linux gcc/)
  })
})

t.test('a source', async t => {
  t.test('by path is known by its Makefile', async t => {
    const tree = t.testdir(kernelTree)
    t.match(await findSource(tree, '/nowhere'), { tree, version: '6.12.117', packageVersion: undefined })
  })

  t.test('that is no kernel, or is not there, is refused by name', async t => {
    t.match(await failure(findSource(t.testdir({}), '/x')), { code: 'usage', message: /is no kernel source/ })
    t.match(await failure(findSource('/nowhere/linux', '/x')), {
      message: /no kernel source '\/nowhere\/linux'/,
    })
    t.match(await failure(checkSource('debian:sid')), { code: 'usage', message: /names no kernel series/ })
    t.match(await failure(checkSource('debian:9.9')), { code: 'usage', message: /debian:9\.9/ })
  })

  t.test('has a folder of its own in the cache', async t => {
    t.equal(await sourceKey('debian:6.12'), 'debian-6.12')
    const [one, other] = [await sourceKey('/a/linux'), await sourceKey('/b/linux')]
    t.match(one, /^linux-[0-9a-f]{8}$/)
    t.not(one, other)
  })
})

t.test('a build', async t => {
  t.test('is refused a name that cannot be a file name', async t => {
    for (const name of ['', '../x', 'A b', 'x'.repeat(60)]) {
      t.match(await failure(buildKernel({ source: '/x', name })), { code: 'usage', exitCode: 2 })
    }
  })

  t.test('names a patch that is not there before anything else is done', async t => {
    const build = buildKernel({ source: 'debian:6.12', name: 'x', patches: ['/nowhere/x.patch'] })
    t.match(await failure(build), { code: 'usage', message: /\/nowhere\/x\.patch/ })
  })
})

t.test('the mutants', async t => {
  t.test('are seven patches and the unpatched kernel, each with an id that can name a kernel', async t => {
    t.equal(mutants.length, 8)
    t.equal(new Set(mutants.map(({ id }) => id)).size, 8)
    for (const { id, patch, changes } of mutants) {
      t.match(id, /^[a-z0-9][a-z0-9.-]{0,47}$/)
      t.equal(changes.length > 0, patch !== undefined, id)
    }
  })
})
