/**
 * `npm run mutants [-- ID…] [--alone] [--out FOLDER] [--judge FOLDER [--again SCENARIO,…]]`: builds kernels with every mutant in one of them, runs the
 * whole catalogue on each, compares with the unpatched kernel, and writes the table into docs/mutants.md. With ids, only their
 * rows, and each in a kernel by itself, as with `--alone`. `--out` keeps the reports, `--judge` takes such a folder in place of
 * guests, for expectations that have been mended since, and `--again` runs the scenarios that have been. A mutant that no scenario notices, or a trial that differs and should not,
 * ends it with status 1.
 */
import { mkdir } from 'node:fs/promises'
import { z } from 'zod'
import { argv, echo, path, spinner } from 'zx'
import { describeError, EXIT, LabError } from '../../src/base/errors.js'
import { readIfThere, writeWhole } from '../../src/base/files.js'
import { unknownWord } from '../../src/base/nearest.js'
import { repositoryFile } from '../../src/base/root.js'
import { seconds } from '../../src/base/text.js'
import { type BuiltKernel, buildKernel } from '../../src/kernels/build/build-kernel.js'
import { readPatch } from '../../src/kernels/build/patch.js'
import { type NamedKernel, runMatrix } from '../../src/matrix/matrix.js'
import type { KernelRun } from '../../src/matrix/run-in-guest.js'
import type { Report } from '../../src/model/report.js'
import { readReport } from '../../src/report/read.js'
import { differencesText, type MutantRun, surprisesOf } from './compare.js'
import { alone, type MutantKernel, together } from './kernels.js'
import type { Mutant } from './mutant.js'
import { MUTANT_SOURCE, MUTANTS, UNPATCHED } from './mutants.js'
import { writeRows } from './table.js'

const GUESTS_AT_ONCE = 2
const DOCUMENT = repositoryFile('docs/mutants.md')
/** In the folder of `--out`: which mutants are in which kernel. */
const INDEX = 'kernels.json'
const indexSchema = z.array(z.object({ name: z.string(), mutants: z.array(z.string()) }))

try {
  process.exitCode = await main(argv._.map(String))
} catch (error) {
  echo(`mutants: ${describeError(error)}`)
  process.exitCode = error instanceof LabError ? error.exitCode : EXIT.error
}

async function main(names: readonly string[]): Promise<number> {
  const started = performance.now()
  const again = argv.again === undefined ? [] : String(argv.again).split(',')
  const runs =
    argv.judge === undefined
      ? await runAll(await kernelsFor(names))
      : await runAgain(again, await readAll(String(argv.judge)), String(argv.judge))
  return tell(runs, performance.now() - started)
}

/** The kernels to build, and which mutants each has. Throws LabError. */
async function kernelsFor(names: readonly string[]): Promise<MutantKernel[]> {
  const chosen = MUTANTS.filter(({ id }) => names.length === 0 || names.includes(id) || id === UNPATCHED.id)
  for (const name of names) byId(name)
  if (names.length > 0 || argv.alone) return alone(chosen)
  const files = new Map<Mutant, readonly string[]>()
  for (const mutant of chosen)
    if (mutant.patch !== undefined) files.set(mutant, (await readPatch(mutant.patch)).files)
  return together(chosen, mutant => files.get(mutant) ?? [])
}

/** The mutant of an id. Throws LabError with the nearest one. */
function byId(name: string): Mutant {
  const mutant = MUTANTS.find(({ id }) => id === name)
  if (mutant) return mutant
  const ids = MUTANTS.map(({ id }) => id)
  throw unknownWord('mutant', name, ids)
}

/** Builds and runs them; what came of each is kept in the folder of `--out`. */
async function runAll(kernels: readonly MutantKernel[]): Promise<MutantRun[]> {
  const out = argv.out === undefined ? undefined : String(argv.out)
  const keep = (name: string, report: Report) => out !== undefined && keepReport(out, name, report)
  if (out !== undefined) {
    await mkdir(out, { recursive: true })
    const index = kernels.map(({ name, mutants }) => ({ name, mutants: mutants.map(({ id }) => id) }))
    writeWhole(path.join(out, INDEX), `${JSON.stringify(index, null, 2)}\n`)
  }
  const results = await runGuests(kernels, [], keep)
  return kernels.flatMap(kernel =>
    results
      .filter(result => result.kernel === kernel.name)
      .map(({ report, problem }) => ({ ...kernel, report, problem })),
  )
}

