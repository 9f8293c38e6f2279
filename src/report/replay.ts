/** A report as the events of its run, for reporters that were not there. */
import type { TimedEvent } from '../model/event.js'
import type { Report } from '../model/report.js'

/** The events that a report still holds, in order; the commands are not among them. */
export function* replay(report: Report): Generator<TimedEvent> {
  const { kernel, machine, unavailable, scenarios } = report
  const started = Date.parse(report.started)
  const at = Number.isNaN(started) ? 0 : started
  yield {
    at,
    type: 'run-start',
    kernel,
    machine,
    scenarios: scenarios.map(({ id, title, trials }) => ({ id, title, trials: trials.length })),
  }
  for (const notice of unavailable) yield { at, type: 'notice', ...notice }
  for (const scenario of scenarios) {
    yield { at, type: 'scenario-start', scenario: scenario.id }
    for (const trial of scenario.trials)
      yield { at, type: 'trial', scenario: scenario.id, experiment: '', trial }
    yield { at: at + scenario.elapsedMs, type: 'scenario-end', scenario }
  }
  yield { at: at + report.elapsedMs, type: 'run-end', report }
}
