/** The same run on several kernels, some guests at once. */

import { EXIT } from '../base/errors.js'
import { turns } from '../base/turns.js'
import type { Kernel } from '../kernels/kernel.js'
import { exitStatus, worstStatus } from '../model/verdict.js'
import { breaksFix, diffReports, type ReportDiff } from '../report/diff.js'
import { type GuestRoot, type GuestRunOptions, type KernelRun, runInGuest } from './run-in-guest.js'
import type { SelftestRun } from './selftests.js'

/** A kernel by the name that the user gave it, perhaps with another root than this machine's. */
export interface NamedKernel {
  readonly name: string
  readonly kernel: Kernel
  readonly root?: GuestRoot
}

/** How to run the matrix. */
export interface MatrixOptions extends Omit<GuestRunOptions, 'onLine' | 'root'> {
  /** Guests at once; each has one processor. */
  readonly jobs: number
  readonly onLine: (kernel: string, line: string) => void
  readonly onDone: (run: KernelRun) => Promise<void>
}

/** Runs every kernel; the results in the order of the kernels. */
export async function runMatrix(
  kernels: readonly NamedKernel[],
  { jobs, onLine, onDone, ...options }: MatrixOptions,
): Promise<KernelRun[]> {
  const inTurn = turns(jobs)
  return Promise.all(
    kernels.map(({ name, kernel, root }) =>
      inTurn(async () => {
        const run = await runInGuest(name, kernel, { ...options, root, onLine: line => onLine(name, line) })
        await onDone(run)
        return run
      }),
    ),
  )
}

/** The differences from each kernel to the next one that has a report. */
export function neighbourDiffs(runs: readonly KernelRun[]): ReportDiff[] {
  const reports = runs.flatMap(({ report }) => (report ? [report] : []))
  return reports.slice(1).flatMap((after, index) => {
    const before = reports[index]
    return before ? [diffReports(before, after)] : []
  })
}

/**
 * The exit status of a matrix: the worst of the kernels', and that of a failure where going from a kernel to its neighbour
 * breaks a user's fix. What the kernel's own tests find does not count, unless they cannot be run or read.
 */
export function matrixStatus(
  runs: readonly KernelRun[],
  selftests: readonly SelftestRun[],
  diffs: readonly ReportDiff[],
): number {
  return worstStatus([
    ...runs.map(({ report }) =>
      report ? exitStatus(report.scenarios.map(({ verdict }) => verdict)) : EXIT.error,
    ),
    ...selftests.flatMap(({ problem }) => (problem === undefined ? [] : [EXIT.error])),
    ...(diffs.some(breaksFix) ? [EXIT.failed] : []),
  ])
}

/**
 * The job matrix for GitHub Actions (`strategy.matrix: ${{ fromJSON(...) }}`): a job for each kernel, or for each of its `shards`,
 * with a name that files can have.
 */
export function jobMatrix(
  kernels: readonly string[],
  scenarios: readonly string[],
  { iptables, shards }: { readonly iptables?: string | undefined; readonly shards?: number | undefined } = {},
): { readonly include: readonly Readonly<Record<string, string>>[] } {
  const parts = shards === undefined ? [undefined] : Array.from({ length: shards }, (_, at) => at + 1)
  return {
    include: kernels.flatMap(kernel =>
      parts.map(part => ({
        kernel,
        name: `${fileName(kernel)}${part === undefined ? '' : `-${part}-of-${shards}`}`,
        scenarios: scenarios.join(' '),
        ...(iptables === undefined ? {} : { iptables }),
        ...(part === undefined ? {} : { shard: `${part}/${shards}` }),
      })),
    ),
  }
}

/** A kernel's name or path as the name of a file: `debian-6.1`. */
export function fileName(kernel: string): string {
  return kernel.replace(/[^\w.-]+/g, '-').replace(/^[-.]+/, '')
}
