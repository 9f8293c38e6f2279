/** `lab merge`: several JSON reports, of several kernels or machines, as one. */
import { z } from 'zod'
import { EXIT } from '../base/errors.js'
import { exitCode } from '../engine/run.js'
import { loadScenarios } from '../plan/catalogue.js'
import { readReport } from '../report/read.js'
import { combine, createReporters } from '../report/registry.js'
import { replay } from '../report/replay.js'

const optionsSchema = z.object({ reporter: z.array(z.string()).default([]) })

/**
 * Runs `lab merge`; resolves with the worst exit status of the reports. Throws LabError (exit 2) for a file that is not
 * there or is no report.
 */
export async function merge(files: readonly string[], given: object): Promise<number> {
  const options = optionsSchema.parse(given)
  const reports = files.map(readReport)
  const scenarios = await loadScenarios()
  const reporters = createReporters(options.reporter, {
    lookup: id => scenarios.find(scenario => scenario.id === id),
    runs: reports.length,
    env: process.env,
  })
  const all = combine(reporters, text => process.stderr.write(`lab: ${text}\n`))
  for (const report of reports) for (const event of replay(report)) all.event(event)
  await all.close()
  const statuses = reports.map(exitCode)
  for (const status of [EXIT.error, EXIT.failed]) if (statuses.includes(status)) return status
  return statuses.every(status => status === EXIT.allSkipped) ? EXIT.allSkipped : EXIT.ok
}
