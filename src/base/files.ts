/** Files that are written whole, and files that only their owner may read. */
import { randomUUID } from 'node:crypto'
import { closeSync, openSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { LabError } from './errors.js'

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

/**
 * Opens a new file, for its owner alone, in place of whatever has that name: not one that is open to others already, and not
 * what a link of somebody else's leads to. What a capture and the kernel log hold of a machine is not for everybody on it.
 * Throws the file system's error.
 */
export function openPrivate(file: string): number {
  rmSync(file, { force: true })
  return openSync(file, 'wx', 0o600)
}

/** Writes such a file. Throws the file system's error. */
export function writePrivate(file: string, text: string): void {
  const fd = openPrivate(file)
  try {
    writeFileSync(fd, text)
  } finally {
    closeSync(fd)
  }
}
