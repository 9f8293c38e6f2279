/** A whole run: which experiments there are, how many at once, and the report that comes of them. */
import { availableParallelism } from 'node:os'
import { performance } from 'node:perf_hooks'
import { LabError } from '../base/errors.js'
import { turns } from '../base/turns.js'
import { checkCapabilities } from '../kernel/capabilities.js'
import { describeMachine, TOO_SLOW } from '../kernel/machine.js'
import { machineChanges, machineState } from '../kernel/machine-state.js'
import { runningKernel, runningVersion } from '../kernel/running.js'
import { Speed } from '../kernel/speed.js'
import { Collector } from '../model/collect.js'
import type { Defaults } from '../model/defaults.js'
import type { RunEvent } from '../model/event.js'
import type { EvidenceLevel } from '../model/evidence.js'
import type { Persistence } from '../model/persistence.js'
import type { ExperimentPlan, IptablesBackend } from '../model/plan.js'
import type { Report, TrialReport } from '../model/report.js'
import type { Scenario } from '../model/scenario.js'
import type { IptablesCommands } from '../model/steps.js'
import { toolVersions } from '../model/tool-version.js'
import type { BrokenScenario } from '../plan/catalogue.js'
import { planScenario } from '../plan/plan.js'
import { startReader } from '../state/aside.js'
import { startRunner } from '../world/aside.js'
import { CloserLooks, type Look } from './closer-look.js'
import { type OnSurprise, runExperiment } from './experiment.js'
import { giveUp, Ledger, type Planned } from './ledger.js'
import { EvidenceRecorder } from './recorder.js'
import { type Entry, inOrder, pool, type Task } from './schedule.js'
import { storyOf } from './story.js'
import { expectNamespaces } from './topology-instance.js'
import { untriedTrials } from './untried.js'

/** How iptables is called for a backend; the machine's own `iptables` when it is that backend. */
interface BackendChoice {
  readonly backend: IptablesBackend
  readonly commands: IptablesCommands
}

