/** The JSON report. Written as a whole at the end, beside the file and then in its place: a full disk leaves the old one. */
import { tryFile, writeWhole } from '../base/files.js'
import type { Reporter } from '../model/event.js'
import { type Report, reportSchema } from '../model/report.js'

/**
 * Writes the report to `file`, or to standard output for `-`. Throws LabError (exit 2) at once when it could not be written;
 * `close` throws LabError when it cannot be any more.
 */
export function jsonReporter(file: string): Reporter {
  if (file !== '-') tryFile(file)
  let report: Report | undefined
  return {
    run(done) {
      report = done
    },
    close() {
      if (!report) return
      const text = `${JSON.stringify(reportSchema.parse(report), null, 2)}\n`
      if (file === '-') process.stdout.write(text)
      else writeWhole(file, text)
    },
  }
}
