/** Files that only their owner may read: what a capture and the kernel log hold of a machine is not for everybody on it. */
import { closeSync, openSync, rmSync, writeFileSync } from 'node:fs'

/**
 * Opens a new file, for its owner alone, in place of whatever has that name: not one that is open to others already, and not
 * what a link of somebody else's leads to. Throws the file system's error.
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
