/**
 * What a kernel's run means to `git bisect run`. git takes the status 0 for good, 125 for "skip this commit", every other
 * one up to 127 for bad, and ends the bisection at 128 and more (git-bisect(1)). So nothing but a judged run may end
 * with 1: not a slip in an option, not a crash of the lab.
 */
import { describeError } from '../base/errors.js'
import { KernelBuildError, type KernelBuildErrorCode } from '../kernels/build/error.js'
import { KernelError, type KernelErrorCode } from '../kernels/error.js'
import type { Report } from '../model/report.js'
import { resultOf, type Verdict } from '../model/verdict.js'

/** The exit statuses that a process in a bisection may have. */
export const BISECT = {
  good: 0,
  bad: 1,
  /** Of this commit nothing is known: git tries another one near it. */
  cannotTell: 125,
  /** It would be the same with every commit: git stops, and goes on where it was when it is run again. */
  stop: 128,
} as const

/** What a bisection is told of one commit, and why. */
export interface BisectJudgement {
  readonly status: (typeof BISECT)[keyof typeof BISECT]
  readonly why: string
}

/** Verdicts that can be asked for: `error` and `skipped` say nothing about a kernel. */
export const EXPECTABLE = ['confirmed', 'changed', 'regressed', 'unexpected-pass', 'flaky'] as const

/** What the one run of a bisection came to: a report, or the reason why there is none. */
interface Run {
  readonly report: Report | undefined
  readonly problem: string | undefined
}

/** By what a run is judged. */
interface Measure {
  /** Whether the user chose the scenarios: then each of them has to have run. */
  readonly chosen: boolean
  /** Good is what has this verdict, and bad what has another; without it, bad is what `lab run` ends with 1 for. */
  readonly expect?: (typeof EXPECTABLE)[number] | undefined
}

/** Judges a run. An error in one scenario makes all of them doubtful, as it does for the status of `lab run`. */
export function judgeRun({ report, problem }: Run, { chosen, expect }: Measure): BisectJudgement {
  if (!report) return { status: BISECT.cannotTell, why: problem ?? 'the guest gave no report' }
  const { scenarios } = report
  const first = (is: (verdict: Verdict) => boolean) => scenarios.find(({ verdict }) => is(verdict))
  const says = (status: BisectJudgement['status'], scenario: Report['scenarios'][number]) => ({
    status,
    why: `${scenario.id} is ${scenario.verdict}${expect && expect !== scenario.verdict ? `, not ${expect}` : ''}: ${scenario.reason}`,
  })
  const broken = first(verdict => resultOf(verdict) === 'error')
  if (broken) return says(BISECT.cannotTell, broken)
  const skipped = first(verdict => resultOf(verdict) === 'skip')
  if (!skipped && scenarios.length === 0) return { status: BISECT.cannotTell, why: 'no scenario was run' }

  // A trial that came out both ways is not yet the kernel that another verdict is asked of.
  const unsure = expect && expect !== 'flaky' ? first(verdict => verdict === 'flaky') : undefined
  const bad = first(verdict =>
    expect ? ![expect, 'skipped', 'flaky'].includes(verdict) : resultOf(verdict) === 'fail',
  )
  if (bad) return says(BISECT.bad, bad)
  if (unsure) return says(BISECT.cannotTell, unsure)
  if (skipped && (chosen || scenarios.every(({ verdict }) => verdict === 'skipped')))
    return says(BISECT.cannotTell, skipped)
  const left = scenarios.flatMap(({ trials }) => trials).filter(({ verdict }) => verdict === 'skipped').length
  return {
    status: BISECT.good,
    why: `${scenarios.map(({ id, verdict }) => `${id} is ${verdict}`).join(', ')}${left > 0 ? ` (trials skipped: ${left})` : ''}`,
  }
}

/** What is the matter with this one commit's kernel; with all else the machine or the command line is at fault. */
const OF_THE_COMMIT: ReadonlySet<string> = new Set<KernelBuildErrorCode | KernelErrorCode>([
  'patch',
  'config',
  'compile',
  'unknown-kernel',
  'bad-image',
  'wrong-architecture',
  'missing-modules',
  'release-mismatch',
])

/** Judges what kept a kernel from being built or run. */
export function judgeError(error: unknown): BisectJudgement {
  const ours = error instanceof KernelBuildError || error instanceof KernelError
  const status = ours && OF_THE_COMMIT.has(error.code) ? BISECT.cannotTell : BISECT.stop
  return { status, why: describeError(error) }
}

const WORDS: Readonly<Record<BisectJudgement['status'], string>> = {
  [BISECT.good]: 'good',
  [BISECT.bad]: 'bad',
  [BISECT.cannotTell]: 'cannot tell',
  [BISECT.stop]: 'stopped',
}

let decided: number = BISECT.stop

/**
 * Does one step of a bisection and prints its judgement to standard error; resolves with the status, which `guardExit`
 * then lets through. The step's judgement is undefined where there is nothing against the next step (a kernel was built);
 * what it throws is judged, too.
 */
export async function bisectStep(step: () => Promise<BisectJudgement | undefined>): Promise<number> {
  const judgement = await step().catch(judgeError)
  if (judgement) process.stderr.write(`bisect: ${WORDS[judgement.status]}: ${judgement.why}\n`)
  decided = judgement?.status ?? BISECT.good
  return decided
}

/**
 * Makes this process end with what `bisectStep` decided, and with `stop` where it did not come to that: node's own
 * status for an error that nobody caught is 1, and ours for a wrong option 2, and git would take both for "bad".
 */
export function guardExit(): void {
  process.on('exit', () => {
    process.exitCode = decided
  })
}
