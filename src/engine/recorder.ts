/** What a whole run observes: every log, tracer and capture that its level of evidence asks for, and the folder that keeps it. */
import { join } from 'node:path'
import { LabError } from '../base/errors.js'
import { makeFolder, writePrivate } from '../base/files.js'
import { isAsked, observersOf, sourceOf } from '../evidence/index.js'
import type {
  EvidenceContext,
  EvidenceLevel,
  ExperimentObservation,
  Mechanism,
  Observer,
  RunObservation,
} from '../model/evidence.js'
import type { ExperimentPlan } from '../model/plan.js'
import { partsOf } from '../model/topology.js'
import type { Netns } from '../world/netns.js'

const NOT_ASKED = 'not asked for'

export interface RecorderOptions {
  readonly level: EvidenceLevel
  /** A folder to keep everything in. */
  readonly out?: string
  /** Called for each source that this machine lacks. */
  readonly notice: (what: string, why: string) => void
  /** Ends at once what belongs to the machine when it aborts. */
  readonly signal: AbortSignal
}

/** What one experiment observes. */
export interface ExperimentRecorder {
  readonly view: EvidenceContext['view']
  /** The part of a mechanism that can be looked for at this level; undefined when nothing is to be. */
  watched(mechanism: Mechanism): Mechanism | undefined
  /** Says that a trial begins. */
  startTrial(label: string): void
  /** Keeps text about a trial in the run's folder, if there is one. */
  keep?: ((name: string, text: string) => void) | undefined
  close(): void
}

/** Takes up experiments. */
export interface ExperimentRecorders {
  /** Takes up an experiment whose topology stands. */
  experiment(plan: ExperimentPlan, netns: (node: string) => Netns): ExperimentRecorder
}

/** The evidence of one run. */
export class EvidenceRecorder {
  readonly #observed = new Map<Observer<unknown>, RunObservation<unknown> | string>()

  /** Opens what the sources of the level take. Throws LabError when the folder cannot be written. */
  constructor(private readonly options: RecorderOptions) {
    const { level, out, notice, signal } = options
    if (out !== undefined) writing(out, () => makeFolder(out))
    for (const observer of observersOf(level)) {
      const opened = writing(out ?? '', () => observer.open({ out, notice }))
      this.#observed.set(observer, opened)
      if (typeof opened === 'string') notice(observer.what, opened)
      else if (opened.abort) signal.addEventListener('abort', () => opened.abort?.(), { once: true })
    }
  }

  /**
   * The same, where of all that is not basic only what proofs of this mechanism ask for is taken up: no frames for the way of a
   * packet that has been shown already.
   */
  only({ proofs }: Mechanism): ExperimentRecorders {
    const asked = new Set(proofs.map(proof => sourceOf(proof).observer))
    return {
      experiment: (plan, netns) =>
        this.experiment(plan, netns, observer => isAsked(observer, 'basic') || asked.has(observer)),
    }
  }

  /** Takes up an experiment whose topology stands; what is not `asked` for is left alone. */
  experiment(
    plan: ExperimentPlan,
    netns: (node: string) => Netns,
    asked: (observer: Observer<unknown>) => boolean = () => true,
  ): ExperimentRecorder {
    const { level, out } = this.options
    const experiment = {
      title: `${plan.scenario}, ${plan.title}`,
      nodes: Object.keys(plan.netns),
      devices: Object.entries(plan.indexes).map(([place, index]) => ({ ...partsOf(place), index })),
      netns,
    }
    const observations = new Map(
      [...this.#observed]
        .filter(([observer]) => asked(observer))
        .map(([observer, run]): [Observer<unknown>, ExperimentObservation<unknown>] => [
          observer,
          typeof run === 'string' ? { view: run } : run.experiment(experiment),
        ]),
    )
    const folder = out === undefined ? undefined : join(out, 'trials', `${plan.scenario}-${plan.id}`)
    return {
      view: <View>(observer: Observer<View>) =>
        (observations.get(observer)?.view ?? NOT_ASKED) as View | string,
      watched(mechanism) {
        if (level === 'none') return undefined
        return {
          ...mechanism,
          proofs: mechanism.proofs.filter(proof => isAsked(sourceOf(proof), level)),
        }
      },
      startTrial(label) {
        for (const observation of observations.values()) observation.startTrial?.(label)
      },
      keep:
        folder === undefined
          ? undefined
          : (name, text) =>
              writing(folder, () => {
                makeFolder(folder, 0o700)
                writePrivate(join(folder, name), text)
              }),
      close() {
        for (const observation of observations.values()) observation.close?.()
      },
    }
  }

  /** Closes everything, and has it written into the folder. Throws LabError when it cannot be written. */
  close(): void {
    for (const observed of this.#observed.values())
      if (typeof observed !== 'string') writing(this.options.out ?? '', () => observed.close())
  }
}

function writing<T>(folder: string, write: () => T): T {
  try {
    return write()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    throw new LabError(
      `${folder}: the evidence could not be written: ${code}`,
      code === 'ENOSPC' ? 'free some space, or keep it elsewhere' : 'choose a folder that may be written',
    )
  }
}
