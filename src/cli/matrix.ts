/** `lab matrix`. */
import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { EXIT, LabError } from '../base/errors.js'
import { writeWhole } from '../base/files.js'
import { cacheRoot } from '../kernels/cache.js'
import { resolveKernel } from '../kernels/resolve.js'
import { requireTool } from '../kernels/tools.js'
import { type BisectJudgement, bisectStep, EXPECTABLE, judgeRun } from '../matrix/bisect.js'
import {
  anyBreaks,
  fileName,
  jobMatrix,
  type NamedKernel,
  neighbourDiffs,
  runMatrix,
} from '../matrix/matrix.js'
import type { KernelRun } from '../matrix/run-in-guest.js'
import { describeSelftest, runSelftests, type SelftestRun, selftestsFolder } from '../matrix/selftests.js'
import { verdictTable } from '../matrix/table.js'
import { exitStatus } from '../model/verdict.js'
import { chooseScenarios, loadCatalogue } from '../plan/catalogue.js'
import { diffText } from '../report/diff-text.js'
import { withLabErrors } from './kernel.js'

const optionsSchema = z.object({
  kernel: z.array(z.string()).min(1),
  modules: z.string().optional(),
  jobs: z.number().default(2),
  out: z.string().optional(),
  repeat: z.number().optional(),
  iptables: z.enum(['nft', 'legacy', 'both']).optional(),
  accel: z.enum(['kvm', 'tcg']).optional(),
  plan: z.boolean().default(false),
  selftests: z.string().optional(),
  bisect: z.boolean().default(false),
  expect: z.enum(EXPECTABLE).optional(),
})

type Options = z.infer<typeof optionsSchema>

/**
 * Runs `lab matrix`; resolves with the exit status: the worst of the kernels', or 1 when a fix breaks between two of
 * them. What the kernel's own selftests find does not count, unless they cannot be run or read. Throws LabError for a
 * kernel, a scenario or a folder of selftests that there is not, before any guest is started; in a bisection that is a
 * status, too.
 */
export async function matrix(ids: readonly string[], given: object): Promise<number> {
  const options = optionsSchema.parse(given)
  return options.bisect
    ? bisectStep(() => judgeKernel(ids, options))
    : withLabErrors(() => compareKernels(ids, options))
}

async function compareKernels(ids: readonly string[], options: Options): Promise<number> {
  const { kernel: names, out = 'matrix' } = options
  await chooseScenarios(ids)
  const repeated = names.find((name, index) => names.indexOf(name) !== index)
  if (repeated !== undefined)
    throw new LabError(
      `${repeated} is given twice`,
      'name each kernel once; --repeat runs all of it again',
      EXIT.usage,
    )
  if (options.plan) {
    process.stdout.write(`${JSON.stringify(jobMatrix(names, ids, options.iptables))}\n`)
    return EXIT.ok
  }
  const folder = options.selftests === undefined ? undefined : selftestsFolder(options.selftests)
  const kernels = await findKernels(options)
  const runs = await runKernels(kernels, ids, options, out)
  const selftests = folder === undefined ? [] : await besides(kernels, folder, out, options.accel)
  if (selftests.length > 0) process.stdout.write('\n')
  for (const run of selftests) {
    const ours = runs.find(({ kernel }) => kernel === run.kernel)
    process.stdout.write(`${describeSelftest(run, ours?.report)}\n`)
  }
  const diffs = neighbourDiffs(runs)
  for (const diff of diffs) process.stdout.write(`\n${diffText(diff)}`)
  return worst(
    [
      ...runs.map(({ report }) =>
        report ? exitStatus(report.scenarios.map(({ verdict }) => verdict)) : EXIT.error,
      ),
      ...selftests.flatMap(({ problem }) => (problem === undefined ? [] : [EXIT.error])),
    ],
    anyBreaks(diffs),
  )
}

/** One commit's kernel, for `git bisect run`. `--kernel` takes several words, so scenarios may be among them here. */
async function judgeKernel(given: readonly string[], options: Options): Promise<BisectJudgement> {
  const { expect } = options
  const known = (await loadCatalogue()).scenarios.map(({ id }) => id)
  const [kernel = '', ...others] = options.kernel
  const kernels = [kernel, ...others.filter(word => !known.includes(word))]
  const ids = [...others.filter(word => known.includes(word)), ...given]
  if (kernels.length > 1)
    throw new LabError(
      `a bisection judges one kernel, and these are several: ${kernels.join(', ')}`,
      'give the one that was built from this commit; lab list shows the scenarios',
      EXIT.usage,
    )
  if (expect !== undefined && ids.length === 0)
    throw new LabError(
      `no scenario is named that must be ${expect}`,
      `lab matrix --bisect --expect ${expect} --kernel ${kernel} SCENARIO`,
      EXIT.usage,
    )
  await chooseScenarios(ids)
  // Not in the working directory: that is the source tree.
  const out = options.out ?? join(cacheRoot(), 'bisect')
  const found = await findKernels({ ...options, kernel: kernels })
  await requireTool('qemu-system-x86_64', 'run a kernel')
  const [run] = await runKernels(found, ids, options, out)
  return judgeRun(run ?? { report: undefined, problem: undefined }, { chosen: ids.length > 0, expect })
}

