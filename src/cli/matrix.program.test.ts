import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { withDir } from 'tmp-promise'
import { findTool } from '../base/tools.js'
import type { jobMatrix } from '../matrix/matrix.js'
import { lab } from './cli.fixture.js'

t.test('lab matrix --plan prints JSON and starts nothing', async test => {
  const { exitCode, stdout } = await lab(['matrix', '--kernel', 'debian:6.1', 'debian:6.12', '--plan'])
  test.equal(exitCode, 0)
  test.same(
    (JSON.parse(stdout) as ReturnType<typeof jobMatrix>).include.map(({ kernel }) => kernel),
    ['debian:6.1', 'debian:6.12'],
  )
})

// Each of its command lines takes seconds on a machine that others use, too.
t.test(
  'a distribution that cannot be used is named before any guest is started',
  { timeout: 90_000 },
  async test => {
    const cases: [argv: string[], says: RegExp][] = [
      [[], /neither a kernel nor a distribution is given/],
      [['--distro', 'debian:14'], /unknown distribution 'debian:14'/],
      [['--distro', 'debian:12', 'debian:12'], /debian:12 is given twice/],
      [['--distro', 'debian:12', '--plan'], /cannot be used with option/],
    ]
    for (const [argv, says] of cases) {
      const { exitCode, stderr } = await lab(['matrix', ...argv])
      test.equal(exitCode, 2, argv.join(' '))
      test.match(stderr, says)
    }
    await withDir(
      async ({ path }) => {
        const { exitCode, stderr } = await lab(['matrix', '--distro', 'debian:12'], { XDG_CACHE_HOME: path })
        test.equal(exitCode, 2)
        test.match(stderr, /debian:12 is not in the cache[\s\S]*lab distro fetch debian:12/)
      },
      { unsafeCleanup: true },
    )
  },
)

t.test('a kernel that cannot be used is named before any guest is started', async test => {
  await withDir(
    async ({ path }) => {
      const foreign = Buffer.alloc(0x1000)
      foreign.writeUInt32LE(0x644d5241, 0x38)
      const files: Record<string, Buffer> = {
        'not-a-kernel': Buffer.from('#!/bin/sh\n'),
        arm64: foreign,
      }
      for (const [name, data] of Object.entries(files)) await writeFile(join(path, name), data)
      const cases: [given: string, says: RegExp][] = [
        [join(path, 'not-a-kernel'), /not-a-kernel is no x86 boot image/],
        [join(path, 'arm64'), /arm64 is a kernel for arm64/],
        [join(path, 'nothing'), /no such file or folder/],
        ['debian:6.l', /→ did you mean 'debian:6\.1'/],
      ]
      for (const [given, says] of cases) {
        const { exitCode, stderr } = await lab(['matrix', '--out', join(path, 'out'), '--kernel', given])
        test.equal(exitCode, 2, given)
        test.match(stderr, says)
      }
    },
    { unsafeCleanup: true },
  )
})

t.test(
  'a kernel that is not in the cache is fetched, but for --offline, which says what to do',
  async test => {
    await withDir(
      async ({ path }) => {
        // A proxy that nobody is: the archive cannot be reached.
        const env = { XDG_CACHE_HOME: path, http_proxy: 'http://127.0.0.1:9' }
        const matrix = ['matrix', '--kernel', 'debian:6.1', '--out', join(path, 'out')]
        const tried = await lab(matrix, env)
        test.equal(tried.exitCode, findTool('apt-get') === undefined ? 69 : 3, tried.stderr)
        test.match(tried.stderr, /^debian:6\.1: index$/m)
        const offline = await lab([...matrix, '--offline'], env)
        test.equal(offline.exitCode, 2, offline.stderr)
        test.match(
          offline.stderr,
          /^lab: the kernel debian:6\.1 is not in the cache .*\n +→ .*lab kernel fetch debian:6\.1/,
        )
        test.notMatch(offline.stderr, /index/)
      },
      { unsafeCleanup: true },
    )
  },
)
