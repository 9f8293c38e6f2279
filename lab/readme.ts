/** Places of documents that are written by a program, each between two comments. */
import { readFile } from 'node:fs/promises'
import { LabError } from '../src/base/errors.js'
import { writeWhole } from '../src/base/files.js'

const marks = (name: string) => [`<!-- ${name}:start -->`, `<!-- ${name}:end -->`] as const

/** What stands between the two comments of a name; undefined where there are none. */
export function partOf(text: string, name: string): string | undefined {
  const [start, end] = marks(name)
  const [from, to] = [text.indexOf(start), text.indexOf(end)]
  return from < 0 || to < from ? undefined : text.slice(from + start.length, to).trim()
}

/** The text with these lines between the two comments of a name; undefined where there are none. */
export function withPart(text: string, name: string, lines: string): string | undefined {
  const [start, end] = marks(name)
  const [from, to] = [text.indexOf(start), text.indexOf(end)]
  return from < 0 || to < from ? undefined : `${text.slice(0, from)}${start}\n${lines}\n${text.slice(to)}`
}

/**
 * Puts lines into a file in place of those between `<!-- NAME:start -->` and `<!-- NAME:end -->`. Throws LabError where it
 * has no such place or cannot be written, the file system's error where it cannot be read.
 */
export async function replaceBetween(file: string, name: string, lines: string): Promise<void> {
  const replaced = withPart(await readFile(file, 'utf8'), name, lines)
  if (replaced === undefined)
    throw new LabError(
      `${file} has no place for the ${name}`,
      `put <!-- ${name}:start --> and <!-- ${name}:end --> into it, a line each`,
    )
  writeWhole(file, replaced)
}
