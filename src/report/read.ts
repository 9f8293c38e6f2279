/** Reading reports back. */
import { readFileSync } from 'node:fs'
import { EXIT, LabError } from '../base/errors.js'
import { type Report, reportSchema } from '../model/report.js'
import { lift, version1Schema } from './version-1.js'

/** Reads a report, of this version or an older one, from a file and checks it. Throws LabError (exit 2) that names the file, the field and what is wrong. */
export function readReport(file: string): Report {
  const refuse = (problem: string, remedy: string) => new LabError(`${file} ${problem}`, remedy, EXIT.usage)
  let text: string
  try {
    // Windows' programs begin a file with a byte order mark, which JSON.parse takes for a mistake.
    text = readFileSync(file, 'utf8').replace(/^\ufeff/, '')
  } catch (error) {
    throw refuse(
      `cannot be read: ${(error as NodeJS.ErrnoException).code}`,
      'give a report that lab run --json wrote',
    )
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    const empty = text.trim() === ''
    throw refuse(
      `is not JSON: ${printable((error as Error).message)}`,
      empty ? 'it is empty: the run that wrote it did not end' : 'write it with lab run --json FILE',
    )
  }
  const old = version1Schema.shape.schema.safeParse((value as { schema?: unknown } | null)?.schema).success
  const parsed = (old ? version1Schema.transform(lift) : reportSchema).safeParse(value)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const field = (issue?.path ?? [])
    .map(step => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`))
    .join('')
  const where = printable(field.replace(/^\./, '')) || 'the whole file'
  throw refuse(
    `is no report of netns-lab: ${where}: ${printable(issue?.message ?? '')}`,
    'write one with lab run --json FILE, with the same version of the lab',
  )
}

/** What an error quotes of a file, short, and without what a terminal would obey. */
function printable(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ').slice(0, 300)
}
