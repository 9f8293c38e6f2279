/** `lab merge`: several JSON reports, of several kernels or machines, as one. */
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { EXIT, LabError } from '../errors.js'
import { combine, createReporters } from '../report/registry.js'
import { replay } from '../report/replay.js'
import { type Report, reportSchema } from '../report/schema.js'
import { loadScenarios } from '../scenario/catalogue.js'
import { exitCode } from '../scenario/run.js'

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

function readReport(file: string): Report {
  const remedy = 'lab run --json FILE writes one'
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new LabError(`${file} cannot be read: ${(error as NodeJS.ErrnoException).code}`, remedy, EXIT.usage)
  }
  try {
    return reportSchema.parse(JSON.parse(text))
  } catch (error) {
    const issue = error instanceof z.ZodError ? error.issues[0] : undefined
    const problem = issue ? `${issue.path.join('.') || 'it'}: ${issue.message}` : (error as Error).message
    throw new LabError(`${file} is not a report of the lab: ${problem}`, remedy, EXIT.usage)
  }
}
