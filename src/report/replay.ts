/** A report as the events of its run, for reporters that were not there. */
import type { TimedEvent } from '../model/event.js'
import type { Report, TrialReport } from '../model/report.js'

/** The events that a report still holds, in order; the commands are not among them. */
export function* replay(report: Report): Generator<TimedEvent> {
  const { kernel, machine, unavailable, scenarios, seed, shard, elapsedMs } = report
  const started = Date.parse(report.started)
  const at = Number.isNaN(started) ? 0 : started
  yield {
    at,
    type: 'run-start',
    kernel,
    machine,
    started: report.started,
    ...(seed === undefined ? {} : { seed }),
    ...(shard === undefined ? {} : { shard }),
    scenarios: scenarios.map(({ id, title, story, trials, phases = [] }) => ({
      id,
      title,
      ...(story ? { story } : {}),
      trials: trials.length,
      experiments: [...new Set([...trials, ...phases].map(experimentOf))],
    })),
  }
  for (const notice of unavailable) yield { at, type: 'notice', ...notice }
  for (const { id, trials, phases = [], retried = [], verdict, reason, elapsedMs: took } of scenarios) {
    yield { at, type: 'scenario-start', scenario: id }
    for (const trial of retried)
      yield { at, type: 'trial', scenario: id, experiment: experimentOf(trial), trial }
    for (const experiment of new Set(retried.map(experimentOf)))
      yield { at, type: 'experiment-again', scenario: id, experiment }
    for (const phase of phases)
      yield { at, type: 'phase-set', scenario: id, experiment: experimentOf(phase), phase }
    for (const trial of trials)
      yield { at, type: 'trial', scenario: id, experiment: experimentOf(trial), trial }
    yield { at: at + took, type: 'scenario-end', scenario: id, verdict, reason, elapsedMs: took }
  }
  const { slowest, changed } = machine
  yield {
    at: at + elapsedMs,
    type: 'run-end',
    elapsedMs,
    ...(slowest === undefined ? {} : { slowest }),
    ...(changed === undefined ? {} : { changed }),
  }
}

/** What tells an experiment of a scenario from the others in a report. */
function experimentOf({
  experiment,
  iptables,
  repetition,
}: Pick<TrialReport, 'experiment' | 'iptables' | 'repetition'>): string {
  return `${experiment} ${iptables} ${repetition}`
}
