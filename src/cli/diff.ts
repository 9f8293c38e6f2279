/** `lab diff`. */
import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { EXIT, LabError } from '../errors.js'
import { breaksFix, diffReports } from '../report/diff.js'
import { diffMarkdown, diffText } from '../report/diff-text.js'
import { type Report, reportSchema } from '../report/schema.js'

/** Runs `lab diff`; resolves with the exit status, 1 when a fix breaks. Throws LabError for a file that is no report. */
export async function diff(before: string, after: string, format: string): Promise<number> {
  const result = diffReports(await loadReport(before), await loadReport(after))
  const text =
    format === 'json'
      ? `${JSON.stringify(result, null, 2)}\n`
      : format === 'markdown'
        ? diffMarkdown(result)
        : diffText(result)
  process.stdout.write(text)
  return breaksFix(result) ? EXIT.failed : EXIT.ok
}

/** Reads a report and checks it. Throws LabError (exit 2) that names the file and what is wrong with it. */
async function loadReport(file: string): Promise<Report> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new LabError(
      `${file} cannot be read: ${error.code ?? error.message}`,
      'give a report that lab run --json wrote',
      EXIT.usage,
    )
  })
  const parsed = reportSchema.safeParse(parseJson(file, text))
  if (parsed.success) return parsed.data
  throw new LabError(
    `${file} is no report of netns-lab: ${z.prettifyError(parsed.error).split('\n').slice(0, 2).join(' ')}`,
    'write one with lab run --json FILE, with the same version of the lab',
    EXIT.usage,
  )
}

function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new LabError(
      `${file} is not JSON: ${(error as Error).message}`,
      text.trim() === ''
        ? 'it is empty: the run that wrote it did not end'
        : 'write it with lab run --json FILE',
      EXIT.usage,
    )
  }
}
