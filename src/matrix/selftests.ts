/** The kernel's own tests of the same failures, run in a guest, to stand beside what the lab found. */
import { existsSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { EXIT, LabError } from '../base/errors.js'
import { lastLines } from '../base/text.js'
import type { Accel } from '../guest/accel.js'
import { bootGuest, type GuestResult } from '../guest/boot.js'
import type { Kernel } from '../kernels/kernel.js'
import type { Report } from '../model/report.js'
import { countTests, type KernelTestCounts, readKtap } from '../report/ktap-reader.js'

/** A kselftest of tools/testing/selftests/net, and the scenario that shows the same. */
interface Selftest {
  readonly script: string
  readonly args: readonly string[]
  /** Modules that it uses and leaves to the kernel to load by itself, which a guest has no files for. */
  readonly modules: readonly string[]
  /** The scenario's id. */
  readonly scenario: string
}

const SELFTESTS: readonly Selftest[] = [
  {
    script: 'fib_tests.sh',
    args: ['-t', 'rp_filter'],
    modules: ['dummy', 'veth', 'sch_fq_codel', 'sch_ingress', 'cls_basic', 'act_mirred'],
    scenario: 'rp-filter-loopback-redirect',
  },
]

/** What came of one kselftest on one kernel. */
export interface SelftestRun {
  /** The name that the user gave the kernel. */
  readonly kernel: string
  /** The command line. */
  readonly command: string
  /** Id of the scenario that shows the same failure. */
  readonly scenario: string
  readonly counts: KernelTestCounts | undefined
  /** What the kernel lacks for it, or the test says that it does. */
  readonly skipped: string | undefined
  /** Why there is no result: of the test or the guest, never of the kernel's networking. */
  readonly problem: string | undefined
}

/** The exit status of a test that was skipped, as in tools/testing/selftests/kselftest.h. */
const KSFT_SKIP = 4

/** How long one script may take in a guest, in milliseconds: some twenty times what it takes by emulation. */
const TIMEOUT_MS = 180_000

/** The folder of the selftests, absolute. Throws LabError (exit 2) when it, or a script in it, is not there. */
export function selftestsFolder(path: string): string {
  if (!existsSync(path))
    throw new LabError(
      `no such folder of selftests: ${path}`,
      'give tools/testing/selftests/net of a kernel’s source',
      EXIT.usage,
    )
  for (const { script } of SELFTESTS)
    if (!existsSync(join(path, script)))
      throw new LabError(
        `there is no ${script} in ${path}`,
        'give tools/testing/selftests/net of a kernel’s source',
        EXIT.usage,
      )
  return realpathSync(path)
}

/** Runs every kselftest that belongs to a scenario on a kernel. What happens to one guest is a problem in the result. */
export async function runSelftests(
  name: string,
  kernel: Kernel,
  folder: string,
  options: { readonly accel?: Accel; readonly onLine: (line: string) => void },
): Promise<SelftestRun[]> {
  const runs: SelftestRun[] = []
  for (const { script, args, modules, scenario } of SELFTESTS) {
    const library = join(folder, 'lib.sh')
    const whole = { kernel: name, command: [script, ...args].join(' '), scenario }
    try {
      const result = await bootGuest({
        kernel,
        argv: ['bash', join(folder, script), ...args],
        cwd: folder,
        modules,
        preload: [join(folder, script), ...(existsSync(library) ? [library] : [])],
        cpus: 1,
        timeoutMs: TIMEOUT_MS,
        retryCrashes: true,
        ...(options.accel ? { accel: options.accel } : {}),
        onLine: options.onLine,
      })
      runs.push({ ...whole, ...judge(result) })
    } catch (error) {
      if (!(error instanceof LabError)) throw error
      runs.push({ ...whole, counts: undefined, skipped: undefined, problem: error.message })
    }
  }
  return runs
}

function judge(result: GuestResult): Pick<SelftestRun, 'counts' | 'skipped' | 'problem'> {
  const { exitCode, stdout, output, missingModules } = result
  const nothing = { counts: undefined, skipped: undefined, problem: undefined }
  if (missingModules.length > 0)
    return { ...nothing, skipped: `the kernel has no ${missingModules.join(', ')}` }
  if (exitCode === KSFT_SKIP) return { ...nothing, skipped: lastLines(output) }
  try {
    const counts = countTests(readKtap(stdout))
    // A script under `set -e` ends in the middle, with the tests before that passed.
    if ((exitCode === 0) !== (counts.fail + counts.error === 0))
      return {
        ...nothing,
        problem: `it ended with status ${exitCode}, which its results do not explain: ${lastLines(output)}`,
      }
    return { ...nothing, counts }
  } catch (error) {
    if (!(error instanceof LabError)) throw error
    return { ...nothing, problem: `${error.message}; it ended with status ${exitCode}: ${lastLines(output)}` }
  }
}

/** One line: what the kselftest says, and what the lab's scenario says of the same kernel. */
export function describeSelftest(run: SelftestRun, report: Report | undefined): string {
  const { kernel, command, scenario, counts, skipped, problem } = run
  const ours = report?.scenarios.find(({ id }) => id === scenario)?.verdict ?? 'not run'
  return `${kernel}: kselftest ${command}: ${problem === undefined ? said(counts, skipped) : `error: ${problem}`}; our ${scenario}: ${ours}`
}

function said(counts: KernelTestCounts | undefined, skipped: string | undefined): string {
  if (!counts) return `skipped: ${skipped}`
  const { pass, fail, skip, xfail, error } = counts
  const rest = { skipped: skip, 'failed as known': xfail, 'could not run': error }
  const others = Object.entries(rest).filter(([, count]) => count > 0)
  return [`${pass} passed`, `${fail} failed`, ...others.map(([word, count]) => `${count} ${word}`)].join(', ')
}
