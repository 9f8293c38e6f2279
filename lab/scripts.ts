/**
 * `npm run scripts [-- ID…]`: runs the scripts that `lab script` prints, every kind of each scenario: with all fixes, with each setting of
 * each toggle, --minimal, and --selftest on the kernel's own lib.sh, which is fetched with Debian's linux-source.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { basename, join } from 'node:path'
import { execa } from 'execa'
import { withDir } from 'tmp-promise'
import { argv, echo } from 'zx'
import { describeError, EXIT } from '../src/base/errors.js'
import { turns } from '../src/base/turns.js'
import { runningVersion } from '../src/kernel/running.js'
import { PrivateApt } from '../src/kernels/apt.js'
import { findInCatalogue } from '../src/kernels/catalogue.js'
import { PLAIN_IPTABLES } from '../src/model/steps.js'
import { chooseScenarios } from '../src/plan/catalogue.js'
import { parseSettings, planChosen } from '../src/script/choose.js'
import { scriptOf } from '../src/script/script.js'
import { type Kind, scriptOfKind } from './docs/scripts.js'
import { findSelftestLibrary, runSelftest, SELFTESTS_FOLDER, SERIES } from './selftest-library.js'

/** Scripts at once; most of their time is waiting. */
const JOBS = 2 * availableParallelism()

interface Job {
  readonly title: string
  readonly run: () => Promise<{ readonly status: number | undefined; readonly output: string }>
}

try {
  const library = findSelftestLibrary() ?? (await fetchLibrary())
  await withDir(({ path }) => runAll(path, library), { unsafeCleanup: true })
} catch (error) {
  echo(`scripts: ${describeError(error)}`)
  process.exitCode = EXIT.error
}

async function runAll(folder: string, library: string): Promise<void> {
  const jobs = await jobsIn(folder, library)
  const bad: string[] = []
  const inTurn = turns(JOBS)
  const work = async ({ title, run }: Job) => {
    // As the lab tries an experiment once more: others on the machine can come in between.
    let { status, output } = await run()
    if (status === EXIT.failed) ({ status, output } = await run())
    echo(`${status === 0 ? 'ok' : status === EXIT.allSkipped ? 'skipped' : 'FAILED'}\t${title}`)
    if (status === 0) return
    echo(output.split('\n').slice(-8).join('\n'))
    if (status !== EXIT.allSkipped) bad.push(title)
  }
  await Promise.all(jobs.map(job => inTurn(() => work(job))))
  echo(bad.length === 0 ? 'all scripts came out as they must' : `${bad.length} did not: ${bad.join('; ')}`)
  if (bad.length > 0) process.exitCode = EXIT.failed
}

async function jobsIn(folder: string, library: string): Promise<Job[]> {
  const kernel = runningVersion()
  const { scenarios } = await chooseScenarios(argv._.map(String))
  return scenarios.flatMap(scenario => {
    const settings = Object.entries(scenario.toggles).flatMap(([name, toggle]) =>
      toggle.settings.slice(1).map(setting => [`${name}=${setting}`]),
    )
    const usual = [[], ...settings].map((words, index): Job => {
      const options = { kernel, iptables: 'nft', commands: PLAIN_IPTABLES } as const
      const plan = planChosen(scenario, { ...options, settings: parseSettings(scenario, words) })
      const file = join(folder, `${scenario.id}-${index}.sh`)
      writeFileSync(file, scriptOf(scenario, plan, { commandLine: 'npm run scripts', kernel: 'this one' }))
      return { title: [scenario.id, ...words].join(' '), run: () => runScript(file) }
    })
    const kinds = (['minimal', 'selftest'] as const).flatMap((kind: Kind): Job[] => {
      const made = scriptOfKind(scenario, kind, kernel)
      if ('why' in made) {
        echo(`none\t${scenario.id} --${kind}: ${made.why}`)
        return []
      }
      const file = join(folder, `${scenario.id}-${kind}.sh`)
      writeFileSync(file, made.text)
      const run = kind === 'minimal' ? () => runScript(file) : () => runSelftest(file, library)
      return [{ title: `${scenario.id} --${kind}`, run }]
    })
    return [...usual, ...kinds]
  })
}

async function runScript(file: string) {
  const options = { reject: false, all: true, stdin: 'ignore', env: { WAIT: '2' } } as const
  const { exitCode: status, all: output = '' } = await execa('sh', [file], options)
  return { status, output }
}

/** Takes lib.sh out of Debian's source of the kernel. */
async function fetchLibrary(): Promise<string> {
  const wanted = `linux-source-${SERIES}`
  echo(`${wanted}: fetching it for its lib.sh`)
  const entry = findInCatalogue(`debian:${SERIES}`)
  if (!('suites' in entry)) throw new Error(`${entry.name} is of several releases`)
  const apt = new PrivateApt({ ...entry, name: `${entry.name}-source`, metaPackage: wanted })
  await apt.update()
  await apt.plan()
  await apt.download(() => {})
  const file = (await apt.files()).find(path => basename(path).startsWith(`${wanted}_`))
  if (file === undefined) throw new Error(`apt did not bring ${wanted}`)
  mkdirSync(SELFTESTS_FOLDER, { recursive: true })
  const inside = `${wanted}/tools/testing/selftests/net/lib.sh`
  await execa('sh', [
    '-c',
    'dpkg-deb --fsys-tarfile "$1" | tar -xO "./usr/src/$2.tar.xz" | tar -xJ -C "$3" --strip-components 5 "$4"',
    ...['sh', file, wanted, SELFTESTS_FOLDER, inside],
  ])
  return join(SELFTESTS_FOLDER, 'lib.sh')
}
