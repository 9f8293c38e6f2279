/** Reading reports back. */
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { EXIT, LabError } from '../errors.js'
import { type Report, reportSchema } from './schema.js'

/** Reads a report from a file and checks it. Throws LabError (exit 2) that names the file, the field and what is wrong. */
export function readReport(file: string): Report {
  const refuse = (problem: string, remedy: string) => new LabError(`${file} ${problem}`, remedy, EXIT.usage)
  let text: string
  try {
    text = readFileSync(file, 'utf8')
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
      `is not JSON: ${(error as Error).message}`,
      empty ? 'it is empty: the run that wrote it did not end' : 'write it with lab run --json FILE',
    )
  }
  const parsed = reportSchema.safeParse(value)
  if (parsed.success) return parsed.data
  const said = z.prettifyError(parsed.error).split('\n').slice(0, 2).join(' ')
  throw refuse(
    `is no report of netns-lab: ${said}`,
    'write one with lab run --json FILE, with the same version of the lab',
  )
}
