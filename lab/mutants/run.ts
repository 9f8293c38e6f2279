/**
 * `npm run mutants`: builds the kernel that every mutant stands for, runs the whole catalogue on each, compares with the
 * unpatched kernel, and writes the table into the README. A mutant that no scenario notices, or that turns one that it
 * should not, ends it with status 1.
 */
import { argv, echo, fs } from 'zx'
import { describeError } from '../../src/base/errors.js'
import { repositoryFile } from '../../src/base/root.js'
import { buildKernel } from '../../src/kernels/build/build-kernel.js'
import type { Kernel } from '../../src/kernels/fetch.js'
import { runInGuest } from '../../src/matrix/run-in-guest.js'
import type { Report } from '../../src/model/report.js'
import { MUTANT_SOURCE, type Mutant, mutants } from './mutants.js'

const GUESTS_AT_ONCE = 2
const MARKS = ['<!-- mutants-table:start -->', '<!-- mutants-table:end -->'] as const

interface MutantRun {
  readonly mutant: Mutant
  readonly report: Report | undefined
  readonly problem: string | undefined
}

const only: string[] = argv._.map(String)
const chosen = mutants.filter(
  ({ id, changes }) => only.length === 0 || only.includes(id) || changes.length === 0,
)
try {
  process.exitCode = await main()
} catch (error) {
  echo(`mutants: ${describeError(error)}`)
  process.exitCode = 3
}

async function main(): Promise<number> {
  const kernels: { mutant: Mutant; kernel: Kernel }[] = []
  // One after the other: they share a build tree, and each make uses every processor.
  for (const mutant of chosen) {
    const kernel = await buildKernel({
      source: MUTANT_SOURCE,
      patches: mutant.patch ? [mutant.patch] : [],
      name: mutant.id,
    })
    echo(
      `${mutant.id}: ${kernel.seconds === 0 ? 'built before' : `built in ${Math.round(kernel.seconds)} s`}`,
    )
    // Everything is built in: there is no folder of modules to give.
    const { bzImage: vmlinuz, config, release, version: mainlineVersion } = kernel
    kernels.push({
      mutant,
      kernel: {
        name: mutant.id,
        vmlinuz,
        config,
        release,
        mainlineVersion,
        modulesDir: undefined,
        packageVersion: undefined,
      },
    })
  }
  const runs: MutantRun[] = []
  const waiting = [...kernels]
  await Promise.all(
    Array.from({ length: GUESTS_AT_ONCE }, async () => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        const { report, problem, elapsedMs } = await runInGuest(next.mutant.id, next.kernel, {
          scenarios: [],
        })
        echo(`${next.mutant.id}: ${problem ?? `ran in ${Math.round(elapsedMs / 1000)} s`}`)
        if (argv.out && report) await fs.outputJson(`${String(argv.out)}/${next.mutant.id}.json`, report)
        runs.push({ mutant: next.mutant, report, problem })
      }
    }),
  )
  runs.sort((a, b) => mutants.indexOf(a.mutant) - mutants.indexOf(b.mutant))
  const unpatched = runs.find(({ mutant }) => mutant.changes.length === 0)?.report
  const surprises = runs.flatMap(run => surprisesOf(run, unpatched))
  echo('')
  echo(table(runs))
  for (const surprise of surprises) echo(`surprise: ${surprise}`)
  if (only.length === 0) await writeTable(runs)
  return surprises.length === 0 ? 0 : 1
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
  const file = repositoryFile('README.md')
  const text = await fs.readFile(file, 'utf8')
  const [start, end] = MARKS.map(mark => text.indexOf(mark))
  if (start === undefined || end === undefined || start < 0 || end < start) {
    echo(`README.md has no place for the table: put ${MARKS.join(' and ')} where it goes`)
    return
  }
  const kernel = runs.find(({ report }) => report)?.report?.kernel.version
  const dated = `Linux ${kernel}, ${new Date().toISOString().slice(0, 10)}; in bold what must differ from the last row.`
  await fs.writeFile(
    file,
    `${text.slice(0, start + MARKS[0].length)}\n${dated}\n\n${table(runs)}\n${text.slice(end)}`,
  )
}
