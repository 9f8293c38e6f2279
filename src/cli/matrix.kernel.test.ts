import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { withDir } from 'tmp-promise'
import { findTool } from '../base/tools.js'
import { findRelease } from '../distro/releases.js'
import { fetchedRoots } from '../distro/store.js'
import { fetchKernel } from '../kernels/fetch.js'
import { findFetched } from '../kernels/store.js'
import { reportSchema } from '../model/report.js'
import { lab } from './cli.fixture.js'

// Guests by emulation, on a machine that others use, too.
t.setTimeout(240_000)

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

const [root] = await fetchedRoots(findRelease('debian:11'))
const own = await findFetched('debian:5.10')
const lacks = [
  ...(qemu === undefined ? ['QEMU is not installed'] : []),
  ...(root === undefined ? ['debian:11 is not fetched: lab distro fetch debian:11'] : []),
  ...(own === undefined ? ['debian:5.10 is not fetched: lab kernel fetch debian:5.10'] : []),
]

t.test(
  'a release runs a scenario with its own tools, on its own kernel',
  { skip: lacks[0] ?? false, timeout: 220_000 },
  async test => {
    await withDir(
      async ({ path }) => {
        const { exitCode, stderr } = await lab([
          ...['matrix', '--distro', 'debian:11', '--defaults', '--out', path],
          ...['--', 'bridge-dnat-bounce'],
        ])
        test.equal(exitCode, 0, stderr)
        const written = await readFile(join(path, 'debian-11.json'), 'utf8')
        const { kernel, machine, scenarios } = reportSchema.parse(JSON.parse(written))
        test.match(kernel.version, /^5\.10\./)
        test.match(machine, { userland: { id: 'debian:11' }, tools: { nft: /0\.9\.8/ }, defaults: [] })
        test.match(scenarios, [{ verdict: 'confirmed' }])
      },
      { unsafeCleanup: true },
    )
  },
)
