/** The HTML report: one file that needs nothing else. */
import type { Reporter } from '../model/event.js'
import type { ExperimentLog, RunLog } from './html/model.js'
import { renderPage } from './html/page.js'
import type { Sink } from './sink.js'

/** Writes the page when all runs are over. */
export function htmlReporter(sink: Sink): Reporter {
  const runs: RunLog[] = []
  let experiments = new Map<string, ExperimentLog[]>()
  let open = new Map<string, ExperimentLog>()
  return {
    event(event) {
      switch (event.type) {
        case 'run-start':
          experiments = new Map()
          open = new Map()
          break
        case 'experiment-start': {
          const log: ExperimentLog = { title: event.title, happenings: [] }
          experiments.set(event.scenario, [...(experiments.get(event.scenario) ?? []), log])
          open.set(`${event.scenario} ${event.experiment}`, log)
          break
        }
        case 'phase-start':
        case 'command':
        case 'trial': {
          const log = open.get(`${event.scenario} ${event.experiment}`)
          if (event.type === 'phase-start') log?.happenings.push({ kind: 'phase', phase: event.phase })
          else if (event.type === 'trial') log?.happenings.push({ kind: 'trial', trial: event.trial })
          else log?.happenings.push({ kind: 'command', why: event.why, command: event.command })
          break
        }
      }
    },
    run: report => void runs.push({ report, experiments }),
    close() {
      sink.write(renderPage(runs))
      sink.close()
    },
  }
}
