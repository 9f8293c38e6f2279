/** Executes one experiment plan: builds its topology, goes through its phases, and judges every trial. */
import { setTimeout as delay } from 'node:timers/promises'
import { describeError } from '../base/errors.js'
import type { Turns } from '../base/turns.js'
import { clearest, happenings, type MechanismWatch, placeOfLoss, watchMechanism } from '../evidence/index.js'
import { momentary } from '../evidence/momentary.js'
import { describeState } from '../evidence/state.js'
import type { Speed } from '../kernel/speed.js'
import type { ConfigurationChange } from '../model/configuration.js'
import type { RunEvent } from '../model/event.js'
import type { EvidenceContext } from '../model/evidence.js'
import type { ExperimentPlan, PhasePlan, TrialPlan } from '../model/plan.js'
import type { ProbeResult } from '../model/probe.js'
import type { PhaseReport, TrialReport } from '../model/report.js'
import type { Scenario } from '../model/scenario.js'
import { isBad } from '../model/verdict.js'
import type { KernelVersion } from '../model/version.js'
import { probeOf } from '../probes/index.js'
import { watchWay } from '../way/measure.js'
import { ConfigurationWatch, describeChange } from './configuration.js'
import { type Judgement, judgeTrial, type MechanismFindings, untriggered } from './judge.js'
import type { ExperimentRecorder, ExperimentRecorders } from './recorder.js'
import { savedChanges } from './saved-rules.js'
import { TopologyInstance } from './topology-instance.js'

/** An answer that takes longer than this, on a machine of normal speed, counts as lost. */
const DEADLINE_MS = 1500
/** Evidence of a loss must hold for this long before a probe is ended by it. */
const SETTLE_MS = 20

/** Gets the topology in which a trial surprised; the experiment goes on when it resolves. */
export type OnSurprise = (topology: TopologyInstance, trial: TrialReport, node: string) => Promise<void>

/** What an experiment shares with the others of its run. */
export interface ExperimentContext {
  readonly scenario: Scenario
  readonly kernel: KernelVersion
  readonly speed: Speed
  readonly recorder: ExperimentRecorders
  readonly repetition: number
  /** Has topologies built a few at a time, so that those that come first have their time for themselves. */
  readonly building: Turns
  readonly emit: (event: RunEvent) => void
  /** Whether to go on after a trial that did not come out as it must. */
  readonly keepGoing: boolean
  readonly signal: AbortSignal
  /** Called with the topology as it stands after a trial that did not come out as it must, and the probe's node. */
  readonly onSurprise?: OnSurprise
}

/** Runs an experiment; its trials, judged. A broken lab is a trial with verdict `error`: this throws only for a bug. */
export async function runExperiment(
  plan: ExperimentPlan,
  context: ExperimentContext,
): Promise<TrialReport[]> {
  const { scenario, emit } = context
  const where = { scenario: plan.scenario, experiment: plan.id }
  emit({ type: 'experiment-start', ...where, title: plan.title })
  const topology = new TopologyInstance(
    plan,
    () => context.speed.slowness(),
    (command, why) => emit({ type: 'command', ...where, why, command }),
  )
  const trials: TrialReport[] = []
  const record = (trial: TrialReport) => {
    trials.push(trial)
    emit({ type: 'trial', ...where, trial })
  }
  let phase = plan.phases[0]
  let running: TrialPlan | undefined
  let recorder: ExperimentRecorder | undefined
  let watch: ConfigurationWatch | undefined
  try {
    await context.building(() => topology.build())
    watch = new ConfigurationWatch(
      plan,
      node => topology.netns(node),
      async (node, argv) => (await topology.exec(node, argv, 'read back the rules')).stdout,
    )
    await watch.begin()
    recorder = context.recorder.experiment(plan, node => topology.netns(node))
    for (phase of plan.phases) {
      emit({ type: 'phase-start', ...where, phase: phase.phase })
      await topology.performAll(phase.change)
      const changes = [...(await watch.enter(phase)), ...savedChanges(phase, plan, topology.saved)]
      // What only leads to another phase is told where there are trials in it.
      if (phase.trials.length > 0)
        emit({ type: 'phase-set', ...where, phase: phaseReport(phase, plan, context.repetition, changes) })
      for (running of phase.trials) {
        context.signal.throwIfAborted()
        const trial = undisturbed(
          untriggered(
            await runTrial(running, phase, topology, scenario, context, recorder, watch, changes),
            trials,
          ),
          await watch.changes(phase === plan.phases.at(-1) && running === phase.trials.at(-1)),
          watch,
        )
        record(trial)
        const bad = isBad(trial.verdict)
        if (bad) await context.onSurprise?.(topology, trial, probeOf(running.spec).from)
        if (bad && (phase.phase === 'control' || !context.keepGoing)) return trials
      }
      running = undefined
    }
  } catch (error) {
    if (context.signal.aborted) throw error
    // A phase that only leads to another one has none of its own.
    const trial = running ?? phase?.trials[0] ?? plan.phases.at(-1)?.trials[0]
    if (!phase || !trial) throw error
    record(
      trialReport(trial, phase, plan, context.repetition, {
        outcome: 'error',
        says: describeError(error),
        ok: false,
        verdict: 'error',
        why: `the lab could not do it: ${describeError(error)}`,
        evidence: [],
        elapsedMs: 0,
      }),
    )
  } finally {
    recorder?.close()
    watch?.close()
    await topology.destroy().catch((error: unknown) => {
      emit({ type: 'notice', what: `taking down ${plan.scenario}`, why: describeError(error) })
    })
    emit({ type: 'experiment-end', ...where })
  }
  return trials
}

