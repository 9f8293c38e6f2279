/** A whole run: which experiments there are, how many at once, and the report that comes of them. */
import { availableParallelism } from 'node:os'
import { performance } from 'node:perf_hooks'
import { describeError, EXIT } from '../base/errors.js'
import { randomNumbers, shuffled } from '../base/random.js'
import { checkCapabilities } from '../kernel/capabilities.js'
import { describeMachine } from '../kernel/machine.js'
import { Speed } from '../kernel/speed.js'
import type { RunEvent } from '../model/event.js'
import type { Report, ScenarioReport, TrialReport } from '../model/report.js'
import type { Scenario } from '../model/scenario.js'
import type { Verdict } from '../model/verdict.js'
import { VERDICTS } from '../model/verdict.js'
import { parseKernelVersion, runningKernel } from '../model/version.js'
import { type ExperimentPlan, type IptablesBackend, planScenario } from '../plan/plan.js'
import { typicalMs } from '../probes/index.js'
import type { IptablesCommands } from '../topology/compile.js'
import { startRunner } from '../world/aside.js'
import { type OnSurprise, runExperiment, trialReport } from './experiment.js'
import { judgeScenario } from './judge.js'
import { type EvidenceLevel, EvidenceRecorder } from './recorder.js'

/** How iptables is called for a backend; the machine's own `iptables` when it is that backend. */
interface BackendChoice {
  readonly backend: IptablesBackend
  readonly commands: IptablesCommands
}

export interface RunOptions {
  readonly scenarios: readonly Scenario[]
  readonly backends: readonly BackendChoice[]
  /** Only fixes that set one of these toggles; all when empty. */
  readonly toggles: readonly string[]
  /** Experiments at once; a multiple of the CPUs when left out, as most of their time is waiting. */
  readonly jobs?: number
  readonly repeat: number
  /** Shuffles the experiments, the same way for the same seed; in the order of their plans when left out. */
  readonly seed?: number
  readonly keepGoing: boolean
  readonly rootless: boolean
  /** Which sources of evidence to use; `basic` when left out. */
  readonly evidence?: EvidenceLevel
  /** A folder to keep the evidence in. */
  readonly out?: string
  readonly emit: (event: RunEvent) => void
  readonly signal: AbortSignal
  readonly onSurprise?: OnSurprise
}

/** Where a processor has nothing to wait for but protocols. A slow machine is busy with each of them. */
const JOBS_PER_CPU = { normal: 8, slow: 3 }
const SLOW = 2
/** What it takes for a daemon to be ready, roughly. */
const DAEMON_MS = 200

/** Runs scenarios on the running kernel, inside the world. Throws LabError for a malformed scenario, before anything runs. */
export async function run(options: RunOptions): Promise<Report> {
  const started = new Date()
  const begun = performance.now()
  const kernel = runningKernel()
  const version = parseKernelVersion(kernel.version) ?? { major: 0, minor: 0, patch: 0 }
  const machine = await describeMachine(options.rootless)
  startRunner()
  const planned = options.scenarios.map((scenario, scenarioIndex) => ({
    scenario,
    plans: options.backends.flatMap(({ backend, commands }, backendIndex) =>
      Array.from({ length: options.repeat }, (_, index) => index + 1).flatMap(repetition =>
        planScenario(scenario, {
          kernel: version,
          iptables: backend,
          commands,
          toggles: options.toggles,
          instance: `${scenarioIndex + 1}${backend === 'nft' ? 'n' : 'l'}${repetition}`,
        }).flatMap(plan => (plan.usesIptables || backendIndex === 0 ? [{ plan, repetition }] : [])),
      ),
    ),
  }))
  options.emit({
    type: 'run-start',
    kernel,
    machine,
    scenarios: planned.map(({ scenario, plans }) => ({
      id: scenario.id,
      title: scenario.title,
      trials: plans.reduce((sum, { plan }) => sum + trialsOf(plan), 0),
    })),
  })

  const unavailable = new Map<string, string>()
  const notice = (what: string, why: string) => {
    if (unavailable.has(what)) return
    unavailable.set(what, why)
    options.emit({ type: 'notice', what, why })
  }
  const speed = new Speed(machine.slowness)
  const recorder = new EvidenceRecorder({
    level: options.evidence ?? 'basic',
    ...(options.out === undefined ? {} : { out: options.out }),
    kernel: version,
    notice,
    signal: options.signal,
  })
  const missing = await checkCapabilities([
    ...new Set(planned.flatMap(({ plans }) => plans.flatMap(({ plan }) => plan.needs))),
  ])
  for (const { id, why } of missing.values()) notice(id, why)

  const inOrder = planned.flatMap(({ scenario, plans }) => plans.map(entry => ({ scenario, ...entry })))
  const queue =
    options.seed === undefined
      ? inOrder.sort((a, b) => typicalLength(b.plan) - typicalLength(a.plan))
      : shuffled(inOrder, randomNumbers(options.seed))
  const pending = new Map(planned.map(({ scenario, plans }) => [scenario.id, plans.length]))
  const reports = new Map<string, ScenarioReport>()
  const trials = new Map<string, TrialReport[]>(planned.map(({ scenario }) => [scenario.id, []]))
  const began = new Map<string, number>()

  const finish = (scenario: Scenario) => {
    const all = trials.get(scenario.id) ?? []
    const report: ScenarioReport = {
      id: scenario.id,
      title: scenario.title,
      ...judgeScenario(all),
      elapsedMs: Math.round(performance.now() - (began.get(scenario.id) ?? performance.now())),
      trials: all,
    }
    reports.set(scenario.id, report)
    options.emit({ type: 'scenario-end', scenario: report })
  }
  for (const { scenario, plans } of planned) if (plans.length === 0) finish(scenario)

  const working = pool(
    queue,
    options.jobs ?? availableParallelism() * JOBS_PER_CPU[machine.slowness < SLOW ? 'normal' : 'slow'],
    async ({ scenario, plan, repetition }) => {
      const own = trials.get(scenario.id) ?? []
      if (!began.has(scenario.id)) {
        began.set(scenario.id, performance.now())
        options.emit({ type: 'scenario-start', scenario: scenario.id })
      }
      const lacks = plan.needs.flatMap(id => missing.get(id) ?? [])
      const stopped = !options.keepGoing && own.some(({ ok }) => !ok)
      if (lacks[0]) own.push(...skippedTrials(plan, repetition, lacks.map(({ why }) => why).join('; ')))
      else if (!stopped)
        own.push(
          ...(await runExperiment(plan, {
            scenario,
            speed,
            recorder,
            repetition,
            emit: options.emit,
            keepGoing: options.keepGoing,
            signal: options.signal,
            ...(options.onSurprise ? { onSurprise: options.onSurprise } : {}),
          })),
        )
      const left = (pending.get(scenario.id) ?? 1) - 1
      pending.set(scenario.id, left)
      if (left === 0) finish(scenario)
    },
  )
  await working.finally(() => {
    recorder.close()
    speed.close()
  })

  const scenarios = planned.flatMap(({ scenario }) => reports.get(scenario.id) ?? [])
  const report: Report = {
    schema: 'netns-lab.report/1',
    kernel: { ...kernel },
    machine: { ...machine, slowest: speed.slowest },
    started: started.toISOString(),
    elapsedMs: Math.round(performance.now() - begun),
    ...(options.seed === undefined ? {} : { seed: options.seed }),
    summary: summarize(scenarios),
    unavailable: [...unavailable].map(([what, why]) => ({ what, why })),
    scenarios,
  }
  options.emit({ type: 'run-end', report })
  return report
}

