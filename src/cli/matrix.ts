/** `lab matrix`. */
import { join } from 'node:path'
import { z } from 'zod'
import { EXIT, LabError } from '../base/errors.js'
import { requireTool } from '../base/tools.js'
import { findRelease } from '../distro/releases.js'
import { cacheRoot } from '../kernels/cache.js'
import { findInCatalogue } from '../kernels/catalogue.js'
import type { Kernel } from '../kernels/kernel.js'
import { resolveKernel } from '../kernels/resolve.js'
import { type BisectJudgement, bisectStep, EXPECTABLE, judgeRun } from '../matrix/bisect.js'
import { describeBad, describeRun } from '../matrix/describe.js'
import { runIntoFolder, selftestsIntoFolder } from '../matrix/folder.js'
import { jobMatrix, matrixStatus, type NamedKernel, neighbourDiffs } from '../matrix/matrix.js'
import { MatrixProgress } from '../matrix/progress.js'
import type { KernelRun } from '../matrix/run-in-guest.js'
import { describeSelftest, selftestsFolder } from '../matrix/selftests.js'
import { verdictTable } from '../matrix/table.js'
import { EVIDENCE_LEVELS } from '../model/evidence.js'
import { PERSISTENCE } from '../model/persistence.js'
import { absoluteWords, checkToggles, chooseScenarios, chooseShard } from '../plan/catalogue.js'
import { diffText } from '../report/diff-text.js'
import { fetchShown } from './fetch-shown.js'
import { SIGNALS } from './interruption.js'
import { releaseRoot } from './other-root.js'
import { withoutScenarios } from './words.js'

const optionsSchema = z.object({
  kernel: z.array(z.string()).default([]),
  distro: z.array(z.string()).default([]),
  modules: z.string().optional(),
  jobs: z.number().default(2),
  out: z.string().optional(),
  repeat: z.number().optional(),
  iptables: z.enum(['nft', 'legacy', 'both']).optional(),
  toggle: z.array(z.string()).default([]),
  evidence: z.enum(EVIDENCE_LEVELS).optional(),
  defaults: z.boolean().default(false),
  sysctl: z.array(z.string()).default([]),
  persist: z.enum([...PERSISTENCE, 'both']).optional(),
  accel: z.enum(['kvm', 'tcg']).optional(),
  offline: z.boolean().default(false),
  shard: z.string().optional(),
  plan: z.boolean().default(false),
  shards: z.number().optional(),
  selftests: z.string().optional(),
  bisect: z.boolean().default(false),
  expect: z.enum(EXPECTABLE).optional(),
})

type Options = z.infer<typeof optionsSchema>

/**
 * Runs `lab matrix`; resolves with the exit status, which is that of `matrixStatus`, or in a bisection that of its step.
 * Throws LabError for a kernel, a scenario or a folder of selftests that there is not, before any guest is started; in a
 * bisection that is a status, too.
 */
export async function matrix(given: readonly string[], rawOptions: object): Promise<number> {
  const { ids, ...options } = await sorted(given, optionsSchema.parse(rawOptions))
  return options.bisect ? bisectStep(() => judgeKernel(ids, options)) : compareKernels(ids, options)
}

/** Options that take several words take scenarios, too, that stand behind them: `--kernel debian:6.1 lan-dnat-without-snat`. */
async function sorted(
  given: readonly string[],
  options: Options,
): Promise<Options & { readonly ids: readonly string[] }> {
  const kernel = await withoutScenarios(options.kernel, given)
  const distro = await withoutScenarios(options.distro, kernel.ids)
  const toggle = await withoutScenarios(options.toggle, distro.ids)
  return {
    ...options,
    kernel: kernel.words,
    distro: distro.words,
    toggle: toggle.words,
    ids: await absoluteWords(toggle.ids),
  }
}

async function compareKernels(ids: readonly string[], options: Options): Promise<number> {
  const { kernel: names, distro, out = 'matrix' } = options
  checkToggles((await chooseShard(ids, options.shard)).scenarios, options.toggle)
  requireSomething(options)
  const repeated = [names, distro].flatMap(
    list => list.find((name, at) => list.indexOf(name) !== at) ?? [],
  )[0]
  if (repeated !== undefined)
    throw new LabError(
      `${repeated} is given twice`,
      'name each once; --repeat runs all of it again',
      EXIT.usage,
    )
  if (options.plan) {
    process.stdout.write(`${JSON.stringify(jobMatrix(names, ids, options))}\n`)
    return EXIT.ok
  }
  const tests = options.selftests === undefined ? undefined : selftestsFolder(options.selftests)
  const kernels = distro.length > 0 ? await findCells(options) : await findKernels(options)
  const runs = await runKernels(kernels, ids, options, out)
  const selftests = tests === undefined ? [] : await selftestsIntoFolder(kernels, tests, out, options.accel)
  if (selftests.length > 0) process.stdout.write('\n')
  for (const run of selftests) {
    const ours = runs.find(({ kernel }) => kernel === run.kernel)
    process.stdout.write(`${describeSelftest(run, ours?.report)}\n`)
  }
  const diffs = neighbourDiffs(runs)
  for (const diff of diffs) process.stdout.write(`\n${diffText(diff)}`)
  return matrixStatus(runs, selftests, diffs)
}

