/** One kernel's part of the matrix: the same program, run in a guest with that kernel. */
import { dirname, join, resolve } from 'node:path'
import { describeError, LabError } from '../base/errors.js'
import { projectRoot } from '../base/root.js'
import { lastLines } from '../base/text.js'
import type { Accel } from '../guest/accel.js'
import { bootGuest } from '../guest/boot.js'
import { GuestError } from '../guest/error.js'
import { cacheRoot } from '../kernels/cache.js'
import type { Kernel } from '../kernels/kernel.js'
import type { EvidenceLevel } from '../model/evidence.js'
import type { Persistence } from '../model/persistence.js'
import { type Report, reportSchema } from '../model/report.js'
import { runtimeFiles } from './program.js'

/** Another root, as the lab's own command line in the guest finds it. */
export interface GuestRoot {
  /** The folder that is its `/`, on this machine and so in the guest. */
  readonly folder: string
  /** `--distro debian:13`, `--rootfs DIR`. */
  readonly argv: readonly string[]
}

/** What to run, and how. */
export interface GuestRunOptions {
  /** Ids of scenarios; all when empty. */
  readonly scenarios: readonly string[]
  /** Only the fixes that set one of these toggles; all when empty. */
  readonly toggles?: readonly string[]
  readonly iptables?: 'nft' | 'legacy' | 'both'
  readonly evidence?: EvidenceLevel
  readonly repeat?: number
  /** A part of them: `2/5`. */
  readonly shard?: string
  /** Whether nodes have the distribution's sysctls in place of the lab's, with these files of one's own. */
  readonly defaults?: boolean
  readonly sysctl?: readonly string[]
  /** Also saves and loads the rules of each fix. */
  readonly persist?: Persistence | 'both'
  /** Another root than this machine's to run in. */
  readonly root?: GuestRoot | undefined
  readonly accel?: Accel
  readonly signal?: AbortSignal
  /** Called with each line that the guest's console or the lab's progress prints. */
  readonly onLine?: (line: string) => void
}

/** What came of one kernel. */
export interface KernelRun {
  /** The name that the user gave. */
  readonly kernel: string
  readonly report: Report | undefined
  /** Why there is no report: of the lab or the guest, never of the kernel's networking. */
  readonly problem: string | undefined
  /** How many guests were started. */
  readonly attempts: number
  readonly accel: Accel | undefined
  /** Why KVM was not used. */
  readonly accelNote: string | undefined
  /** From the start of QEMU to the lab's, in milliseconds. */
  readonly bootMs: number
  /** With all guests, in milliseconds. */
  readonly elapsedMs: number
}

/**
 * Where the guest has the report until it is whole: in a folder that no root has, as a world has a /run to itself, and another
 * root only what is bound into it; not the port, which takes 32 KiB at a time and cannot be renamed to.
 */
const REPORT_FOLDER = '/netns-lab'
const REPORT = `${REPORT_FOLDER}/report.json`

/** Constant text with its arguments apart: the lab's command, whose report then goes out through the port. */
const SCRIPT = `mkdir -p ${REPORT_FOLDER}
"$@"
status=$?
[ ! -s ${REPORT} ] || cat ${REPORT} >"$NETNS_LAB_RESULT"
exit $status`

/** What a compiler makes is code that the emulator has to translate once more: interpreted, the lab takes a seventh less. */
const EMULATED = { NODE_OPTIONS: '--jitless' }

/** Lines of a run without a report that its problem quotes. */
const LAST_LINES = 5

/** How long a run may take in a guest, in milliseconds: some five times what it takes by emulation. */
const RUN_TIMEOUT_MS = 3_600_000

/**
 * Runs scenarios on a kernel. What happens to one guest is a problem in the result, not an error. Throws GuestError `aborted`.
 */
