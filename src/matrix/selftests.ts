/** The kernel's own tests of the same failures, run in a guest, to stand beside what the lab found. */
import { existsSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { EXIT, LabError } from '../base/errors.js'
import type { Accel } from '../guest/accel.js'
import { bootGuest, type GuestResult } from '../guest/boot.js'
import { GuestError } from '../guest/error.js'
import { KernelError } from '../kernels/error.js'
import type { Report } from '../model/report.js'
import { countTests, type KernelTestCounts, readKtap } from '../report/ktap-reader.js'
import type { NamedKernel } from './matrix.js'

/** A kselftest of tools/testing/selftests/net, and the scenario that shows the same. */
interface Selftest {
  readonly script: string
  readonly args: readonly string[]
  /** modules that it uses and leaves to the kernel to load by itself, which a guest has no files for */
  readonly modules: readonly string[]
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
  /** the name that the user gave the kernel */
  readonly kernel: string
  /** the command line */
  readonly command: string
  /** id of the scenario that shows the same failure */
  readonly scenario: string
  readonly counts: KernelTestCounts | undefined
  /** what the kernel lacks for it, or the test says that it does */
  readonly skipped: string | undefined
  /** why there is no result: of the test or the guest, never of the kernel's networking */
  readonly problem: string | undefined
}

/** KSFT_SKIP of tools/testing/selftests/kselftest.h */
const KSFT_SKIP = 4

/** How long one script may take in a guest, in milliseconds: some twenty times what it takes by emulation. */
const TIMEOUT_MS = 180_000

/** The folder of the selftests, absolute. Throws LabError (usage) when it, or a script in it, is not there. */
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

/** Runs every kselftest that belongs to a scenario on a kernel. Never throws for what happens to one guest. */
export async function runSelftests(
  { name, kernel }: NamedKernel,
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
        onConsole: options.onLine,
        onOutput: text => {
          for (const line of text.split('\n')) if (line.trim() !== '') options.onLine(line)
        },
      })
      runs.push({ ...whole, ...judge(result) })
    } catch (error) {
      if (!(error instanceof GuestError || error instanceof KernelError)) throw error
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
  if (exitCode === KSFT_SKIP) return { ...nothing, skipped: lastLine(output) }
  try {
    const counts = countTests(readKtap(stdout))
    // A script under `set -e` ends in the middle, with the tests before that passed.
    if ((exitCode === 0) !== (counts.fail + counts.error === 0))
      return {
        ...nothing,
        problem: `it ended with status ${exitCode}, which its results do not explain: ${lastLine(output)}`,
      }
    return { ...nothing, counts }
  } catch (error) {
    if (!(error instanceof LabError)) throw error
    return { ...nothing, problem: `${error.message}; it ended with status ${exitCode}: ${lastLine(output)}` }
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

function lastLine(output: string): string {
  return output.trim().split('\n').at(-1)?.trim() || 'it printed nothing'
}
