/** When which setting held, in every topology that liars had their turn in. */
import type { RunEvent } from '../../src/model/event.js'
import type { Scenario, Settings } from '../../src/model/scenario.js'
import { defaultSettings } from '../../src/plan/expectations.js'
import type { Told } from './stand.js'

/** A phase from when its toggles were set until its topology was looked at after its last trial: nobody sees what comes after that. */
interface Span {
  readonly scenario: string
  readonly experiment: string
  readonly title: string
  /** What a fix sets beside what is given. */
  readonly fix: Settings
  readonly fromMs: number
  toMs: number
  /** When it was told of last. */
  toldMs: number
}

/** Takes down when phases began, and their last trials ended. */
export class Phases {
  #spans: Span[] = []
  readonly #again = new Set<string>()

  add(event: RunEvent, atMs: number): void {
    if (event.type === 'phase-set') {
      const { scenario, experiment, phase } = event
      const fix = phase.phase === 'fixed' ? (phase.fix ?? {}) : {}
      const title = phase.experiment
      this.#spans.push({ scenario, experiment, title, fix, fromMs: atMs, toMs: atMs, toldMs: atMs })
    }
    // What came of a first try that ended in error is void, and so are the lies that were told in it.
    if (event.type === 'experiment-again') {
      this.#again.add(event.experiment)
      this.#spans = this.#spans.filter(
        ({ scenario, experiment }) => scenario !== event.scenario || experiment !== event.experiment,
      )
    }
    if (event.type !== 'trial') return
    const last = this.#spans.findLast(
      ({ scenario, experiment }) => scenario === event.scenario && experiment === event.experiment,
    )
    if (!last) return
    // A trial begins when what came before it is told, and the look at the topology when it is over; that is told of still later.
    last.toMs = Math.min(atMs, last.toldMs + event.trial.elapsedMs)
    last.toldMs = atMs
  }

  /** Whether a toggle of a scenario had a setting at a moment, as far as the lab knew, with trials going on. */
  had(scenario: Scenario, toggle: string, setting: string, { atMs, experiment }: Told): boolean {
    return this.#spans.some(span => {
      if (span.scenario !== scenario.id || this.#topologyOf(span) !== experiment) return false
      if (atMs < span.fromMs || atMs > span.toMs) return false
      const given = scenario.experiments.find(({ title }) => title === span.title)?.given ?? {}
      return { ...defaultSettings(scenario), ...given, ...span.fix }[toggle] === setting
    })
  }

  /** What the names of an experiment's namespaces end in. */
  #topologyOf({ experiment }: Span): string {
    return this.#again.has(experiment) ? experiment.replace(/(?=-)/, 'again') : experiment
  }
}