/** What a phase changed, as reports have it. */
function phaseReport(
  { phase, fix, persisted }: PhasePlan,
  { title, iptables }: ExperimentPlan,
  repetition: number,
  changes: readonly ConfigurationChange[],
): PhaseReport {
  return {
    experiment: title,
    phase,
    iptables,
    repetition,
    ...(fix ? { fix: { ...fix } } : {}),
    ...(persisted ? { persisted } : {}),
    changes: changes.map(change => ({ ...change })),
  }
}

/** A trial during which somebody changed the configuration says nothing about the kernel. */
function undisturbed(
  trial: TrialReport,
  changes: readonly ConfigurationChange[],
  watch: ConfigurationWatch,
): TrialReport {
  if (changes.length === 0) return trial
  const last = watch.setBy.join(', ')
  return {
    ...trial,
    ok: false,
    verdict: 'error',
    why: `the configuration changed while the probe ran: ${changes.map(describeChange).join('; ')}${last ? ` (what was set last was set by ${last})` : ''}`,
  }
}

type Came = Pick<
  TrialReport,
  | 'outcome'
  | 'says'
  | 'answeredBy'
  | 'serverSaw'
  | 'measured'
  | 'ok'
  | 'verdict'
  | 'why'
  | 'mechanism'
  | 'cause'
  | 'way'
  | 'evidence'
  | 'elapsedMs'
>

/** A trial's report: what was planned, with what came of it. */
export function trialReport(
  { probe, spec, settings, expectation }: TrialPlan,
  { phase, fix, persisted }: PhasePlan,
  { title, iptables }: ExperimentPlan,
  repetition: number,
  came: Came,
): TrialReport {
  return {
    experiment: title,
    phase,
    probe,
    iptables,
    toggles: { ...settings },
    ...(fix ? { fix: { ...fix } } : {}),
    ...(persisted ? { persisted } : {}),
    ...(spec.attack ? { attack: true } : {}),
    expected: expectation.outcome,
    ...keyedBy(expectation),
    ...(expectation.tools ? { tools: { ...expectation.tools } } : {}),
    repetition,
    ...came,
  }
}

function keyedBy({ kernel }: TrialPlan['expectation']): Pick<TrialReport, 'change'> {
  if (!kernel) return {}
  const has = 'has' in kernel
  const { backports, reverts, ...change } = has ? kernel.has : kernel.lacks
  return {
    change: {
      ...change,
      ...(backports ? { backports: [...backports] } : {}),
      ...(reverts ? { reverts: reverts.map(revert => ({ ...revert })) } : {}),
      has,
    },
  }
}

