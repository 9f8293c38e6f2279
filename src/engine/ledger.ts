/** Which scenarios have begun, what came of them, and which have come to their end. */
import { performance } from 'node:perf_hooks'
import { describeError } from '../base/errors.js'
import type { RunEvent } from '../model/event.js'
import type { TrialReport } from '../model/report.js'
import type { Scenario } from '../model/scenario.js'
import { judgeScenario } from './judge.js'
import type { Entry } from './schedule.js'

/** A scenario with everything that it is to do; or why it cannot do anything. */
export interface Planned {
  readonly scenario: Scenario
  readonly entries: readonly Entry[]
  readonly problem?: unknown
}

/** Says that a scenario came to nothing. */
export function giveUp(scenario: string, problem: unknown, emit: (event: RunEvent) => void): void {
  emit({ type: 'scenario-start', scenario })
  emit({
    type: 'scenario-end',
    scenario,
    verdict: 'error',
    reason: `it cannot be run: ${describeError(problem)}`,
    elapsedMs: 0,
  })
}

/** The scenarios of one run. */
export class Ledger {
  readonly #pending: Map<string, number>
  readonly #trials = new Map<string, TrialReport[]>()
  readonly #began = new Map<string, number>()
  /** How many of those that are pending are closer looks. */
  readonly #looks = new Map<string, number>()

  /** Those that have nothing to do have come to their end already. */
  constructor(
    planned: readonly Planned[],
    private readonly emit: (event: RunEvent) => void,
  ) {
    this.#pending = new Map(planned.map(({ scenario, entries }) => [scenario.id, entries.length]))
    for (const { scenario, entries, problem } of planned)
      if (problem !== undefined) giveUp(scenario.id, problem, emit)
      else if (entries.length === 0) this.#finish(scenario)
  }

  /** An experiment begins: the trials that its scenario has had. */
  begin({ id }: Scenario): TrialReport[] {
    if (!this.#began.has(id)) {
      this.#began.set(id, performance.now())
      this.emit({ type: 'scenario-start', scenario: id })
    }
    const trials = this.#trials.get(id) ?? []
    this.#trials.set(id, trials)
    return trials
  }

  /** Whether the experiment that is under way is the last one. */
  isLast({ id }: Scenario): boolean {
    return (this.#pending.get(id) ?? 0) - (this.#looks.get(id) ?? 0) === 1
  }

  /** There are closer looks to be taken. */
  addLooks({ id }: Scenario, more: number): void {
    this.#pending.set(id, (this.#pending.get(id) ?? 0) + more)
    this.#looks.set(id, (this.#looks.get(id) ?? 0) + more)
  }

  /** A closer look has settled what it was taken for. */
  endLook(scenario: Scenario): void {
    this.#looks.set(scenario.id, (this.#looks.get(scenario.id) ?? 1) - 1)
    this.end(scenario)
  }

  /** An experiment is over. */
  end(scenario: Scenario): void {
    const left = (this.#pending.get(scenario.id) ?? 1) - 1
    this.#pending.set(scenario.id, left)
    if (left === 0) this.#finish(scenario)
  }

  #finish({ id }: Scenario): void {
    this.emit({
      type: 'scenario-end',
      scenario: id,
      ...judgeScenario(this.#trials.get(id) ?? []),
      elapsedMs: Math.round(performance.now() - (this.#began.get(id) ?? performance.now())),
    })
  }
}
