/** From the events of a run to its report. */
import type { RunEvent, RunHead } from './event.js'
import {
  type PhaseReport,
  REPORT_SCHEMA,
  type Report,
  type ScenarioReport,
  type TrialReport,
} from './report.js'
import { countVerdicts } from './verdict.js'

/** What came of an event besides the event itself. */
export interface Collected {
  /** The scenario that came to its end with it. */
  readonly scenario?: ScenarioReport
  /** The run that came to its end with it. */
  readonly report?: Report
}

/** Puts a report together as its events come. */
export class Collector {
  #head: RunHead | undefined
  /** Trials by scenario and experiment. */
  #trials = new Map<string, Map<string, TrialReport[]>>()
  /** Phases by scenario and experiment. */
  #phases = new Map<string, Map<string, PhaseReport[]>>()
  #retried = new Map<string, TrialReport[]>()
  #scenarios = new Map<string, ScenarioReport>()
  #unavailable: { readonly what: string; readonly why: string }[] = []

  /** Takes the next event; what came to its end with it. */
  add(event: RunEvent): Collected {
    switch (event.type) {
      case 'run-start': {
        const { type: _, ...head } = event
        this.#head = head
        this.#trials = new Map(
          head.scenarios.map(({ id, experiments }) => [id, new Map(experiments.map(name => [name, []]))]),
        )
        this.#phases = new Map(
          head.scenarios.map(({ id, experiments }) => [id, new Map(experiments.map(name => [name, []]))]),
        )
        this.#retried = new Map()
        this.#scenarios = new Map()
        this.#unavailable = []
        return {}
      }
      case 'notice':
        this.#unavailable.push({ what: event.what, why: event.why })
        return {}
      case 'trial':
        this.#trials.get(event.scenario)?.get(event.experiment)?.push(event.trial)
        return {}
      case 'experiment-again': {
        const { scenario, experiment } = event
        const came = this.#trials.get(scenario)?.get(experiment)?.splice(0) ?? []
        this.#phases.get(scenario)?.get(experiment)?.splice(0)
        this.#retried.set(scenario, [...(this.#retried.get(scenario) ?? []), ...came])
        return {}
      }
      case 'phase-set':
        this.#phases.get(event.scenario)?.get(event.experiment)?.push(event.phase)
        return {}
      case 'scenario-end': {
        const planned = this.#head?.scenarios.find(({ id }) => id === event.scenario)
        if (!planned) return {}
        const { id, title, story } = planned
        const { verdict, reason, elapsedMs } = event
        const trials = [...(this.#trials.get(id)?.values() ?? [])].flat()
        const phases = [...(this.#phases.get(id)?.values() ?? [])].flat()
        const retried = this.#retried.get(id) ?? []
        const scenario = {
          ...{ id, title, verdict, reason, elapsedMs },
          ...(story ? { story } : {}),
          ...(phases.length > 0 ? { phases } : {}),
          ...(retried.length > 0 ? { retried } : {}),
          trials,
        }
        this.#scenarios.set(id, scenario)
        return { scenario }
      }
      case 'run-end': {
        const report = this.#report(event)
        return report ? { report } : {}
      }
      default:
        return {}
    }
  }

  #report({ elapsedMs, slowest, changed }: Extract<RunEvent, { type: 'run-end' }>): Report | undefined {
    if (!this.#head) return undefined
    const { kernel, machine, started, seed, shard, scenarios: planned } = this.#head
    const scenarios = planned.flatMap(({ id }) => this.#scenarios.get(id) ?? [])
    return {
      schema: REPORT_SCHEMA,
      kernel,
      machine: {
        ...machine,
        ...(slowest === undefined ? {} : { slowest }),
        ...(changed === undefined ? {} : { changed }),
      },
      started,
      elapsedMs,
      ...(seed === undefined ? {} : { seed }),
      ...(shard === undefined ? {} : { shard }),
      summary: countVerdicts(scenarios.map(({ verdict }) => verdict)),
      unavailable: this.#unavailable,
      scenarios,
    }
  }
}