export interface RunOptions {
  readonly scenarios: readonly Scenario[]
  /** Scenarios that cannot be run: each is an error in the report, and nobody else's. */
  readonly broken?: readonly BrokenScenario[]
  readonly backends: readonly BackendChoice[]
  /** Only fixes that set one of these toggles, or one to this setting (`NAME=SETTING`); all when empty. */
  readonly toggles: readonly string[]
  /** Also saves and loads the rules of each fix, in these ways. */
  readonly persist?: readonly Persistence[]
  /** A distribution's sysctls, in place of the lab's where a document does not name them. */
  readonly defaults?: Defaults
  /** Experiments at once; a multiple of the CPUs when left out, as most of their time is waiting. */
  readonly jobs?: number
  readonly repeat: number
  /** Shuffles the experiments, the same way for the same seed; in the order of their plans when left out. */
  readonly seed?: number
  /** Which part of a catalogue these scenarios are, for the report: `2/5`. */
  readonly shard?: string
  /** How often an experiment is tried that ends in error: twice when left out. */
  readonly tries?: 1 | 2
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

/**
 * Experiments at once for each CPU: where it has nothing to wait for but protocols, where it is busy with each of them, and
 * where something else keeps it from its work, so that a run gets slower and not wrong.
 */
const JOBS_PER_CPU = { idle: 24, slow: 3, late: 1 }
/** Topologies that are built at once for each CPU: as many as keep it busy. */
const BUILDING_PER_CPU = 2
const SLOW = 2
const LATE = 4

/**
 * Runs scenarios on the running kernel, inside the world. One that cannot be planned is an error in the report. Throws
 * LabError when the evidence cannot be kept, or a capability is not known.
 */
export async function run(options: RunOptions): Promise<Report> {
  const { broken = [] } = options
  const started = new Date().toISOString()
  const begun = performance.now()
  const kernel = runningKernel()
  const { defaults } = options
  const machine = { ...(await describeMachine(options.rootless)), ...(defaults ? { defaults } : {}) }
  startRunner()
  startReader()
  const planned = options.scenarios.map((scenario, index) =>
    machine.slowness > TOO_SLOW
      ? { scenario, entries: [], problem: tooSlow(machine.slowness) }
      : planOne(scenario, index, options, toolVersions(machine.tools)),
  )
  const collector = new Collector()
  let report: Report | undefined
  const emit = (event: RunEvent) => {
    report = collector.add(event).report
    options.emit(event)
  }
  emit({
    type: 'run-start',
    kernel: { ...kernel },
    machine,
    started,
    ...(options.seed === undefined ? {} : { seed: options.seed }),
    ...(options.shard === undefined ? {} : { shard: options.shard }),
    scenarios: [
      ...planned.map(({ scenario, entries }) => ({
        id: scenario.id,
        title: scenario.title,
        story: storyOf(scenario),
        trials: entries.reduce((sum, { plan }) => sum + trialsOf(plan), 0),
        experiments: entries.map(({ plan }) => plan.id),
      })),
      ...broken.map(({ id }) => ({ id: nameOf(id), title: id, trials: 0, experiments: [] })),
    ],
  })
  for (const { id, problem } of broken) giveUp(nameOf(id), problem, emit)

  const noticed = new Set<string>()
  const notice = (what: string, why: string) => {
    if (!noticed.has(what)) emit({ type: 'notice', what, why })
    noticed.add(what)
  }
  const speed = new Speed(machine.slowness)
  const recorder = new EvidenceRecorder({
    level: options.evidence ?? 'basic',
    ...(options.out === undefined ? {} : { out: options.out }),
    notice,
    signal: options.signal,
  })
  const needs = planned.flatMap(({ entries }) => entries.flatMap(({ plan }) => plan.needs))
  const missing = await checkCapabilities([...new Set(needs)])
  for (const { id, why } of missing.values()) notice(id, why)

  const machineBefore = machineState()
  const ledger = new Ledger(planned, emit)
  const context = {
    kernel: runningVersion(),
    speed,
    recorder,
    building: turns(availableParallelism() * BUILDING_PER_CPU),
    emit,
    keepGoing: options.keepGoing,
    signal: options.signal,
  }
  const entries = planned.flatMap(({ entries: own }) => own)
  expectNamespaces(entries.reduce((sum, { plan }) => sum + Object.keys(plan.netns).length, 0))
  const looks = new CloserLooks(context)
  // One bad answer of a busy machine is no verdict: where a trial ends in error, all of the experiment is tried once more, from
  // nothing, when the run has little else to do.
  const secondTries: Task[] = []
  const experiment = (entry: Entry, first?: readonly TrialReport[]): Task => ({
    plan: entry.plan,
    async work(more) {
      const { scenario, plan, repetition } = entry
      const own = ledger.begin(scenario)
      // Of what is bad already, nothing is to be proved.
      const take = (look: Look) => {
        if (own.some(({ ok }) => !ok)) return
        ledger.addLooks(scenario, 1)
        more(closerLook(look))
      }
      const lacks = plan.needs.flatMap(id => missing.get(id) ?? [])
      const stopped = !options.keepGoing && own.some(({ ok }) => !ok)
      if (lacks[0]) {
        const untried = untriedTrials(plan, repetition, lacks)
        for (const trial of untried)
          emit({ type: 'trial', scenario: scenario.id, experiment: plan.id, trial })
        own.push(...untried)
      } else if (stopped) own.push(...(first ?? []))
      else {
        const { onSurprise, tries = 2 } = options
        for (const look of looks.ahead(entry, options.evidence ?? 'basic')) take(look)
        if (first) emit({ type: 'experiment-again', scenario: plan.scenario, experiment: plan.id })
        let index = 0
        const trials = await runExperiment(first ? { ...entry.again('again'), id: plan.id } : plan, {
          ...context,
          ...{ scenario, repetition },
          emit(event) {
            emit(event)
            const look = event.type === 'trial' && looks.add(entry, index++, event.trial)
            if (look) take(look)
          },
          ...(onSurprise ? { onSurprise } : {}),
        })
        if (!first && tries > 1 && trials.some(({ verdict }) => verdict === 'error')) {
          secondTries.push(experiment(entry, trials))
          return
        }
        own.push(...trials)
      }
      if (ledger.isLast(scenario)) for (const look of looks.due(scenario)) take(look)
      ledger.end(scenario)
    },
  })
  const closerLook = (look: Look): Task => ({
    plan: look.entry.plan,
    async work() {
      if (await looks.settled(look)) ledger.endLook(look.entry.scenario)
    },
  })
  try {
    await pool(
      inOrder(entries, options.seed).map(entry => experiment(entry)),
      () => options.jobs ?? jobsNow(speed),
    )
    await pool(secondTries, () => Math.min(options.jobs ?? jobsNow(speed), availableParallelism()))
    for await (const { entry, trial } of looks.settle()) {
      const { scenario, plan } = entry
      const own = ledger.begin(scenario)
      if (trial && own.every(({ ok }) => ok)) {
        emit({ type: 'trial', scenario: scenario.id, experiment: plan.id, trial })
        own.push(trial)
      }
      ledger.endLook(scenario)
    }
  } finally {
    looks.close()
    recorder.close()
    speed.close()
  }
  const changed = machineChanges(machineBefore, machineState())
  emit({
    type: 'run-end',
    elapsedMs: Math.round(performance.now() - begun),
    slowest: speed.slowest,
    ...(changed.length > 0 ? { changed } : {}),
  })
  if (!report) throw new Error('the run came to no report')
  return report
}

/** Plans everything that is to be done with a scenario. */
function planOne(
  scenario: Scenario,
  index: number,
  options: RunOptions,
  tools: Readonly<Record<string, string>>,
): Planned {
  const repetitions = Array.from({ length: options.repeat }, (_, before) => before + 1)
  try {
    const entries = options.backends.flatMap(({ backend, commands }, backendIndex) =>
      repetitions.flatMap(repetition => {
        const plans = (suffix: string) =>
          planScenario(scenario, {
            kernel: runningVersion(),
            iptables: backend,
            commands,
            toggles: options.toggles,
            ...(options.persist ? { persist: options.persist } : {}),
            tools,
            ...(options.defaults ? { defaults: options.defaults } : {}),
            instance: `${index + 1}${backend === 'nft' ? 'n' : 'l'}${repetition}${suffix}`,
          })
        return plans('').flatMap((plan, at) =>
          plan.usesIptables || backendIndex === 0
            ? [{ scenario, plan, repetition, again: (suffix: string) => plans(suffix)[at] ?? plan }]
            : [],
        )
      }),
    )
    return { scenario, entries }
  } catch (problem) {
    if (!(problem instanceof LabError)) throw problem
    return { scenario, entries: [], problem }
  }
}

function tooSlow(slowness: number): LabError {
  return new LabError(
    `too slow: this machine takes ${Math.round(slowness)} times as long as the one that deadlines are made for`,
    'give it more of a processor, or run one guest at a time (--jobs 1)',
  )
}

/** How many experiments may run now. */
function jobsNow(speed: Speed): number {
  const lateness = speed.slowness() - speed.initial
  const pace = lateness > LATE ? 'late' : speed.initial + lateness < SLOW ? 'idle' : 'slow'
  return availableParallelism() * JOBS_PER_CPU[pace]
}

/** What a report calls a scenario that has no id of its own: a folder's name, or a path. */
function nameOf(id: string): string {
  return id.replace(/^[^A-Za-z0-9]+/, '').replace(/[^A-Za-z0-9._-]+/g, '-') || 'unnamed'
}

function trialsOf(plan: ExperimentPlan): number {
  return plan.phases.reduce((sum, phase) => sum + phase.trials.length, 0)
}
