import { readFile } from 'node:fs/promises'
import { LabError } from '../src/base/errors.js'
import { writeWhole } from '../src/base/files.js'

/**
 * Puts lines into a file in place of those between `<!-- NAME:start -->` and `<!-- NAME:end -->`. Throws LabError where it
 * has no such place or cannot be written, the file system's error where it cannot be read.
 */
export async function replaceBetween(file: string, name: string, lines: string): Promise<void> {
  const [start, end] = [`<!-- ${name}:start -->`, `<!-- ${name}:end -->`]
  const text = await readFile(file, 'utf8')
  const [from, to] = [text.indexOf(start), text.indexOf(end)]
  if (from < 0 || to < from)
    throw new LabError(`${file} has no place for the ${name}`, `put ${start} and ${end} into it, a line each`)
  writeWhole(file, `${text.slice(0, from)}${start}\n${lines}\n${text.slice(to)}`)
}
