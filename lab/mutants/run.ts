/**
 * `npm run mutants [-- ID…] [--out FOLDER]`: builds the kernel that every mutant stands for, runs the whole catalogue on
 * each, compares with the unpatched kernel, and writes the table into the README. A mutant that no scenario notices, or that
 * turns one that it should not, ends it with status 1.
 */
import { mkdir } from 'node:fs/promises'
import { argv, echo, path, spinner } from 'zx'
import { describeError, EXIT } from '../../src/base/errors.js'
import { writeWhole } from '../../src/base/files.js'
import { repositoryFile } from '../../src/base/root.js'
import { seconds } from '../../src/base/text.js'
import { type BuiltKernel, buildKernel } from '../../src/kernels/build/build-kernel.js'
import { type NamedKernel, runMatrix } from '../../src/matrix/matrix.js'
import type { KernelRun } from '../../src/matrix/run-in-guest.js'
import type { Report } from '../../src/model/report.js'
import { replaceBetween } from '../readme.js'
import { MUTANT_SOURCE, MUTANTS, type Mutant } from './mutants.js'

const GUESTS_AT_ONCE = 2

interface MutantRun {
  readonly mutant: Mutant
  readonly report: Report | undefined
  readonly problem: string | undefined
}

try {
  process.exitCode = await main(argv._.map(String), argv.out)
} catch (error) {
  echo(`mutants: ${describeError(error)}`)
  process.exitCode = EXIT.error
}

async function main(only: readonly string[], out: unknown): Promise<number> {
  const chosen = MUTANTS.filter(
    ({ id, changes }) => only.length === 0 || only.includes(id) || changes.length === 0,
  )
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
  const unpatched = runs.find(({ mutant }) => mutant.changes.length === 0)?.report
  const surprises = runs.flatMap(run => surprisesOf(run, unpatched))
  echo('')
  echo(table(runs))
  for (const surprise of surprises) echo(`surprise: ${surprise}`)
  if (only.length === 0) await writeTable(runs)
  return surprises.length === 0 ? EXIT.ok : EXIT.failed
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

/** Where a mutant's verdicts are not those that it must have; all of them in a sentence each. */
function surprisesOf({ mutant, report, problem }: MutantRun, unpatched: Report | undefined): string[] {
  if (!report) return [`${mutant.id} did not run: ${problem}`]
  return report.scenarios.flatMap(({ id, verdict, reason }) => {
    const expected =
      mutant.changes.find(({ scenario }) => scenario === id)?.verdict ??
      unpatched?.scenarios.find(scenario => scenario.id === id)?.verdict
    const bad = verdict === 'error' || verdict !== expected
    return bad ? [`${mutant.id}: ${id} is ${verdict}, not ${expected ?? 'known'}: ${reason}`] : []
  })
}

function table(runs: readonly MutantRun[]): string {
  const scenarios = runs.find(({ report }) => report)?.report?.scenarios.map(({ id }) => id) ?? []
  const verdict = ({ mutant, report }: MutantRun, id: string) => {
    const found = report?.scenarios.find(scenario => scenario.id === id)?.verdict ?? 'no report'
    return mutant.changes.some(({ scenario }) => scenario === id) ? `**${found}**` : found
  }
  return [
    `| kernel without | commit | ${scenarios.join(' | ')} |`,
    `| --- | --- | ${scenarios.map(() => '---').join(' | ')} |`,
    ...runs.map(
      run =>
        `| ${run.mutant.title} | ${run.mutant.upstream ?? ''} | ${scenarios.map(id => verdict(run, id)).join(' | ')} |`,
    ),
  ].join('\n')
}

async function writeTable(runs: readonly MutantRun[]): Promise<void> {
  const kernel = runs.find(({ report }) => report)?.report?.kernel.version
  const dated = `Linux ${kernel}, ${new Date().toISOString().slice(0, 10)}; in bold what must differ from the last row.`
  await replaceBetween(repositoryFile('docs/mutants.md'), 'mutants-table', `${dated}\n\n${table(runs)}`)
}
