/** The report for a person: a line while each scenario runs (on a terminal), a table of verdicts, and every surprise. */
import { styleText } from 'node:util'
import type { Reporter } from './events.js'
import type { ScenarioReport, TrialReport, Verdict } from './schema.js'

const COLOUR: Readonly<Record<Verdict, Parameters<typeof styleText>[0]>> = {
  error: 'magenta',
  regressed: 'red',
  'unexpected-pass': 'red',
  flaky: 'yellow',
  skipped: 'gray',
  changed: 'cyan',
  confirmed: 'green',
}

/** Writes to `stream`: in colour and with a live line on a terminal, plain lines elsewhere. */
export function prettyReporter(stream: NodeJS.WriteStream): Reporter {
  const live = stream.isTTY === true
  const paint = (format: Parameters<typeof styleText>[0], text: string) =>
    live && !process.env.NO_COLOR ? styleText(format, text) : text
  const running = new Map<string, { done: number; trials: number }>()
  const totals = new Map<string, number>()
  const draw = () => {
    if (!live) return
    const text = [...running].map(([id, { done, trials }]) => `${id} ${done}/${trials}`).join('  ')
    stream.write(`\r\x1b[K${text.slice(0, Math.max(10, (stream.columns ?? 80) - 1))}`)
  }
  const line = (text: string) => stream.write(`${live ? '\r\x1b[K' : ''}${text}\n`)

  return {
    event(event) {
      switch (event.type) {
        case 'run-start': {
          const { kernel, machine } = event
          const release = kernel.release.startsWith(kernel.version) ? '' : ` (${kernel.version})`
          line(
            `Linux ${kernel.release}${release}, ${machine.distribution}, ${machine.cpus} CPUs, ${machine.privilege}`,
          )
          line('')
          for (const { id, trials } of event.scenarios) totals.set(id, trials)
          break
        }
        case 'scenario-start':
          running.set(event.scenario, { done: 0, trials: totals.get(event.scenario) ?? 0 })
          break
        case 'trial': {
          const progress = running.get(event.scenario)
          if (progress) progress.done++
          break
        }
        case 'notice':
          line(paint('gray', `not available: ${event.what}: ${event.why}`))
          break
        case 'scenario-end':
          running.delete(event.scenario.id)
          for (const text of describeScenario(event.scenario, paint)) line(text)
          break
        case 'run-end': {
          const summary = Object.entries(event.report.summary).filter(([, count]) => count > 0)
          line('')
          line(
            `${event.report.scenarios.length} scenarios in ${(event.report.elapsedMs / 1000).toFixed(1)} s: ${summary
              .map(([verdict, count]) => paint(COLOUR[verdict as Verdict], `${count} ${verdict}`))
              .join(', ')}`,
          )
          break
        }
      }
      draw()
    },
  }
}

type Paint = (format: Parameters<typeof styleText>[0], text: string) => string

function describeScenario(scenario: ScenarioReport, paint: Paint): string[] {
  const { id, verdict, title, reason, trials, elapsedMs } = scenario
  const seconds = `${(elapsedMs / 1000).toFixed(1)} s`
  return [
    `${paint(COLOUR[verdict], verdict.padEnd(15))} ${id}  ${paint('gray', `${trials.length} trials, ${seconds}`)}`,
    `    ${title}.`,
    `    ${reason}`,
    ...causes(trials).map(text => `    ${paint('gray', text)}`),
  ]
}

/** One line of cause for each probe and way in which it failed: what was set, and what the kernel said. */
function causes(trials: readonly TrialReport[]): string[] {
  const lines = new Map<string, string>()
  for (const trial of trials) {
    if (trial.outcome !== 'fails') continue
    const cause =
      trial.evidence.find(({ source, state }) => source === 'kernel-log' && state === 'seen') ??
      trial.evidence.find(({ source, state }) => source === 'route' && state === 'seen') ??
      trial.evidence.find(({ state }) => state === 'seen')
    const key = `${trial.probe} ${trial.mechanism}`
    if (cause && !lines.has(key)) lines.set(key, `${trial.probe}: [${cause.node}] ${cause.says}`)
  }
  return [...lines.values()]
}
