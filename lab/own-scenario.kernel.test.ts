/** The four commands of README.md, as somebody types them who has nothing but the packed tarball: to a scenario of their own on another kernel. */
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { withDir } from 'tmp-promise'
import { projectRoot } from '../src/base/root.js'
import { findTool } from '../src/base/tools.js'
import { CATALOGUE } from '../src/kernels/catalogue.js'
import { findFetched } from '../src/kernels/store.js'
import { reportSchema } from '../src/model/report.js'

// A guest by emulation, on a machine that others use, too.
t.setTimeout(420_000)

/** What npm says where there is no registry. */
const NO_REGISTRY = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH/

/** The first of Debian's kernels that is in the cache. */
async function cachedKernel(): Promise<string | undefined> {
  for (const { name } of CATALOGUE) if (await findFetched(name)) return name
  return undefined
}

const kernel = await cachedKernel()
const noKernel = kernel === undefined && 'no kernel of Debian’s is in the cache: lab kernel fetch debian:6.1'
const noGuest = findTool('qemu-system-x86_64') === undefined ? 'QEMU is not installed' : noKernel

t.test('npm i, new, run and matrix lead to a scenario of one’s own on another kernel', async test => {
  await withDir(
    async ({ path }) => {
      const packed = await execa('npm', ['pack', '--silent', '--pack-destination', path], {
        cwd: projectRoot(),
      })
      const tarball = packed.stdout.trim().split('\n').at(-1) ?? ''
      const folder = join(path, 'own')
      mkdirSync(folder)
      const typed = (line: string) =>
        execa('bash', ['-c', line], {
          ...{ cwd: folder, reject: false, stdin: 'ignore' },
          // A cache and settings of nobody's; the registry is whoever's the machine has.
          env: { npm_config_cache: join(path, 'cache'), npm_config_update_notifier: 'false' },
        })
      const installed = await typed(`npm i ../${tarball}`)
      if (NO_REGISTRY.test(installed.stderr)) {
        test.pass('npm i', { skip: 'npm’s registry cannot be reached' })
        return
      }
      test.equal(installed.exitCode, 0, installed.stderr)
      const made = await typed('npx netns-lab new my-bug')
      test.equal(made.exitCode, 0, made.stderr)
      const ran = await typed('npx netns-lab run ./my-bug')
      test.equal(ran.exitCode, 0, ran.stderr)
      test.match(ran.stdout, /^confirmed +my-bug$/m)
      if (kernel === undefined || noGuest) {
        test.pass('npx netns-lab matrix', { skip: noGuest || 'no kernel' })
        return
      }
      const matrix = await typed(`npx netns-lab matrix --kernel ${kernel} ./my-bug`)
      test.equal(matrix.exitCode, 0, matrix.stderr)
      test.match(matrix.stdout, /^my-bug +confirmed$/m)
      const written = join(folder, 'matrix', `${kernel.replace(':', '-')}.json`)
      const report = reportSchema.parse(JSON.parse(readFileSync(written, 'utf8')))
      test.match(report.scenarios, [{ id: 'my-bug', verdict: 'confirmed' }])
      test.ok(kernel.endsWith(report.kernel.version.split('.').slice(0, 2).join('.')), 'it is that kernel')
    },
    { unsafeCleanup: true },
  )
})

t.test('README.md has these four commands', async test => {
  const readme = readFileSync(join(projectRoot(), 'README.md'), 'utf8')
  const lines = ['npm i ', 'npx netns-lab new ', 'npx netns-lab run ./', 'npx netns-lab matrix --kernel ']
  const at = lines.map(line => readme.indexOf(`\n${line}`))
  test.ok(
    at.every((place, index) => place > (at[index - 1] ?? 0)),
    'in their order',
  )
})