async function runTrial(
  trial: TrialPlan,
  phase: PhasePlan,
  topology: TopologyInstance,
  scenario: Scenario,
  { kernel, speed, repetition }: ExperimentContext,
  recorder: ExperimentRecorder,
  configuration: ConfigurationWatch,
  changes: readonly ConfigurationChange[],
): Promise<TrialReport> {
  const { plan } = topology
  const counting = momentary<string, ReturnType<ConfigurationWatch['counts']>>()
  const running = momentary<string, ReturnType<EvidenceContext['exec']>>()
  const evidence: EvidenceContext = {
    netns: node => topology.netns(node),
    exec: (node, argv) =>
      running(JSON.stringify([node, argv]), () => topology.exec(node, argv, 'collect evidence')),
    iptables: plan.commands,
    chainCounts: node => configuration.chainCounts(node),
    ruleCounts: node => counting(node, () => configuration.counts(node)),
    hasRule: (node, set, table, text) =>
      // What nft has loaded, iptables-save need not have words for.
      phase.persisted === undefined &&
      set !== 'otherIptables' &&
      (scenario.topology.nodes[node]?.[set]?.[table]?.some(rule => rule.includes(text)) ?? false),
    mac: (node, device) => plan.macs[`${node}:${device}`] ?? '',
    index: (node, device) => (device === 'lo' ? 1 : (plan.indexes[`${node}:${device}`] ?? 0)),
    view: recorder.view,
    kernel,
    result: () => result,
  }
  let result: ProbeResult | undefined
  const started = performance.now()
  recorder.startTrial(nameTrialPlan(trial, phase))
  const watched = await Promise.all(
    trial.mechanisms.flatMap(id => {
      const whole = scenario.mechanisms[id]
      const mechanism = whole && recorder.watched(whole)
      return mechanism ? [watchMechanism(mechanism, evidence).then(watch => ({ id, mechanism, watch }))] : []
    }),
  )
  await topology.performAll(trial.prepare)
  const ended = new AbortController()
  const lost = new AbortController()
  // What reaches its end is lost nowhere; of an attack, there is nothing left to wait for once it has been refused.
  const { outcome, mechanism: why, refusedBy } = trial.expectation
  const loss = trial.spec.attack ? refusedBy : outcome === 'fails' ? why : undefined
  const expected = watched.find(({ id }) => id === loss)
  const watching = expected ? endByEvidence(expected.watch, lost, ended.signal, speed) : undefined
  // That it failed is told once the probe has ended, for which there is nothing left to wait then.
  watching?.catch(() => lost.abort())
  const probe = probeOf(trial.spec)
  const wayOf = watchWay(probe, scenario.topology, evidence)
  const probing = probe
    .run({
      ...topology.probeContext,
      deadlineMs: DEADLINE_MS * speed.slowness(),
      lost: lost.signal,
    })
    .finally(() => ended.abort())
  // Neither may go on alone when the other one fails: the topology is taken down under it then.
  await Promise.allSettled([probing, watching])
  const came = await probing
  result = came
  await watching
  const found: MechanismFindings[] = await Promise.all(
    watched.map(async ({ id, mechanism, watch }) => ({ id, mechanism, findings: await watch.look() })),
  )
  if (recorder.keep)
    recorder.keep(
      stateFile(trial, phase, plan),
      `# ${nameTrialPlan(trial, phase)}\n${changes.map(change => `# ${describeChange(change)}\n`).join('')}${await describeState(scenario.topology, evidence)}`,
    )
  const judgement = withoutRules(judgeTrial(trial, phase.phase, came, found), came, topology)
  const shown = found
    .filter(({ id }) => judgement.mechanism === undefined || id === judgement.mechanism)
    .flatMap(({ findings }) => findings)
  // What stayed away is a cause only beside what happened.
  const telling =
    judgement.mechanism === undefined
      ? found.flatMap(({ mechanism, findings }) => happenings(mechanism, findings))
      : shown
  const cause = came.outcome === 'fails' ? clearest(telling) : undefined
  // Of an attack, what works is that it was refused.
  const proved = judgement.mechanism === undefined ? undefined : scenario.mechanisms[judgement.mechanism]
  const way = wayOf({
    lost: came.outcome === (probe.attack ? 'works' : 'fails'),
    at: proved && placeOfLoss(proved),
    arrived: (came.outcome === 'works') !== probe.attack || (came.arrived ?? came.serverSaw !== undefined),
  })
  return trialReport(trial, phase, plan, repetition, {
    outcome: came.outcome,
    says: came.says,
    ...(came.answeredBy === undefined ? {} : { answeredBy: came.answeredBy }),
    ...(came.serverSaw === undefined ? {} : { serverSaw: came.serverSaw }),
    ...(came.measured === undefined ? {} : { measured: { ...came.measured } }),
    ok: !isBad(judgement.verdict),
    verdict: judgement.verdict,
    why: judgement.why,
    ...(judgement.mechanism ? { mechanism: judgement.mechanism } : {}),
    ...(cause ? { cause } : {}),
    ...(way ? { way } : {}),
    evidence: shown.map(finding => ({ ...finding })),
    elapsedMs: Math.round((performance.now() - started) * 10) / 10,
  })
}

/** A failure that no mechanism accounts for is no riddle where rules could not be loaded again: whatever they did is not done. */
function withoutRules(
  judgement: Judgement,
  { outcome, says }: ProbeResult,
  topology: TopologyInstance,
): Judgement {
  const refused = [...topology.saved.values()].find(saved => saved.refused !== undefined)?.refused
  if (refused === undefined || outcome !== 'fails' || judgement.verdict !== 'error') return judgement
  return {
    verdict: 'regressed',
    why: `it fails (${says}), and no rule is there: what was saved could not be loaded: ${refused}`,
  }
}

/** A trial in a few words, for the frames that came in it: `broken float-ping (accept_local=0)`. */
function nameTrialPlan({ probe, settings }: TrialPlan, { phase }: PhasePlan): string {
  return `${phase} ${probe} (${Object.entries(settings)
    .map(entry => entry.join('='))
    .join(', ')})`
}

/** A file name for the state of a trial, in the order of the trials: `04-fixed-float-ping.txt`. */
function stateFile(trial: TrialPlan, phase: PhasePlan, plan: ExperimentPlan): string {
  const number = plan.phases.flatMap(({ trials }) => trials).indexOf(trial) + 1
  return `${String(number).padStart(2, '0')}-${phase.phase}-${trial.probe}.txt`
}

/**
 * Ends a probe once the kernel has said that its packet is lost: there is nothing left to wait for. The evidence must
 * hold twice, so that a packet that is still on its way is not taken for a lost one.
 */
async function endByEvidence(
  watch: MechanismWatch,
  lost: AbortController,
  ended: AbortSignal,
  speed: Speed,
): Promise<void> {
  let before = false
  while (!ended.aborted) {
    await delay(SETTLE_MS * speed.initial, undefined, { signal: ended }).catch(() => {})
    if (ended.aborted) return
    const now = await watch.happened()
    if (now && before) return lost.abort()
    before = now
  }
}
