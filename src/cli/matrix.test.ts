import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { withDir } from 'tmp-promise'
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