function findKernels({ kernel: names, modules }: Options): Promise<NamedKernel[]> {
  return Promise.all(
    names.map(async (name): Promise<NamedKernel> => {
      const options = modules === undefined || name.startsWith('debian:') ? {} : { modulesDir: modules }
      return { name, kernel: await resolveKernel(name, options) }
    }),
  )
}

/** Runs scenarios on each kernel, and prints the table and what is not fine; reports and consoles go into `out`. */
async function runKernels(
  kernels: readonly NamedKernel[],
  ids: readonly string[],
  { jobs, iptables, repeat, accel }: Options,
  out: string,
): Promise<KernelRun[]> {
  makeFolder(out)
  const logs = new Map(
    kernels.map(({ name }) => [name, createWriteStream(join(out, `${fileName(name)}.log`))]),
  )
  let noted = false
  const runs = await runMatrix(kernels, {
    scenarios: ids,
    jobs,
    ...(iptables ? { iptables } : {}),
    ...(repeat === undefined ? {} : { repeat }),
    ...(accel ? { accel } : {}),
    onLine: (name, line) => logs.get(name)?.write(`${line}\n`),
    onDone: async run => {
      await ended(logs.get(run.kernel))
      if (run.report)
        writeWhole(join(out, `${fileName(run.kernel)}.json`), `${JSON.stringify(run.report, null, 2)}\n`)
      if (run.accelNote !== undefined && !noted) process.stderr.write(`${run.accelNote}\n`)
      noted ||= run.accelNote !== undefined
      process.stderr.write(`${describeRun(run)}\n`)
    },
  })
  const columns = runs.map(({ kernel, report }) => ({ name: kernel, report }))
  process.stdout.write(`\n${verdictTable(columns)}`)
  for (const { kernel, report, problem } of runs) {
    if (problem !== undefined)
      process.stdout.write(
        `\nerror  ${kernel}: ${problem}\n       its console: ${join(out, `${fileName(kernel)}.log`)}\n`,
      )
    for (const { id, verdict, reason } of report?.scenarios ?? [])
      if (!FINE.has(verdict)) process.stdout.write(`\n${verdict}  ${kernel} ${id}: ${reason}\n`)
  }
  return runs
}

/** The kernel's own tests on each kernel, one guest after the other; each kernel's output goes into a file in `out`. */
async function besides(
  kernels: readonly NamedKernel[],
  folder: string,
  out: string,
  accel: 'kvm' | 'tcg' | undefined,
): Promise<SelftestRun[]> {
  const results: SelftestRun[] = []
  for (const kernel of kernels) {
    const log = createWriteStream(join(out, `${fileName(kernel.name)}.selftests.log`))
    const onLine = (line: string) => log.write(`${line}\n`)
    results.push(...(await runSelftests(kernel, folder, { ...(accel ? { accel } : {}), onLine })))
    await ended(log)
  }
  return results
}

const FINE: ReadonlySet<string> = new Set(['confirmed', 'changed', 'skipped'])

/** The worst exit status: a broken lab, then a failure, then nothing but skipped kernels. */
function worst(codes: readonly number[], breaks: boolean): number {
  if (codes.includes(EXIT.error)) return EXIT.error
  if (codes.includes(EXIT.failed) || breaks) return EXIT.failed
  return codes.every(code => code === EXIT.allSkipped) ? EXIT.allSkipped : EXIT.ok
}

function describeRun({ kernel, report, problem, attempts, accel, bootMs, elapsedMs }: KernelRun): string {
  const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`
  const how = accel === 'kvm' ? 'KVM' : 'software emulation'
  const tries = attempts > 1 ? `, guest ${attempts}` : ''
  if (!report) return `${kernel}: no report after ${seconds(elapsedMs)}${tries}: ${problem}`
  return `${kernel}: ${report.kernel.package ?? report.kernel.version} in ${seconds(elapsedMs)} (boot ${seconds(bootMs)}, ${report.machine.slowness} times slower) by ${how}${tries}`
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true })
  } catch (error) {
    throw new LabError(
      `the folder ${folder} cannot be made: ${(error as NodeJS.ErrnoException).code}`,
      'name another one with --out',
      EXIT.usage,
    )
  }
}

function ended(log: WriteStream | undefined): Promise<void> {
  return new Promise(resolve => {
    if (log) log.end(resolve)
    else resolve()
  })
}
