/** The event stream: everything that a run did, in the order in which it happened. Reporters are pure sinks of it. */
import type { Phase } from '../plan/plan.js'
import type { CommandRecord } from '../world/command.js'
import type { Report, ScenarioReport, TrialReport } from './report.js'

export type RunEvent =
  | {
      readonly type: 'run-start'
      readonly kernel: Report['kernel']
      readonly machine: Report['machine']
      readonly scenarios: readonly { readonly id: string; readonly title: string; readonly trials: number }[]
    }
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
  | {
      readonly type: 'trial'
      readonly scenario: string
      readonly experiment: string
      readonly trial: TrialReport
    }
  | { readonly type: 'experiment-end'; readonly scenario: string; readonly experiment: string }
  | { readonly type: 'scenario-end'; readonly scenario: ScenarioReport }
  | { readonly type: 'notice'; readonly what: string; readonly why: string }
  | { readonly type: 'run-end'; readonly report: Report }

/** An event with its time, in milliseconds since 1970. */
export type TimedEvent = RunEvent & { readonly at: number }

/** Takes every event of a run. What it throws does not stop the run, and is reported. */
export interface Reporter {
  event(event: TimedEvent): void
  /** Waits until everything is written. Throws LabError when it could not be. */
  close?(): Promise<void> | void
}