/** How many scenarios came to each verdict. */
export function summarize(scenarios: readonly ScenarioReport[]): Record<Verdict, number> {
  const count = (verdict: Verdict) => scenarios.filter(scenario => scenario.verdict === verdict).length
  return Object.fromEntries(VERDICTS.map(verdict => [verdict, count(verdict)])) as Record<Verdict, number>
}

/** The exit status that a report stands for. */
export function exitCode(report: Report): number {
  const verdicts = new Set(report.scenarios.map(({ verdict }) => verdict))
  if (verdicts.has('error')) return EXIT.error
  if (verdicts.has('regressed') || verdicts.has('unexpected-pass') || verdicts.has('flaky'))
    return EXIT.failed
  return verdicts.size > 0 && [...verdicts].every(verdict => verdict === 'skipped')
    ? EXIT.allSkipped
    : EXIT.ok
}

function trialsOf(plan: ExperimentPlan): number {
  return plan.phases.reduce((sum, phase) => sum + phase.trials.length, 0)
}

/** Roughly how many milliseconds an experiment takes. The longest begin first, so that none is left alone at the end. */
function typicalLength(plan: ExperimentPlan): number {
  const trials = plan.phases.flatMap(phase => phase.trials)
  const daemons = plan.build.flat().filter(step => step.do === 'daemon')
  return trials.reduce(
    (sum, { spec, expectation }) => sum + typicalMs(spec, expectation.outcome),
    DAEMON_MS * daemons.length,
  )
}

function skippedTrials(plan: ExperimentPlan, repetition: number, why: string): TrialReport[] {
  return plan.phases.flatMap(phase =>
    phase.trials.map(trial =>
      trialReport(trial, phase, plan, repetition, {
        outcome: 'skipped',
        says: `not run: ${why}`,
        ok: true,
        verdict: 'skipped',
        why,
        evidence: [],
        elapsedMs: 0,
      }),
    ),
  )
}

/** Works off `entries`, at most `size` at once; those with the same `exclusive` one at a time. The first failure stops it. */
async function pool<E extends { readonly plan: ExperimentPlan }>(
  entries: readonly E[],
  size: number,
  work: (entry: E) => Promise<void>,
): Promise<void> {
  const waiting = [...entries]
  const held = new Set<string>()
  const running = new Set<Promise<void>>()
  let failure: { error: unknown } | undefined
  while ((waiting.length > 0 || running.size > 0) && !failure) {
    const at = waiting.findIndex(({ plan }) => plan.exclusive === undefined || !held.has(plan.exclusive))
    if (at < 0 || running.size >= size) {
      await Promise.race(running)
      continue
    }
    const [entry] = waiting.splice(at, 1)
    if (!entry) break
    const { exclusive } = entry.plan
    if (exclusive) held.add(exclusive)
    const task = work(entry)
      .catch((error: unknown) => {
        failure ??= { error }
      })
      .finally(() => {
        running.delete(task)
        if (exclusive) held.delete(exclusive)
      })
    running.add(task)
  }
  await Promise.all(running)
  if (failure) throw failure.error instanceof Error ? failure.error : new Error(describeError(failure.error))
}