export async function runInGuest(name: string, kernel: Kernel, options: GuestRunOptions): Promise<KernelRun> {
  const started = performance.now()
  const root = projectRoot()
  let attempts = 0
  try {
    const result = await bootGuest({
      kernel,
      argv: ['sh', '-c', SCRIPT, 'sh', process.execPath, ...labCommand(root, options)],
      cwd: root,
      preload: await runtimeFiles(root),
      env: accel => ({
        ...(accel === 'tcg' ? EMULATED : {}),
        ...(options.root ? { XDG_CACHE_HOME: dirname(cacheRoot()) } : {}),
      }),
      ...(options.root ? { root: options.root.folder } : {}),
      cpus: 1,
      timeoutMs: RUN_TIMEOUT_MS,
      retryCrashes: true,
      ...(options.accel ? { accel: options.accel } : {}),
      ...(options.signal ? { signal: options.signal } : {}),
      onAttempt: attempt => {
        attempts = attempt
        options.onLine?.(`guest ${attempt}`)
      },
      onLine: line => options.onLine?.(line),
    })
    const { report, why } = readReport(result.result)
    const problem = report
      ? clockProblem(report, result.elapsedMs)
      : `the run ended with status ${result.exitCode} and ${why}: ${lastLines(result.output, LAST_LINES)}`
    return {
      kernel: name,
      report: report && problem === undefined ? withPackage(report, kernel) : undefined,
      problem,
      attempts: result.attempts,
      accel: result.accel,
      accelNote: result.accelNote,
      bootMs: result.bootMs,
      elapsedMs: result.elapsedMs,
    }
  } catch (error) {
    if (!(error instanceof LabError) || (error instanceof GuestError && error.code === 'aborted')) throw error
    return {
      kernel: name,
      report: undefined,
      problem: describeError(error),
      attempts,
      accel: options.accel,
      accelNote: undefined,
      bootMs: 0,
      elapsedMs: Math.round(performance.now() - started),
    }
  }
}

function labCommand(root: string, options: GuestRunOptions): string[] {
  return [
    join(root, 'dist/src/cli/main.js'),
    'run',
    ...options.scenarios,
    ...['--load-modules', '--keep-going', '--json', REPORT],
    ...(options.toggles?.length ? ['--toggle', ...options.toggles] : []),
    ...(options.iptables ? ['--iptables', options.iptables] : []),
    ...(options.evidence ? ['--evidence', options.evidence] : []),
    ...(options.persist ? ['--persist', options.persist] : []),
    ...(options.root?.argv ?? []),
    ...(options.defaults ? ['--defaults'] : []),
    ...(options.sysctl ?? []).flatMap(file => ['--sysctl', resolve(file)]),
    ...(options.repeat === undefined ? [] : ['--repeat', String(options.repeat)]),
    ...(options.shard === undefined ? [] : ['--shard', options.shard]),
  ]
}

/** Deadlines and TCP's own timers mean nothing where the guest's seconds are not ours. */
function clockProblem(report: Report, elapsedMs: number): string | undefined {
  if (report.elapsedMs <= elapsedMs) return undefined
  return `the guest's clock ran too fast: it counted ${report.elapsedMs} ms where ${elapsedMs} ms went by; run it again on a less busy machine`
}

/** The report that came through the port; or why that is none. */
function readReport(text: string): { readonly report?: Report; readonly why?: string } {
  if (text.trim() === '') return { why: 'no report' }
  let data: unknown
  try {
    data = JSON.parse(text)
  } catch {
    return { why: `a report that was cut off after ${text.length} characters` }
  }
  const { data: report, error } = reportSchema.safeParse(data)
  if (report) return { report }
  const [issue] = error.issues
  return { why: `a report that is none (${issue?.path.join('.')}: ${issue?.message})` }
}

/** A kernel that names no package in its banner may still have come from one. */
function withPackage(report: Report, { packageVersion }: Kernel): Report {
  if (packageVersion === undefined || report.kernel.package !== undefined) return report
  return { ...report, kernel: { ...report.kernel, package: packageVersion } }
}
