/**
 * Mechanisms that only counts have proved. Something else may move a count, but what a kernel does with a packet it says
 * itself, in a line of its log or in the reason of a drop. It logs no more than a few lines at a time (net_ratelimit()), and
 * a run traces nothing unless it is asked to: where it has proved a mechanism without one word of the kernel's, one of those
 * trials is done again with everything open.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { isAsked, isOwnAccount, sourceOf } from '../evidence/index.js'
import type { RunEvent } from '../model/event.js'
import type { EvidenceLevel, Mechanism } from '../model/evidence.js'
import type { ExperimentPlan, PhasePlan, TrialPlan } from '../model/plan.js'
import type { TrialReport } from '../model/report.js'
import type { Scenario } from '../model/scenario.js'
import { isBad } from '../model/verdict.js'
import { probeOf } from '../probes/index.js'
import { type ExperimentContext, runExperiment } from './experiment.js'
import { EvidenceRecorder } from './recorder.js'
import type { Entry } from './schedule.js'

/** After this, net_ratelimit() lets lines through again (net_ratelimit_state in net/core/utils.c). */
const LOG_WINDOW_MS = 5100
/** Trials that take this long are not waited for, where it is clear that they will be looked at. */
const LONG_MS = 500
/** What looks take is closed when none was taken for so long: to close the tracer takes 50 ms, which nobody is to wait for in the end. */
const IDLE_MS = 200

/** A trial that proved a mechanism, to be done again. */
export interface Look {
  readonly entry: Entry
  /** Id of the mechanism. */
  readonly id: string
  readonly mechanism: Mechanism
  /** Where the trial is in the plan: its phase, and itself in that. */
  readonly phase: number
  readonly trial: number
}

/** What is known of one mechanism until now. */
interface Known {
  /** The first trial that has proved it, or that is to. */
  look: Look
  /** How often counts have proved it. */
  times: number
  /** Whether the kernel has said so itself. */
  said: boolean
  /** Whether it has been looked at, or will be. */
  looked: boolean
}

/** What of a run the kernel has said itself; what only counts say is looked at more closely. */
export class CloserLooks {
  readonly #known = new Map<string, Map<string, Known>>()
  readonly #doubts: Known[] = []
  #recorder: EvidenceRecorder | undefined
  #looks = 0
  #underWay = 0
  #idle: NodeJS.Timeout | undefined

  constructor(private readonly context: Omit<ExperimentContext, 'scenario' | 'repetition' | 'onSurprise'>) {}

  /**
   * What of an experiment that is about to begin will be looked at whatever comes of the rest, and takes long: mechanisms of which,
   * with the evidence of this level, nobody asks the kernel.
   */
  ahead(entry: Entry, level: EvidenceLevel): Look[] {
    return placesIn(entry.plan).flatMap(place => {
      const { spec, expectation } = place.of
      const { outcome, mechanism: id = '' } = expectation
      const mechanism = entry.scenario.mechanisms[id]
      if (!mechanism || outcome !== 'fails' || probeOf(spec).typicalMs(outcome) < LONG_MS) return []
      const own = mechanism.proofs.filter(isOwnAccount)
      if (own.length === 0 || own.some(proof => isAsked(sourceOf(proof), level))) return []
      const one = this.#knownOf(entry, id, mechanism, place)
      if (one.looked) return []
      one.looked = true
      return [one.look]
    })
  }

  /**
   * Takes note of a trial, `index` in the order of its plan. What is to be looked at whatever the rest comes to: a mechanism of
   * which, with this evidence, nobody asks the kernel.
   */
  add(entry: Entry, index: number, trial: TrialReport): Look | undefined {
    const { scenario, plan } = entry
    const { mechanism: id = '', outcome, verdict } = trial
    const mechanism = scenario.mechanisms[id]
    if (!mechanism || outcome !== 'fails' || isBad(verdict)) return undefined
    if (!mechanism.proofs.some(isOwnAccount)) return undefined
    const place = placesIn(plan)[index]
    if (!place) return undefined
    const one = this.#knownOf(entry, id, mechanism, place)
    // Of what was begun before there was a proof, another trial may have become the first one.
    if (one.times++ === 0) one.look = lookAt(entry, id, mechanism, place)
    const account = accountOf(mechanism, trial)
    one.said ||= account === 'said'
    if (account !== 'nobody-asked' || one.looked) return undefined
    one.looked = true
    return one.look
  }

