/** `lab diff`. */
import { EXIT } from '../base/errors.js'
import { breaksFix, diffReports } from '../report/diff.js'
import { diffMarkdown, diffText } from '../report/diff-text.js'
import { readReport } from '../report/read.js'

/** Runs `lab diff`; resolves with the exit status, 1 when a fix breaks. Throws LabError for a file that is no report. */
export async function diff(before: string, after: string, format: string): Promise<number> {
  const result = diffReports(readReport(before), readReport(after))
  const text =
    format === 'json'
      ? `${JSON.stringify(result, null, 2)}\n`
      : format === 'markdown'
        ? diffMarkdown(result)
        : diffText(result)
  process.stdout.write(text)
  return breaksFix(result) ? EXIT.failed : EXIT.ok
}
