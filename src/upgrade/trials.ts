/** The trials of a report as an upgrade compares them: each with all of its repetitions, and a state to compare. */
import type { Report, ScenarioReport, TrialReport } from '../model/report.js'
import { trialKey } from '../model/trial.js'
import { isBad } from '../model/verdict.js'
import type { State } from './attribute.js'

/** One trial of a report. */
export interface TrialState {
  readonly scenario: ScenarioReport
  readonly trial: TrialReport
  readonly state: State
  /** Why it says nothing, where it does not. */
  readonly silent?: string
}

/** Every trial of a report by a key that is the same in each report. */
export function trialStates(report: Report | undefined): Map<string, TrialState> {
  const groups = new Map<string, { scenario: ScenarioReport; all: TrialReport[] }>()
  for (const scenario of report?.scenarios ?? [])
    for (const trial of scenario.trials) {
      const key = `${scenario.id} ${trialKey(trial)}`
      const group = groups.get(key) ?? { scenario, all: [] }
      group.all.push(trial)
      groups.set(key, group)
    }
  return new Map([...groups].map(([key, { scenario, all }]) => [key, stateOf(scenario, all)]))
}

function stateOf(scenario: ScenarioReport, all: readonly TrialReport[]): TrialState {
  const [first, ...others] = all.filter(
    ({ outcome, verdict }) => (outcome === 'works' || outcome === 'fails') && verdict !== 'error',
  )
  const spoiled = all.find(({ verdict }) => verdict === 'error')
  if (spoiled) return silent(scenario, spoiled, `error: ${spoiled.why}`)
  if (first === undefined) {
    const trial = all[0] as TrialReport
    return silent(scenario, trial, `${trial.verdict}: ${trial.why}`)
  }
  const states = new Set([first, ...others].map(signature))
  if (states.size > 1) return silent(scenario, first, 'flaky: it came out both ways')
  return { scenario, trial: first, state: signature(first) }
}

function silent(scenario: ScenarioReport, trial: TrialReport, why: string): TrialState {
  return { scenario, trial, state: undefined, silent: why }
}

/** What is the same in two trials that came out alike. */
function signature({ outcome, mechanism, verdict }: TrialReport): string {
  return [outcome, outcome === 'fails' ? (mechanism ?? '') : '', isBad(verdict) ? 'bad' : ''].join(' ').trim()
}