/** One commit's kernel, for `git bisect run`. */
async function judgeKernel(ids: readonly string[], options: Options): Promise<BisectJudgement> {
  const { expect } = options
  requireSomething(options)
  const { kernel: kernels } = options
  const [kernel = ''] = kernels
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
  checkToggles((await chooseScenarios(ids)).scenarios, options.toggle)
  // Not in the working directory: that is the source tree.
  const out = options.out ?? join(cacheRoot(), 'bisect')
  const found = await findKernels({ ...options, kernel: kernels })
  requireTool('qemu-system-x86_64', 'run a kernel')
  const [run] = await runKernels(found, ids, options, out)
  return judgeRun(run ?? { report: undefined, problem: undefined }, { chosen: ids.length > 0, expect })
}

/** Throws LabError where there is nothing to run on. */
function requireSomething({ kernel, distro }: Options): void {
  if (kernel.length + distro.length > 0) return
  throw new LabError(
    'neither a kernel nor a distribution is given',
    'lab matrix --kernel debian:6.1, or --distro debian:12; lab kernel list and lab distro list show more',
    EXIT.usage,
  )
}

/** What is given by its path is found first, so that a slip there costs no download; then what is not in the cache is fetched. */
async function findKernels({ kernel: names, modules, offline }: Options): Promise<NamedKernel[]> {
  const packaged = names.filter(name => name.startsWith('debian:'))
  packaged.forEach(findInCatalogue)
  const found = new Map<string, Kernel>()
  for (const name of names.filter(name => !packaged.includes(name)))
    found.set(name, await resolveKernel(name, modules === undefined ? {} : { modulesDir: modules }))
  for (const name of packaged) {
    if (!offline) await fetchShown(name)
    found.set(name, await resolveKernel(name))
  }
  return names.flatMap(name => {
    const kernel = found.get(name)
    return kernel ? [{ name, kernel }] : []
  })
}

/** Each release with its own kernel, or with each of the kernels that were given. */
async function findCells(options: Options): Promise<NamedKernel[]> {
  const { kernel: given, distro } = options
  const releases = await Promise.all(
    distro.map(async name => ({ release: findRelease(name), root: await releaseRoot(name) })),
  )
  const names = given.length > 0 ? given : [...new Set(releases.map(({ release }) => release.kernel))]
  const kernels = await findKernels({ ...options, kernel: names })
  return releases.flatMap(({ release, root }) =>
    kernels
      .filter(({ name }) => given.length > 0 || name === release.kernel)
      .map(({ name, kernel }) => ({
        name: given.length > 0 ? `${release.name} on ${name}` : release.name,
        kernel,
        root: { folder: root.root, argv: ['--distro', release.name] },
      })),
  )
}

const EVERY_MS = 1000

/** A line on standard error that says how far the guests are, where that is a terminal. */
function showProgress(kernels: readonly string[], scenarios: number) {
  const progress = new MatrixProgress(kernels, scenarios)
  const { stderr } = process
  const clear = () => stderr.isTTY && stderr.write('\r\x1b[K')
  const draw = () => {
    clear()
    stderr.write(progress.text(performance.now()).slice(0, (stderr.columns ?? 80) - 1))
  }
  const timer = stderr.isTTY ? setInterval(draw, EVERY_MS) : undefined
  return {
    line: (kernel: string, text: string) => progress.line(kernel, text, performance.now()),
    over(kernel: string) {
      progress.over(kernel)
      clear()
    },
    close() {
      clearInterval(timer)
      clear()
    },
  }
}

/** Runs scenarios on each kernel, and prints the table and what is bad; reports and consoles go into `out`. */
async function runKernels(
  kernels: readonly NamedKernel[],
  ids: readonly string[],
  { jobs, iptables, repeat, shard, accel, toggle, evidence, defaults, sysctl, persist, bisect }: Options,
  out: string,
): Promise<KernelRun[]> {
  let noted = false
  const { scenarios } = await chooseShard(ids, shard)
  const shown = showProgress(
    kernels.map(({ name }) => name),
    scenarios.length,
  )
  const interruption = new AbortController()
  const stop = (signal: NodeJS.Signals) => interruption.abort(signal)
  // A bisection has a status of its own for what ends it.
  if (!bisect) for (const signal of SIGNALS) process.on(signal, stop)
  const runs = await runIntoFolder(kernels, out, {
    signal: interruption.signal,
    onLine: shown.line,
    scenarios: ids,
    toggles: toggle,
    defaults,
    sysctl,
    jobs,
    ...(persist ? { persist } : {}),
    ...(evidence ? { evidence } : {}),
    ...(iptables ? { iptables } : {}),
    ...(repeat === undefined ? {} : { repeat }),
    ...(shard === undefined ? {} : { shard }),
    ...(accel ? { accel } : {}),
    onDone: run => {
      shown.over(run.kernel)
      if (run.accelNote !== undefined && !noted) process.stderr.write(`${run.accelNote}\n`)
      noted ||= run.accelNote !== undefined
      process.stderr.write(`${describeRun(run)}\n`)
    },
  })
    .catch((error: unknown) => {
      if (!interruption.signal.aborted) throw error
      throw new LabError(
        `ended by ${interruption.signal.reason}; every guest is gone`,
        `reports of kernels that were over by then are in ${out}`,
        EXIT.interrupted,
      )
    })
    .finally(() => {
      shown.close()
      for (const signal of SIGNALS) process.removeListener(signal, stop)
    })
  const columns = runs.map(({ kernel, report }) => ({ name: kernel, report }))
  process.stdout.write(`\n${verdictTable(columns)}`)
  for (const bad of describeBad(runs, out)) process.stdout.write(`\n${bad}\n`)
  return runs
}
