import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { withDir } from 'tmp-promise'
import { missingTool } from '../base/tools.js'
import { nodeLibraries } from './libraries.js'
import { resolveRootfs } from './rootfs.js'
import { imageKind } from './unpack.js'

/** Calls `work` with a folder that has a small root in it, and a cache of its own. */
function withRoot(work: (folder: string, root: string) => Promise<void>) {
  return withDir(
    async ({ path }) => {
      const root = join(path, 'tree')
      for (const folder of ['etc', 'usr/bin', 'dev']) await mkdir(join(root, folder), { recursive: true })
      await writeFile(join(root, 'etc/os-release'), 'ID=small\n')
      await writeFile(join(root, 'dev/null'), 'is the machine’s own in any case')
      await symlink('usr/bin', join(root, 'bin'))
      const before = process.env.XDG_CACHE_HOME
      process.env.XDG_CACHE_HOME = join(path, 'cache')
      try {
        await work(path, root)
      } finally {
        if (before === undefined) delete process.env.XDG_CACHE_HOME
        else process.env.XDG_CACHE_HOME = before
      }
    },
    { unsafeCleanup: true },
  )
}

t.test('a folder is a root as it is', async test => {
  await withRoot(async (_, root) => {
    test.equal(await resolveRootfs(root), root)
  })
})

const TAR = ['tar', '--create', '--directory', 'tree', '--file']
const IMAGES = [
  { name: 'root.tar', kind: 'tar', tool: 'tar', argv: [...TAR, 'root.tar', '.'] },
  {
    name: 'exported.tgz',
    kind: 'gzip',
    tool: 'gzip',
    argv: [...TAR, 'exported.tgz', '--gzip', 'etc', 'usr', 'bin', 'dev'],
  },
  { name: 'root.tar.zst', kind: 'zstd', tool: 'zstd', argv: [...TAR, 'root.tar.zst', '--zstd', '.'] },
  {
    name: 'golden.img',
    kind: 'squashfs',
    tool: 'mksquashfs',
    argv: ['mksquashfs', 'tree', 'golden.img', '-quiet', '-no-progress'],
  },
]

for (const { name, kind, tool, argv } of IMAGES)
  t.test(
    `a root in a ${kind} file is unpacked once, whatever it is called`,
    { skip: missingTool(tool) ?? false },
    async test => {
      await withRoot(async folder => {
        const [file = '', ...args] = argv
        await execa(file, args, { cwd: folder })
        const path = join(folder, name)
        test.equal(await imageKind(path), kind)
        const root = await resolveRootfs(path)
        test.equal(await readFile(join(root, 'etc/os-release'), 'utf8'), 'ID=small\n')
        test.same((await readdir(root)).sort(), ['bin', 'dev', 'etc', 'usr'])
        if (kind !== 'squashfs') test.same(await readdir(join(root, 'dev')), [])
        await writeFile(join(root, 'etc/mark'), '')
        test.equal(await resolveRootfs(path), root)
        test.ok((await readdir(join(root, 'etc'))).includes('mark'), 'and not again')
      })
    },
  )

t.test('what is no root is refused, with what it lacks', async test => {
  await withRoot(async folder => {
    await test.rejects(resolveRootfs(join(folder, 'nothing')), { exitCode: 2, message: /no such file/ })
    await test.rejects(resolveRootfs(folder), { code: 'bad-root', message: /it has no \/etc and no \/usr$/ })
    await writeFile(join(folder, 'text'), 'some text')
    await test.rejects(resolveRootfs(join(folder, 'text')), {
      code: 'bad-root',
      message: /neither a folder, nor a tar/,
    })
    await execa('tar', ['--create', '--directory', 'tree', '--file', 'root.tar', '.'], { cwd: folder })
    const whole = await readFile(join(folder, 'root.tar'))
    await writeFile(join(folder, 'cut.tar'), whole.subarray(0, 1800))
    await test.rejects(resolveRootfs(join(folder, 'cut.tar')), {
      code: 'bad-root',
      message: /cannot be unpacked/,
    })
  })
})

t.test(
  'a root without glibc gets Node’s loader and libraries, one with it what it lacks of them',
  async test => {
    await withRoot(async (_, root) => {
      const all = await nodeLibraries(root)
      test.ok(
        all.some(path => path.endsWith('/ld-linux-x86-64.so.2')),
        all.join(' '),
      )
      test.ok(all.some(path => path.endsWith('/libstdc++.so.6')))
      await mkdir(join(root, 'lib64'))
      for (const path of all.filter(path => !path.includes('stdc++')))
        await writeFile(join(root, 'lib64', path.replace(/.*\//, '')), '')
      test.same(
        await nodeLibraries(root),
        all.filter(path => path.includes('stdc++')),
      )
    })
  },
)
