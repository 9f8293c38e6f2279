/** The HTML report: one file that needs nothing else. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Reporter } from '../model/event.js'
import type { ExperimentLog, RunLog } from './html/model.js'
import { renderPage } from './html/page.js'
import type { Sink } from './sink.js'

/** What the page is called in the folder of a run. */
export const PAGE = 'page.html'

/** Writes the page when all runs are over. One that lies in the folder that keeps a run's evidence, `folder`, leads to it. */
export function htmlReporter(sink: Sink, folder?: string): Reporter {
  const runs: RunLog[] = []
  let experiments = new Map<string, ExperimentLog[]>()
  let open = new Map<string, ExperimentLog>()
  const keptStates = () => {
    for (const [name, log] of open) {
      const trials = join('trials', name.replace(' ', '-'))
      const files = filesIn(join(folder ?? '', trials))
      if (files.length === log.happenings.filter(({ kind }) => kind === 'trial').length)
        log.states = files.map(file => `${trials}/${file}`)
    }
  }
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
      if (folder !== undefined) keptStates()
      const kept = folder === undefined ? {} : { kept: filesIn(folder).filter(file => file !== PAGE) }
      sink.write(renderPage(runs.map(run => ({ ...run, ...kept }))))
      sink.close()
    },
  }
}

/** The files of a folder in the order of their names; none where there is no such folder. */
function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .flatMap(entry => (entry.isFile() ? [entry.name] : []))
      .sort()
  } catch {
    return []
  }
}
