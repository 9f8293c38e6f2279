/** `lab history`. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { EXIT, LabError } from '../base/errors.js'
import { counted } from '../base/text.js'
import { type DatedReport, type History, historyOf } from '../report/history.js'
import { historyMarkdown, historyText } from '../report/history-text.js'
import { renderHistory } from '../report/html/history.js'
import { readReport } from '../report/read.js'

const FORMATS: Readonly<Record<string, (history: History) => string>> = {
  text: historyText,
  markdown: historyMarkdown,
  html: renderHistory,
  json: history => `${JSON.stringify(history, null, 2)}\n`,
}

/** Runs `lab history`. Throws LabError (exit 2) for a folder that cannot be read or has no report; other files in it are counted and left out. */
export async function history(folder: string, format: string): Promise<void> {
  const files = filesIn(folder)
  const reports = files.filter(isReport).map(
    (file): DatedReport => ({
      file: relative(folder, file),
      report: readReport(file),
    }),
  )
  if (reports.length === 0)
    throw new LabError(
      `${folder} has no report of netns-lab`,
      'write some with lab run --json FILE',
      EXIT.usage,
    )
  const others = files.length - reports.length
  if (others > 0) process.stderr.write(`${counted(others, 'other JSON file')} in ${folder} left out\n`)
  process.stdout.write(FORMATS[format]?.(historyOf(reports)) ?? '')
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter(entry => entry.isFile() && entry.name.endsWith('.json'))
      .map(entry => join(entry.parentPath, entry.name))
      .sort()
  } catch (error) {
    throw new LabError(
      `${folder} cannot be read: ${(error as NodeJS.ErrnoException).code}`,
      'give a folder of reports that lab run --json wrote',
      EXIT.usage,
    )
  }
}

/** Whether a file says that it is a report, whole or not. */
function isReport(file: string): boolean {
  return /^\ufeff?\s*\{\s*"schema"\s*:\s*"netns-lab\.report\//.test(readFileSync(file, 'utf8').slice(0, 200))
}
