/** What is said of the runs of a matrix besides their table. */
import { seconds } from '../base/text.js'
import { isBad } from '../model/verdict.js'
import { consoleFile } from './folder.js'
import type { KernelRun } from './run-in-guest.js'

/** One kernel's run in a line: what it was, how long it took, and by what. */
export function describeRun({
  kernel,
  report,
  problem,
  attempts,
  accel,
  bootMs,
  elapsedMs,
}: KernelRun): string {
  const how = accel === 'kvm' ? 'KVM' : 'software emulation'
  const tries = attempts > 1 ? `, guest ${attempts}` : ''
  if (!report) return `${kernel}: no report after ${seconds(elapsedMs)}${tries}: ${problem}`
  return `${kernel}: ${report.kernel.package ?? report.kernel.version} in ${seconds(elapsedMs)} (boot ${seconds(bootMs)}, ${report.machine.slowness} times slower) by ${how}${tries}`
}

/** What is bad about the runs, one by one: kernels without a report, with where their consoles are, and bad verdicts. */
export function describeBad(runs: readonly KernelRun[], folder: string): string[] {
  return runs.flatMap(({ kernel, report, problem }) => [
    ...(problem === undefined
      ? []
      : [`error  ${kernel}: ${problem}\n       its console: ${consoleFile(folder, kernel)}`]),
    ...(report?.scenarios ?? [])
      .filter(({ verdict }) => isBad(verdict))
      .map(({ id, verdict, reason }) => `${verdict}  ${kernel} ${id}: ${reason}`),
  ])
}
