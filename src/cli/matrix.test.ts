import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { withDir } from 'tmp-promise'
import { findTool } from '../base/tools.js'
import { fetchKernel } from '../kernels/fetch.js'
import { findFetched } from '../kernels/store.js'
import type { jobMatrix } from '../matrix/matrix.js'
import { reportSchema } from '../model/report.js'
import { lab } from './cli.fixture.js'

// Guests by emulation, on a machine that others use, too.
t.setTimeout(240_000)

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

const present = await findFetched('debian:6.1')
const qemu = findTool('qemu-system-x86_64')
const noKernel = present === undefined && 'debian:6.1 is not fetched: lab kernel fetch debian:6.1'
const skip = qemu === undefined ? 'QEMU is not installed' : noKernel

t.test(
  'a fetched kernel runs a scenario, by name and as a bare image with its modules',
  { skip, timeout: 220_000 },
  async test => {
    const kernel = present ?? (await fetchKernel('debian:6.1'))
    await withDir(
      async ({ path }) => {
        await mkdir(join(path, 'out'))
        const { exitCode, stdout, stderr } = await lab([
          ...['matrix', '--kernel', 'debian:6.1', kernel.vmlinuz, '--modules', kernel.modulesDir],
          ...['--out', join(path, 'out'), '--', 'lan-dnat-without-snat'],
        ])
        test.equal(exitCode, 0, stderr)
        test.match(stdout, /^lan-dnat-without-snat +confirmed +confirmed$/m)
        test.match(stdout, /0 differences: no fix breaks/)
        const written = await readFile(join(path, 'out/debian-6.1.json'), 'utf8')
        test.equal(reportSchema.parse(JSON.parse(written)).kernel.package, kernel.packageVersion)
      },
      { unsafeCleanup: true },
    )
  },
)
