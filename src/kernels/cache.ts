import { statfs } from 'node:fs/promises'
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { KernelError } from './error.js'

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
 * Makes sure that a folder's file system has room, before a long download is begun for nothing.
 * @param folder an existing folder
 * @param bytes how much is going to be written there
 * @param what what it is needed for, as it appears in the error
 * @throws KernelError `disk-full`
 */
export async function requireSpace(folder: string, bytes: number, what: string): Promise<void> {
  const fs = await statfs(folder)
  const free = fs.bavail * fs.bsize
  if (free >= bytes) return
  throw new KernelError(
    'disk-full',
    `${what} needs ${mebibytes(bytes)} in ${folder}, where ${mebibytes(free)} are free`,
    'Make room there, or set XDG_CACHE_HOME to a folder on another file system',
  )
}

/** The error for a write that ran out of space although there seemed to be enough when it began. */
export function diskFull(folder: string, what: string, cause?: unknown): KernelError {
  return new KernelError(
    'disk-full',
    `${what}: no space left in ${folder}`,
    'Make room there, or set XDG_CACHE_HOME to a folder on another file system',
    { cause },
  )
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 1024 / 1024)} MiB`
}
