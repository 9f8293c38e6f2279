/** The table of mutants in docs/mutants.md: a row for each kernel, which can be written anew by itself. */
import { readFile } from 'node:fs/promises'
import { LabError } from '../../src/base/errors.js'
import { partOf, replaceBetween } from '../readme.js'
import { differencesText, type MutantRun } from './compare.js'

const PART = 'mutants-table'
const HEAD = '| kernel | what it does | commit | what differs | tried |\n| --- | --- | --- | --- | --- |'

/** A row in Markdown. */
export function rowOf(run: MutantRun, date: string): string {
  const { id, title, upstream } = run.mutant
  return `| \`${id}\` | ${title} | ${upstream ?? ''} | ${differencesText(run)} | ${date} |`
}

/** The rows of a table by the kernels that they are about. */
export function rowsOf(table: string): Map<string, string> {
  return new Map(
    table.split('\n').flatMap(line => {
      const id = /^\| `([a-z0-9.-]+)` \|/.exec(line)?.[1]
      return id === undefined ? [] : [[id, line] as const]
    }),
  )
}

/**
 * Writes the rows of these runs into the table, in the order of `ids`. A row that is not among them stays, if it is of the same
 * kernel. Throws LabError where it is of another.
 */
export async function writeRows(
  file: string,
  ids: readonly string[],
  runs: readonly MutantRun[],
): Promise<void> {
  const version = runs.find(({ report }) => report)?.report?.kernel.version
  const head = `Linux ${version}, with one change each.`
  const before = partOf(await readFile(file, 'utf8'), PART) ?? ''
  const date = new Date().toISOString().slice(0, 10)
  const rows = new Map(runs.map(run => [run.mutant.id, rowOf(run, date)]))
  const kept = ids.filter(id => !rows.has(id))
  if (kept.length > 0 && !before.startsWith(head))
    throw new LabError(
      `the table in ${file} is not of Linux ${version}`,
      'run npm run mutants without names, which writes all of it',
    )
  const old = rowsOf(before)
  const lines = ids.flatMap(id => rows.get(id) ?? old.get(id) ?? [])
  await replaceBetween(file, PART, `${head}\n\n${HEAD}\n${lines.join('\n')}`)
}
