/** Verdicts, and what they count as: the one table that exit statuses, reporters, diffs and bisections go by. */
import { EXIT } from '../base/errors.js'

/** Verdicts of a trial and of a scenario, worst first. */
export const VERDICTS = [
  'error',
  'regressed',
  'unexpected-pass',
  'flaky',
  'skipped',
  'changed',
  'confirmed',
] as const
export type Verdict = (typeof VERDICTS)[number]

/** What a verdict counts as where there is a fixed set of results. Failures are the kernel's, errors the lab's. */
export type Result = 'pass' | 'skip' | 'fail' | 'error'

const RESULTS: Readonly<Record<Verdict, Result>> = {
  error: 'error',
  regressed: 'fail',
  'unexpected-pass': 'fail',
  flaky: 'fail',
  skipped: 'skip',
  changed: 'pass',
  confirmed: 'pass',
}

/** What a verdict counts as. */
export function resultOf(verdict: Verdict): Result {
  return RESULTS[verdict]
}

/** Whether something did not come out as it must: a failure of the kernel's, or an error of the lab's. */
export function isBad(verdict: Verdict): boolean {
  return RESULTS[verdict] === 'fail' || RESULTS[verdict] === 'error'
}

/** Orders verdicts, the worse one first. */
export function compareVerdicts(a: Verdict, b: Verdict): number {
  return VERDICTS.indexOf(a) - VERDICTS.indexOf(b)
}

/** The worst of some verdicts; undefined of none. */
export function worstVerdict(verdicts: readonly Verdict[]): Verdict | undefined {
  return [...verdicts].sort(compareVerdicts)[0]
}

/** How many times each verdict is there, those that are not with 0. */
export function countVerdicts(verdicts: readonly Verdict[]): Record<Verdict, number> {
  const count = (verdict: Verdict) => verdicts.filter(other => other === verdict).length
  return Object.fromEntries(VERDICTS.map(verdict => [verdict, count(verdict)])) as Record<Verdict, number>
}

/** The exit status that the verdicts of a run's scenarios stand for. */
export function exitStatus(verdicts: readonly Verdict[]): number {
  const results = new Set(verdicts.map(resultOf))
  if (results.has('error')) return EXIT.error
  if (results.has('fail')) return EXIT.failed
  return results.size > 0 && !results.has('pass') ? EXIT.allSkipped : EXIT.ok
}

/** The exit status that several runs have together: a broken lab before a failure, and nothing but skipped ones last. */
export function worstStatus(statuses: readonly number[]): number {
  const bad = [EXIT.error, EXIT.failed].find(status => statuses.includes(status))
  if (bad !== undefined) return bad
  return statuses.length > 0 && statuses.every(status => status === EXIT.allSkipped)
    ? EXIT.allSkipped
    : EXIT.ok
}

/** Who has a convention for exit statuses of a test. */
export const CONVENTIONS = ['lab', 'kselftest', 'autopkgtest'] as const
export type Convention = (typeof CONVENTIONS)[number]

/** KSFT_FAIL and KSFT_SKIP, tools/testing/selftests/kselftest.h. */
const KSFT = { fail: 1, skip: 4 }
/** `skippable`: README.package-tests.rst of autopkgtest. */
const AUTOPKGTEST_SKIP = 77

/** A status of the lab's as somebody else's convention has it. A usage error and an interrupted run stay what they are. */
export function statusFor(convention: Convention, status: number): number {
  if (convention === 'lab') return status
  const skipped = status === EXIT.allSkipped || status === EXIT.unavailable
  if (convention === 'autopkgtest') return skipped ? AUTOPKGTEST_SKIP : status
  return skipped ? KSFT.skip : status === EXIT.error ? KSFT.fail : status
}
