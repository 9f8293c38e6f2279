/** The event stream: everything that a run did, in the order in which it happened, each thing once. */
import type { CommandRecord } from '../world/command.js'
import type { Phase } from './plan.js'
import type { PhaseReport, Report, ScenarioReport, TrialReport } from './report.js'

/** What a run is of, before anything came of it. */
export interface RunHead extends Pick<Report, 'kernel' | 'machine' | 'started' | 'seed' | 'shard'> {
  readonly scenarios: readonly (Pick<ScenarioReport, 'id' | 'title' | 'story'> & {
    /** How many trials it is planned to have. */
    readonly trials: number
    /** Ids of its experiments, in the order that a report has them in; they begin in another. */
    readonly experiments: readonly string[]
  })[]
}

export type RunEvent =
  | ({ readonly type: 'run-start' } & RunHead)
  | { readonly type: 'scenario-start'; readonly scenario: string }
  | {
      readonly type: 'experiment-start'
      readonly scenario: string
      readonly experiment: string
      readonly title: string
    }
  | {
      readonly type: 'command'
      readonly scenario: string
      readonly experiment: string
      /** What it was for. */
      readonly why: string
      readonly command: CommandRecord
    }
  | {
      readonly type: 'phase-start'
      readonly scenario: string
      readonly experiment: string
      readonly phase: Phase
    }
  | ({
      /** The toggles of the phase are set, and the kernel bears it out. */
      readonly type: 'phase-set'
      readonly scenario: string
      readonly experiment: string
    } & { readonly phase: PhaseReport })
  | {
      /** What came of an experiment until now is void: the lab did not get on with it, and begins anew in a fresh topology. */
      readonly type: 'experiment-again'
      readonly scenario: string
      readonly experiment: string
    }
  | {
      readonly type: 'trial'
      readonly scenario: string
      readonly experiment: string
      readonly trial: TrialReport
    }
  | { readonly type: 'experiment-end'; readonly scenario: string; readonly experiment: string }
  | ({ readonly type: 'scenario-end'; readonly scenario: string } & Pick<
      ScenarioReport,
      'verdict' | 'reason' | 'elapsedMs'
    >)
  | { readonly type: 'notice'; readonly what: string; readonly why: string }
  | ({ readonly type: 'run-end' } & Pick<Report, 'elapsedMs'> &
      Pick<Report['machine'], 'slowest' | 'changed'>)

/** An event with its time, in milliseconds since 1970. */
export type TimedEvent = RunEvent & { readonly at: number }

/**
 * Takes what happens in a run. All of it is optional; what it throws does not stop the run, and is reported. Of several runs,
 * it is told of one after the other.
 */
export interface Reporter {
  /** Called for every event. */
  event?(event: TimedEvent): void
  /** Called when a scenario has come to its end, with all of its trials, after the event that says so. */
  scenario?(scenario: ScenarioReport): void
  /** Called when a run has come to its end, with everything that came of it, after the event that says so. */
  run?(report: Report): void
  /** Called at the end, whether the runs came to theirs or not. Throws LabError when what it wrote could not be kept. */
  close?(): Promise<void> | void
}
