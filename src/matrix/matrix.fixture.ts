/** Reports and runs for the tests of what is made of them. */
import { REPORT_SCHEMA, type Report, reportSchema } from '../model/report.js'
import { countVerdicts, type Verdict } from '../model/verdict.js'
import type { KernelRun } from './run-in-guest.js'

/** A report with a scenario for each verdict: `one`, `two` and so on. */
export function reportOf(version: string, ...verdicts: readonly Verdict[]): Report {
  return reportSchema.parse({
    schema: REPORT_SCHEMA,
    kernel: { release: `${version}-amd64`, version, package: `${version}-1` },
    machine: { cpus: 1, privilege: 'root', distribution: 'Debian', slowness: 1, tools: {} },
    started: '2026-11-21T00:00:00Z',
    elapsedMs: 1,
    summary: countVerdicts(verdicts),
    unavailable: [],
    scenarios: verdicts.map((verdict, index) => ({
      id: ['one', 'two', 'three'][index],
      title: 'title',
      verdict,
      reason: `the reason for ${verdict}`,
      elapsedMs: 1,
      trials: [],
    })),
  })
}

/** A run of a kernel that gave this report, or none. */
export function kernelRun(kernel: string, report: Report | undefined): KernelRun {
  return {
    kernel,
    report,
    problem: report ? undefined : 'it crashed',
    attempts: 1,
    accel: 'tcg',
    accelNote: undefined,
    bootMs: 1,
    elapsedMs: 1,
  }
}
