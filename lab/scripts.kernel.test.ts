/** Scripts of a page, and selftests on the kernel's own lib.sh: some of each, run. `npm run scripts` runs them all. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { dirSync } from 'tmp-promise'
import { missingTool } from '../src/base/tools.js'
import { runningVersion } from '../src/kernel/running.js'
import { loadCatalogue } from '../src/plan/catalogue.js'
import { type Kind, scriptOfKind } from './docs/scripts.js'
import { findSelftestLibrary, runSelftest, SERIES } from './selftest-library.js'

const { name: folder, removeCallback } = dirSync({ unsafeCleanup: true })
t.teardown(removeCallback)

const { scenarios } = await loadCatalogue()
const noRoot = process.getuid?.() === 0 ? undefined : 'it makes namespaces as root'
const noSocat = missingTool('socat')

/** Writes a script of a kind. */
function written(id: string, kind: Kind): string {
  const scenario = scenarios.find(one => one.id === id)
  if (!scenario) throw new Error(`no scenario ${id}`)
  const made = scriptOfKind(scenario, kind, runningVersion())
  if ('why' in made) throw new Error(`${id} --${kind}: ${made.why}`)
  const file = join(folder, `${id}-${kind}.sh`)
  writeFileSync(file, made.text)
  return file
}

t.test('a minimal script has less than 80 lines, or says why there is none', async test => {
  for (const scenario of scenarios) {
    const made = scriptOfKind(scenario, 'minimal', runningVersion())
    if ('why' in made) test.match(made.why, /\w+/, scenario.id)
    else test.ok(made.text.split('\n').length - 1 < 80, scenario.id)
  }
})

t.test('minimal scripts show the failure, and the fix', { skip: noRoot ?? noSocat ?? false }, async test => {
  for (const [id, says] of [
    ['lan-dnat-without-snat', /^neighbour-tcp fails, as documented\nneighbour-tcp works with /m],
    ['strict-arp-vip', /, as documented\n.* with /m],
  ] as const) {
    const { exitCode, all } = await execa('sh', [written(id, 'minimal')], { reject: false, all: true })
    test.equal(exitCode, 0, all)
    test.match(all, says)
  }
})

t.test(
  'a minimal script that does not come out ends with 1',
  { skip: noRoot ?? noSocat ?? false },
  async test => {
    const file = written('lan-dnat-without-snat', 'minimal')
    const { stdout } = await execa('sed', ['/-j DNAT/d', file])
    const other = join(folder, 'other.sh')
    writeFileSync(other, stdout.replace('if ! probe; then', 'if probe; then'))
    const { exitCode, all } = await execa('sh', [other], { reject: false, all: true })
    test.equal(exitCode, 1, all)
  },
)

const noShellcheck = missingTool('shellcheck')
t.test('they pass shellcheck, each as its shell', { skip: noShellcheck ?? false }, async test => {
  const files = (['minimal', 'selftest'] as const).map(kind => written('lan-dnat-without-snat', kind))
  const { exitCode, stdout } = await execa('shellcheck', files, { reject: false })
  test.equal(exitCode, 0, stdout)
})

const library = findSelftestLibrary()
const noLibrary =
  library === undefined && `lib.sh of Linux ${SERIES} was not fetched: npm run scripts fetches it`
t.test('a selftest runs on the kernel’s lib.sh', { skip: noRoot ?? noSocat ?? noLibrary }, async test => {
  if (library === undefined) return
  const file = written('lan-dnat-without-snat', 'selftest')
  const { status, output } = await runSelftest(file, library)
  test.equal(status, 0, output)
  test.match(output, /^TEST: neighbour-tcp: fails +\[ OK \]$/m)
  test.match(output, /^TEST: neighbour-tcp \(bounce-snat=on\): works +\[ OK \]$/m)
})
