/** The JSON report. Written as a whole at the end, beside the file and then in its place: a full disk leaves the old one. */
import { randomUUID } from 'node:crypto'
import { renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { LabError } from '../errors.js'
import type { Reporter } from './events.js'
import { type Report, reportSchema } from './schema.js'

/** Writes the report to `file`, or to standard output for `-`. `close` throws LabError when it cannot be written. */
export function jsonReporter(file: string): Reporter {
  let report: Report | undefined
  return {
    event(event) {
      if (event.type === 'run-end') report = event.report
    },
    close() {
      if (!report) return
      const text = `${JSON.stringify(reportSchema.parse(report), null, 2)}\n`
      if (file === '-') process.stdout.write(text)
      else writeWhole(file, text)
    },
  }
}

/**
 * Writes a file so that it is either the old one or the whole new one; a device or a pipe is written to. Throws LabError.
 */
export function writeWhole(file: string, text: string): void {
  const beside = `${file}.${randomUUID()}.tmp`
  try {
    if (statSync(file, { throwIfNoEntry: false })?.isFile() ?? true) {
      // Not where somebody else has put a link already, in a folder that is everybody's.
      writeFileSync(beside, text, { mode: 0o644, flag: 'wx' })
      renameSync(beside, file)
    } else writeFileSync(file, text)
  } catch (error) {
    try {
      rmSync(beside, { force: true })
    } catch {
      // What could not be made cannot be looked for either, in a folder that was closed meanwhile.
    }
    const { code } = error as NodeJS.ErrnoException
    throw new LabError(
      `${file} could not be written: ${code ?? (error as Error).message}`,
      code === 'ENOSPC'
        ? 'free some space, or write it elsewhere'
        : 'choose a file in a folder that exists and may be written',
    )
  }
}
