/** The folder of a run: its report, every event and the page, beside the evidence. */
import { closeSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { LabError } from '../base/errors.js'
import { makeFolder, openPrivate } from '../base/files.js'
import type { Reporter } from '../model/event.js'
import { htmlReporter, PAGE } from './html.js'
import { jsonReporter } from './json.js'

/** Writes report.json, and events.ndjson and page.html for their owner alone, into `folder`, making it first. Throws LabError when it cannot be written. */
export function folderReporter(folder: string): Reporter {
  const failed = (error: unknown) => {
    const { code, message } = error as NodeJS.ErrnoException
    return new LabError(
      `${folder} could not be written: ${code ?? message}`,
      'choose a folder that may be written, with some space',
    )
  }
  let fd: number
  try {
    makeFolder(folder)
    fd = openPrivate(join(folder, 'events.ndjson'))
  } catch (error) {
    throw failed(error)
  }
  const report = jsonReporter(join(folder, 'report.json'))
  let failure: LabError | undefined
  const parts: string[] = []
  const page = htmlReporter({ write: text => void parts.push(text), close: () => {} }, folder)
  return {
    event(event) {
      page.event?.(event)
      if (failure) return
      try {
        writeSync(fd, `${JSON.stringify(event)}\n`)
      } catch (error) {
        failure = failed(error)
      }
    },
    run(done) {
      report.run?.(done)
      page.run?.(done)
    },
    async close() {
      closeSync(fd)
      await report.close?.()
      await page.close?.()
      try {
        const own = openPrivate(join(folder, PAGE))
        writeFileSync(own, parts.join(''))
        closeSync(own)
      } catch (error) {
        failure ??= failed(error)
      }
      if (failure) throw failure
    },
  }
}
