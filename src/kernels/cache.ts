import { statfs } from 'node:fs/promises'
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { mebibytes } from '../base/text.js'
import { KernelError } from './error.js'

/** What to do about a full disk; the same everywhere. */
export const SPACE_REMEDY = 'make room there, or set XDG_CACHE_HOME to a folder on another file system'

/**
 * The folder for everything that can be fetched or computed again: `$XDG_CACHE_HOME/netns-lab`, or
 * `~/.cache/netns-lab` where the variable is unset or relative (the XDG specification says to ignore a
 * relative one). The folder need not exist.
 */
export function cacheRoot(env: NodeJS.ProcessEnv = process.env): string {
  const base = env.XDG_CACHE_HOME
  return join(base && isAbsolute(base) ? base : join(homedir(), '.cache'), 'netns-lab')
}

/**
 * Makes sure that the file system of a folder, which exists, has room for so many bytes, before a long download is begun
 * for nothing; `what` begins the message. Throws KernelError `disk-full`.
 */
export async function requireSpace(folder: string, bytes: number, what: string): Promise<void> {
  const fs = await statfs(folder)
  const free = fs.bavail * fs.bsize
  if (free >= bytes) return
  throw new KernelError(
    'disk-full',
    `${what} needs ${mebibytes(bytes)} in ${folder}, where ${mebibytes(free)} are free`,
    SPACE_REMEDY,
  )
}

/** The error for a write that ran out of space although there seemed to be enough when it began. */
export function diskFull(folder: string, what: string, cause?: unknown): KernelError {
  return new KernelError('disk-full', `${what}: no space left in ${folder}`, SPACE_REMEDY, { cause })
}

/** Whether what a program printed tells of a disk, or a share of it, that is full. */
export function saysNoSpace(output: string): boolean {
  return /No space left on device|Disk quota exceeded|enough free space/i.test(output)
}