  /** What is to be looked at, now that a scenario's experiments are over. */
  due({ id }: Scenario): Look[] {
    const left = [...(this.#known.get(id)?.values() ?? [])].filter(({ said, looked }) => !said && !looked)
    for (const one of left) one.looked = true
    return left.map(({ look }) => look)
  }

  /** Looks, beside everything else that goes on: whether that settles it. If not, there is one more look in the end. */
  async settled(look: Look): Promise<boolean> {
    const trial = await this.#again(look)
    const account = trial?.ok ? accountOf(look.mechanism, trial) : 'silent'
    const settled = account === 'said' || account === 'nobody-asked'
    const one = this.#known.get(look.entry.scenario.id)?.get(look.id)
    if (!settled && one) this.#doubts.push(one)
    return settled
  }

  /**
   * Looks at what is still in doubt, one after the other, with nothing else going on; where something may have been held back,
   * once more when the rate limit of the log is over. Each is settled with it: by a trial that is no proof, if there is one.
   */
  async *settle(): AsyncGenerator<{ readonly entry: Entry; readonly trial?: TrialReport }> {
    for (const { look, times: proved } of this.#doubts) {
      const { entry, mechanism } = look
      if (proved === 0) {
        yield { entry }
        continue
      }
      let trial = await this.#again(look)
      let account = trial ? accountOf(mechanism, trial) : 'nobody-asked'
      if (trial?.ok && account === 'held-back') {
        await delay(LOG_WINDOW_MS, undefined, { signal: this.context.signal })
        trial = await this.#again(look)
        account = trial ? accountOf(mechanism, trial) : 'nobody-asked'
      }
      if (account === 'held-back')
        this.context.emit({
          type: 'notice',
          what: `${mechanism.title} in the kernel’s own words`,
          why: 'lines of the kernel log or events of the tracer were lost each time',
        })
      if (trial?.ok && account === 'silent')
        yield {
          entry,
          trial: {
            ...trial,
            ok: false,
            verdict: 'error',
            why: `unproved: counts have shown ${mechanism.title} (${mechanism.where}) ${times(proved)}, and the kernel never said so itself, looked at closely: ${silence(mechanism, trial)}`,
          },
        }
      else yield { entry, ...(trial && !trial.ok ? { trial } : {}) }
    }
  }

  close(): void {
    clearTimeout(this.#idle)
    this.#recorder?.close()
    this.#recorder = undefined
  }

  #knownOf(entry: Entry, id: string, mechanism: Mechanism, place: TrialPlace): Known {
    const known = this.#known.get(entry.scenario.id) ?? new Map<string, Known>()
    this.#known.set(entry.scenario.id, known)
    const one = known.get(id) ?? {
      look: lookAt(entry, id, mechanism, place),
      times: 0,
      said: false,
      looked: false,
    }
    known.set(id, one)
    return one
  }

  /** Does the trial of a look again; undefined where it did not come to that. */
  async #again(look: Look): Promise<TrialReport | undefined> {
    clearTimeout(this.#idle)
    this.#underWay++
    try {
      return await this.#runAgain(look)
    } finally {
      if (--this.#underWay === 0) this.#idle = setTimeout(() => this.close(), IDLE_MS)
    }
  }

  async #runAgain(look: Look): Promise<TrialReport | undefined> {
    const { scenario, repetition } = look.entry
    const { context } = this
    const notice = (event: RunEvent) => event.type === 'notice' && context.emit(event)
    // What this machine lacks has been said where it was asked for; here, it is only that there is less to look at.
    this.#recorder ??= new EvidenceRecorder({ level: 'full', notice: () => {}, signal: context.signal })
    const own = {
      ...context,
      scenario,
      repetition,
      recorder: this.#recorder.only(look.mechanism),
      emit: notice,
    }
    const plan = planOfLook(look, `look${++this.#looks}`)
    const trials = await runExperiment(plan, own)
    const planned = plan.phases.reduce((sum, phase) => sum + phase.trials.length, 0)
    // A control that fails is the trial that says why there is no more.
    return trials.length === planned ? trials.at(-1) : trials.find(({ ok }) => !ok)
  }
}

/** A trial with its place in a plan. */
interface TrialPlace {
  readonly phase: number
  readonly trial: number
  readonly of: TrialPlan
}

function placesIn({ phases }: ExperimentPlan): TrialPlace[] {
  return phases.flatMap((phase, at) => phase.trials.map((of, which) => ({ phase: at, trial: which, of })))
}

function lookAt(entry: Entry, id: string, mechanism: Mechanism, { phase, trial }: TrialPlace): Look {
  return { entry, id, mechanism, phase, trial }
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`
}

function silence({ proofs }: Mechanism, { evidence }: TrialReport): string {
  const own = new Set(proofs.filter(isOwnAccount).map(({ source }) => source))
  return evidence
    .filter(({ source, state }) => own.has(source) && state === 'not-seen')
    .map(({ source, node, says }) => `[${source} ${node}] ${says}`)
    .join('; ')
}

/**
 * Whether a trial's evidence has the kernel's own account of a mechanism: `nobody-asked` where this machine has no source that
 * could have it, `held-back` where it may have been lost on the way.
 */
function accountOf(
  { proofs }: Mechanism,
  { evidence }: TrialReport,
): 'said' | 'silent' | 'held-back' | 'nobody-asked' {
  const own = new Set(proofs.filter(isOwnAccount).map(({ source }) => source))
  const asked = evidence.filter(({ source, state }) => own.has(source) && state !== 'unavailable')
  if (asked.some(({ state }) => state === 'seen')) return 'said'
  if (asked.length === 0) return 'nobody-asked'
  return asked.every(({ complete }) => complete) ? 'silent' : 'held-back'
}

/** The plan that a look takes: the same topology with its control, and of the rest only this trial and what leads to it. */
export function planOfLook({ entry, phase: at, trial: which }: Look, suffix: string): ExperimentPlan {
  const plan = entry.again(suffix)
  const only = (phase: PhasePlan, trials: readonly TrialPlan[]): PhasePlan => ({ ...phase, trials })
  const target = plan.phases[at]
  // Whatever was fixed in between has been taken back: a fix begins where `broken` left off, and what takes one back where it is set.
  const before = plan.phases
    .slice(0, at)
    .filter(
      ({ phase }, index) =>
        phase === 'control' ||
        phase === 'broken' ||
        ((target?.phase === 'reverted' || target?.phase === 'persisted') && index === at - 1),
    )
    .map(phase => (phase.phase === 'control' ? phase : only(phase, [])))
  if (!target) return plan
  if (target.phase === 'control') return { ...plan, phases: [target] }
  return { ...plan, phases: [...before, only(target, target.trials.slice(which, which + 1))] }
}
