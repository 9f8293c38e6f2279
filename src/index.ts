/**
 * netns-lab as a library: what a scenario of one's own is written with, and a way to run it.
 *
 *     import { defineScenario, hairpinMode, run } from 'netns-lab'
 *
 *     const report = await run([new URL('./my-scenario.js', import.meta.url)])
 */
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { LabError } from './base/errors.js'
import { type Report, reportSchema } from './model/report.js'

export { LabError } from './base/errors.js'
export * from './evidence/registry.js'
export * from './kernel/changes.js'
export * from './kernel/drop-reasons.js'
export type { KernelChange } from './model/change.js'
export type { Mechanism, Proof } from './model/evidence.js'
export { attack, type ProbeSpec } from './model/probe.js'
export { type Report, reportSchema, type ScenarioReport, type TrialReport } from './model/report.js'
export type { ExpectationDefinition, ScenarioDefinition } from './model/scenario.js'
export { run as runStep, type Step, writeSysctls } from './model/steps.js'
export type { Toggle } from './model/toggle.js'
export type { TopologyDefinition } from './model/topology.js'
export type { Verdict } from './model/verdict.js'
export { defineScenario } from './plan/define.js'
export * from './probes/registry.js'
export * from './toggles/registry.js'
export { deviceToggle, ruleToggle, startingWith, sysctlToggle, together } from './toggles/toggle.js'

/** How a run from a program is to be; the defaults are those of `lab run`. */
export interface RunSettings {
  readonly iptables?: 'nft' | 'legacy' | 'both'
  /** Use a user namespace even as root. */
  readonly rootless?: boolean
  readonly repeat?: number
}

/**
 * Runs scenarios, by id or by the URL of a compiled module, in a world of their own: a process in private namespaces, of
 * which nothing is left afterwards. Resolves with the report, whatever the verdicts. Throws LabError when there is none.
 */
export async function run(scenarios: readonly (string | URL)[], settings: RunSettings = {}): Promise<Report> {
  const main = fileURLToPath(new URL('./cli/main.js', import.meta.url))
  const args = [
    'run',
    ...scenarios.map(scenario => (scenario instanceof URL ? scenario.href : scenario)),
    ...['--keep-going', '--json', '-'],
    ...(settings.iptables ? ['--iptables', settings.iptables] : []),
    ...(settings.rootless ? ['--rootless'] : []),
    ...(settings.repeat ? ['--repeat', String(settings.repeat)] : []),
  ]
  const { stdout, stderr, exitCode } = await execa(process.execPath, [main, ...args], {
    stdin: 'ignore',
    reject: false,
  })
  if (!stdout.startsWith('{')) throw new LabError(`the run gave no report: ${stderr.trim()}`, '', exitCode)
  return reportSchema.parse(JSON.parse(stdout))
}
