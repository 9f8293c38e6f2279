/// <reference types="node" preserve="true" />
/**
 * netns-lab as a library: what a scenario of one's own is written with, and a way to run it.
 *
 *     import { defineScenario, hairpinMode, run } from 'netns-lab'
 *
 *     const report = await run([new URL('./my-bug/scenario.ts', import.meta.url)])
 */

import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { EXIT, LabError } from './base/errors.js'
import { Collector } from './model/collect.js'
import type { TimedEvent } from './model/event.js'
import type { EvidenceLevel } from './model/evidence.js'
import { type Report, reportSchema } from './model/report.js'

export { LabError } from './base/errors.js'
export * from './evidence/registry.js'
export * from './kernel/changes.js'
export * from './kernel/drop-reasons.js'
export type { KernelChange } from './model/change.js'
export type { Claim } from './model/configuration.js'
export type { TimedEvent } from './model/event.js'
export type { EvidenceLevel, Mechanism, Proof } from './model/evidence.js'
export * from './model/fields.js'
export {
  attack,
  type ProbeContext,
  type ProbeKind,
  type ProbeResult,
  type ProbeSpec,
  probeKind,
} from './model/probe.js'
export { type Report, reportSchema, type ScenarioReport, type TrialReport } from './model/report.js'
export type { ExpectationDefinition, ScenarioDefinition } from './model/scenario.js'
export { type RunStep, run as runStep, type Step, writeSysctls } from './model/steps.js'
export type { Toggle, ToggleContext } from './model/toggle.js'
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
  /** Only the fixes that set one of these toggles, or one to this setting (`NAME=SETTING`). */
  readonly toggles?: readonly string[]
  readonly evidence?: EvidenceLevel
  /** A folder that everything of the run is kept in. */
  readonly out?: string
  /** Ends the run when it aborts; nothing of it is left. */
  readonly signal?: AbortSignal
  /** Is told everything that happens, as it does. What it throws ends the run. */
  readonly onEvent?: (event: TimedEvent) => void
}

/**
 * Runs scenarios, by id, by path, or by the URL of a module, in a world of their own: a process in private namespaces, of
 * which nothing is left afterwards. Resolves with the report, whatever the verdicts. Throws LabError when there is none; its
 * `exitCode` is 130 where `signal` ended it.
 */
export async function run(scenarios: readonly (string | URL)[], settings: RunSettings = {}): Promise<Report> {
  const main = fileURLToPath(new URL('./cli/main.js', import.meta.url))
  const { iptables, rootless, repeat, toggles, evidence, out, signal, onEvent } = settings
  const args = [
    'run',
    ...scenarios.map(scenario => (scenario instanceof URL ? scenario.href : scenario)),
    ...['--keep-going', '--reporter', 'events'],
    ...(toggles ?? []).flatMap(toggle => [`--toggle=${toggle}`]),
    ...(iptables ? ['--iptables', iptables] : []),
    ...(rootless ? ['--rootless'] : []),
    ...(repeat ? ['--repeat', String(repeat)] : []),
    ...(evidence ? ['--evidence', evidence] : []),
    ...(out === undefined ? [] : ['--out', out]),
  ]
  signal?.throwIfAborted()
  // Scenarios import this file, and do not call this.
  const { execa } = await import('execa')
  const child = execa(process.execPath, [main, ...args], {
    stdin: 'ignore',
    reject: false,
    buffer: { stdout: false },
    // The lab takes the signal for itself, and takes everything away.
    ...(signal ? { cancelSignal: signal } : {}),
  })
  const collector = new Collector()
  let report: Report | undefined
  for await (const line of createInterface({ input: child.stdout })) {
    const event = JSON.parse(line) as TimedEvent
    report = collector.add(event).report ?? report
    try {
      onEvent?.(event)
    } catch (error) {
      child.kill()
      throw error
    }
  }
  const { stderr, exitCode, isCanceled } = await child
  if (isCanceled) throw new LabError('the run was ended by its signal', '', EXIT.interrupted)
  if (!report) throw new LabError(`the run gave no report: ${stderr.trim()}`, '', exitCode)
  return reportSchema.parse(report)
}
