/** The table of mutants in docs/mutants.md: a row for each kernel, which can be written anew by itself. */
import { readFile } from 'node:fs/promises'
import { LabError } from '../../src/base/errors.js'
import { partOf, replaceBetween } from '../readme.js'
import { differencesText, type MutantRun } from './compare.js'
import type { Mutant } from './mutant.js'

const PART = 'mutants-table'
const HEAD = '| kernel | what it does | commit | what differs | tried |\n| --- | --- | --- | --- | --- |'

/** The row of one of the mutants of a kernel, in Markdown. */
export function rowOf(run: MutantRun, mutant: Mutant): string {
  const { id, title, upstream } = mutant
  const date = run.report?.started.slice(0, 10) ?? 'never'
  const others = run.mutants.length - 1
  const tried = others === 0 ? date : `${date}, with ${others === 1 ? 'another' : `${others} others`}`
  return `| \`${id}\` | ${title} | ${upstream ?? ''} | ${differencesText(run, mutant)} | ${tried} |`
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
  const rows = new Map(
    runs.flatMap(run => run.mutants.map(mutant => [mutant.id, rowOf(run, mutant)] as const)),
  )
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
