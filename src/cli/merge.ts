/** `lab merge`: several JSON reports, of several kernels or machines, as one; the shards of a run as if it had not been cut. */
import { z } from 'zod'
import { CONVENTIONS, exitStatus, statusFor, worstStatus } from '../model/verdict.js'
import { joinShards } from '../report/join.js'
import { readReport } from '../report/read.js'
import { combine, createReporters } from '../report/registry.js'
import { replay } from '../report/replay.js'

const optionsSchema = z.object({
  reporter: z.array(z.string()).default([]),
  origin: z.string().optional(),
  buildId: z.string().optional(),
  exitStatus: z.enum(CONVENTIONS).default('lab'),
})

/**
 * Runs `lab merge`; resolves with the worst exit status of the reports. Throws LabError (exit 2) for a file that is not
 * there or is no report, and for a run of which a shard is missing.
 */
export async function merge(files: readonly string[], given: object): Promise<number> {
  const options = optionsSchema.parse(given)
  const reports = joinShards(files.map(readReport))
  const reporters = createReporters(options.reporter, {
    runs: reports.length,
    env: process.env,
    submission: options,
  })
  const all = combine(reporters, text => process.stderr.write(`lab: ${text}\n`))
  for (const report of reports) for (const event of replay(report)) all.event(event)
  await all.close()
  const statuses = reports.map(({ scenarios }) => exitStatus(scenarios.map(({ verdict }) => verdict)))
  return statusFor(options.exitStatus, worstStatus(statuses))
}
