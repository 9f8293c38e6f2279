/**
 * `npm run mutants [-- ID…] [--out FOLDER]`: builds the kernel that every mutant stands for, runs the whole catalogue on
 * each, compares with the unpatched kernel, and writes the table into docs/mutants.md; with ids, only their rows. A mutant
 * that no scenario notices, or on which a trial differs that should not, ends it with status 1.
 */
import { mkdir } from 'node:fs/promises'
import { argv, echo, path, spinner } from 'zx'
import { describeError, EXIT, LabError } from '../../src/base/errors.js'
import { writeWhole } from '../../src/base/files.js'
import { unknownWord } from '../../src/base/nearest.js'
import { repositoryFile } from '../../src/base/root.js'
import { seconds } from '../../src/base/text.js'
import { type BuiltKernel, buildKernel } from '../../src/kernels/build/build-kernel.js'
import { type NamedKernel, runMatrix } from '../../src/matrix/matrix.js'
import type { KernelRun } from '../../src/matrix/run-in-guest.js'
import { differencesText, type MutantRun, surprisesOf } from './compare.js'
import type { Mutant } from './mutant.js'
import { MUTANT_SOURCE, MUTANTS, UNPATCHED } from './mutants.js'
import { writeRows } from './table.js'

const GUESTS_AT_ONCE = 2
const DOCUMENT = repositoryFile('docs/mutants.md')

try {
  process.exitCode = await main(argv._.map(String), argv.out)
} catch (error) {
  echo(`mutants: ${describeError(error)}`)
  process.exitCode = error instanceof LabError ? error.exitCode : EXIT.error
}

async function main(names: readonly string[], out: unknown): Promise<number> {
  const started = performance.now()
  const chosen = choose(names)
  if (out !== undefined) await mkdir(String(out), { recursive: true })
  const kernels: NamedKernel[] = []
  // One after the other: they share a build tree, and each make uses every processor.
  for (const mutant of chosen) kernels.push(await build(mutant))
  const results = await runMatrix(kernels, {
    scenarios: [],
    jobs: GUESTS_AT_ONCE,
    onLine: () => {},
    onDone: async ({ kernel, report, problem, elapsedMs }: KernelRun) => {
      echo(`${kernel}: ${problem ?? `ran in ${seconds(elapsedMs)}`}`)
      if (report && out !== undefined)
        writeWhole(path.join(String(out), `${kernel}.json`), `${JSON.stringify(report)}\n`)
    },
  })
  const runs = chosen.flatMap(mutant =>
    results.filter(({ kernel }) => kernel === mutant.id).map(result => ({ ...result, mutant })),
  )
  return tell(runs, performance.now() - started)
}

/** The mutants of these ids, or all, with the unpatched kernel, which they are compared with. Throws LabError. */
function choose(names: readonly string[]): Mutant[] {
  const ids = MUTANTS.map(({ id }) => id)
  for (const name of names) if (!ids.includes(name)) throw unknownWord('mutant', name, ids)
  return MUTANTS.filter(({ id }) => names.length === 0 || names.includes(id) || id === UNPATCHED.id)
}

async function build({ id, patch }: Mutant): Promise<NamedKernel> {
  const work = () =>
    buildKernel({ source: MUTANT_SOURCE, patches: patch === undefined ? [] : [patch], name: id })
  // It takes minutes; a log is not to be filled with it.
  const built: BuiltKernel = process.stderr.isTTY ? await spinner(`building ${id}`, work) : await work()
  echo(`${id}: ${built.seconds === 0 ? 'built before' : `built in ${Math.round(built.seconds)} s`}`)
  const { bzImage: vmlinuz, config, release, version: mainlineVersion } = built
  return {
    name: id,
    // Everything is built in: there is no folder of modules to give.
    kernel: {
      name: id,
      vmlinuz,
      config,
      release,
      mainlineVersion,
      modulesDir: undefined,
      packageVersion: undefined,
    },
  }
}

/** Writes what came of them into the document, and says what should not have. */
async function tell(runs: readonly MutantRun[], elapsedMs: number): Promise<number> {
  const unpatched = runs.find(({ mutant }) => mutant.id === UNPATCHED.id)?.report
  const surprises = runs.flatMap(run => surprisesOf(run, unpatched))
  for (const run of runs) echo(`${run.mutant.id}: ${differencesText(run)}`)
  for (const surprise of surprises) echo(`surprise: ${surprise}`)
  // What did not run has nothing to say.
  await writeRows(
    DOCUMENT,
    MUTANTS.map(({ id }) => id),
    runs.filter(({ report }) => report),
  )
  echo(`${runs.length} kernels in ${seconds(elapsedMs)}, ${surprises.length} surprises`)
  return surprises.length === 0 ? EXIT.ok : EXIT.failed
}