/** Runs some scenarios again on all kernels, and puts what came of them in the place of what is kept. */
async function runAgain(
  scenarios: readonly string[],
  kept: readonly MutantRun[],
  folder: string,
): Promise<MutantRun[]> {
  if (scenarios.length === 0) return [...kept]
  const results = await runGuests(kept, scenarios, () => {})
  return kept.map(run => {
    const fresh = results.find(({ kernel }) => kernel === run.name)
    if (!run.report || !fresh?.report)
      return { ...run, report: undefined, problem: fresh?.problem ?? run.problem }
    const own = new Map(fresh.report.scenarios.map(scenario => [scenario.id, scenario]))
    const report = {
      ...run.report,
      unavailable: fresh.report.unavailable,
      scenarios: run.report.scenarios.map(scenario => own.get(scenario.id) ?? scenario),
    }
    keepReport(folder, run.name, report)
    return { ...run, report }
  })
}

async function runGuests(
  kernels: readonly MutantKernel[],
  scenarios: readonly string[],
  keep: (name: string, report: Report) => void,
): Promise<KernelRun[]> {
  const built: NamedKernel[] = []
  // One after the other: they share a build tree, and each make uses every processor.
  for (const kernel of kernels) built.push(await build(kernel))
  return runMatrix(built, {
    scenarios,
    jobs: GUESTS_AT_ONCE,
    onLine: () => {},
    onDone: async ({ kernel, report, problem, elapsedMs }: KernelRun) => {
      echo(`${kernel}: ${problem ?? `ran in ${seconds(elapsedMs)}`}`)
      if (report) keep(kernel, report)
    },
  })
}

function keepReport(folder: string, name: string, report: Report): void {
  writeWhole(path.join(folder, `${name}.json`), `${JSON.stringify(report)}\n`)
}

/** What a run before has kept. Throws LabError. */
async function readAll(folder: string): Promise<MutantRun[]> {
  const file = path.join(folder, INDEX)
  const text = await readIfThere(file)
  if (text === undefined)
    throw new LabError(`there is no ${file}`, 'give a folder of npm run mutants -- --out', EXIT.usage)
  return indexSchema.parse(JSON.parse(text.toString())).map(({ name, mutants }) => {
    const kernel = { name, mutants: mutants.map(byId) }
    try {
      return { ...kernel, report: readReport(path.join(folder, `${name}.json`)), problem: undefined }
    } catch (error) {
      return { ...kernel, report: undefined, problem: describeError(error) }
    }
  })
}

async function build({ name, mutants }: MutantKernel): Promise<NamedKernel> {
  const patches = mutants.flatMap(({ patch }) => (patch === undefined ? [] : [patch]))
  const work = () => buildKernel({ source: MUTANT_SOURCE, patches, name })
  // It takes minutes; a log is not to be filled with it.
  const built: BuiltKernel = process.stderr.isTTY ? await spinner(`building ${name}`, work) : await work()
  const ids = mutants.map(({ id }) => id).join(', ')
  echo(`${name}: ${built.seconds === 0 ? 'built before' : `built in ${Math.round(built.seconds)} s`}: ${ids}`)
  const { bzImage: vmlinuz, config, release, version: mainlineVersion } = built
  // Everything is built in: there is no folder of modules to give.
  const kernel = { name, vmlinuz, config, release, mainlineVersion }
  return { name, kernel: { ...kernel, modulesDir: undefined, packageVersion: undefined } }
}

/** Writes what came of them into the document, and says what should not have. */
async function tell(runs: readonly MutantRun[], elapsedMs: number): Promise<number> {
  const unpatched = runs.find(({ name }) => name === UNPATCHED.id)?.report
  const surprises = runs.flatMap(run => surprisesOf(run, unpatched))
  for (const run of runs)
    for (const mutant of run.mutants) echo(`${mutant.id}: ${differencesText(run, mutant)}`)
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
