/** What reporters write. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { dirSync } from 'tmp-promise'
import type { Reporter } from '../model/event.js'
import type { Report } from '../model/report.js'
import { combine, createReporters, type ReportersContext } from './registry.js'
import { replay } from './replay.js'
import type { Sink } from './sink.js'

const folder = dirSync({ unsafeCleanup: true })
t.teardown(() => folder.removeCallback())

/** A file in a folder that is gone with the test. */
export const path = (name: string) => join(folder.name, name)

/** Where `github` puts its job summary. */
export const SUMMARY = path('summary.md')

/** What reporters that are asked for by name write about runs, each into a file of its own. */
export async function written(
  reports: readonly Report[],
  names: readonly string[],
  more: Partial<ReportersContext> = {},
): Promise<Readonly<Record<string, string>>> {
  writeFileSync(SUMMARY, '')
  const requests = names.map(name => `${name}=${path(name)}`)
  const [, ...made] = createReporters(requests, {
    runs: reports.length,
    env: { GITHUB_STEP_SUMMARY: SUMMARY },
    ...more,
  })
  const all = combine(made, text => t.fail(text))
  for (const report of reports) for (const event of replay(report)) all.event(event)
  await all.close()
  return Object.fromEntries(names.map(name => [name, readFileSync(path(name), 'utf8')]))
}

/** What one reporter writes about runs. What it throws is thrown. */
export function writtenBy(make: (sink: Sink) => Reporter, reports: readonly Report[]): string {
  let all = ''
  const reporter = make({
    write: part => {
      all += part
    },
    close: () => {},
  })
  const told = combine([{ name: 'one', reporter }], text => {
    throw new Error(text)
  })
  for (const report of reports) for (const event of replay(report)) told.event(event)
  void reporter.close?.()
  return all
}
