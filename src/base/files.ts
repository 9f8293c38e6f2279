/** Files that are written whole, files that only their owner may read, and files that need not be there. */
import { randomUUID } from 'node:crypto'
import { closeSync, mkdirSync, openSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { EXIT, LabError } from './errors.js'

/**
 * Makes a folder and those above it. Node.js' own way does not come back from a file system in which a folder cannot be made
 * and is not there either, as /proc. Throws the file system's error.
 */
export function makeFolder(folder: string, mode = 0o777): void {
  const path = resolve(folder)
  try {
    mkdirSync(path, { mode })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST' && statSync(path).isDirectory()) return
    const above = dirname(path)
    if (code !== 'ENOENT' || above === path || statSync(above, { throwIfNoEntry: false })) throw error
    makeFolder(above, mode)
    mkdirSync(path, { mode })
  }
}

/** What comes of opening or reading a file; undefined where there is none. Throws the file system's other errors. */
export function unlessMissing<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/**
 * Tries whether a file may be written, before there is something to write: not after a run of minutes. A device or a pipe is
 * taken at its word. Throws LabError (exit 2).
 */
export function tryFile(file: string): void {
  const refuse = (why: string) =>
    new LabError(
      `${file} cannot be written: ${why}`,
      'choose a file in a folder that exists and may be written',
      EXIT.usage,
    )
  try {
    const there = statSync(file, { throwIfNoEntry: false })
    if (there?.isDirectory()) throw refuse('it is a folder')
    if (there && !there.isFile()) return
    tryFolder(dirname(file))
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw error instanceof LabError ? error : refuse(code ?? message)
  }
}

/** Makes a folder that is to be written to, and tries whether it can be. Throws LabError (exit 2). */
export function takeFolder(folder: string): void {
  try {
    makeFolder(folder)
    tryFolder(folder)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new LabError(
      `the folder ${folder} cannot be written: ${code ?? message}`,
      'name another one with --out',
      EXIT.usage,
      { cause: error },
    )
  }
}

/** Tries whether files can be made in a folder. Throws the file system's error. */
function tryFolder(folder: string): void {
  const file = join(folder, `.${randomUUID()}.tmp`)
  closeSync(openSync(file, 'wx', 0o600))
  rmSync(file)
}

/**
 * Writes a file so that it is either the old one or the whole new one; a device or a pipe is written to. Throws LabError.
 */
export function writeWhole(file: string, contents: string | Buffer): void {
  const beside = `${file}.${randomUUID()}.tmp`
  try {
    if (statSync(file, { throwIfNoEntry: false })?.isFile() ?? true) {
      // Not where somebody else has put a link already, in a folder that is everybody's.
      writeFileSync(beside, contents, { mode: 0o644, flag: 'wx' })
      renameSync(beside, file)
    } else writeFileSync(file, contents)
  } catch (error) {
    try {
      rmSync(beside, { force: true })
    } catch {
      // What could not be made cannot be looked for either, in a folder that was closed meanwhile.
    }
    const { code, message } = error as NodeJS.ErrnoException
    throw new LabError(
      `${file} could not be written: ${code ?? message}`,
      isNoSpace(error)
        ? 'free some space, or write it elsewhere'
        : 'choose a file in a folder that exists and may be written',
      EXIT.error,
      { cause: error },
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

/** A file's contents; undefined where there is none. Throws the file system's error when it cannot be read. */
export async function readIfThere(path: string): Promise<Buffer | undefined> {
  return readFile(path).catch(ignoreMissing)
}

/** For a promise's `catch`: that there is no such file is no error. */
export function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error
}

/** Whether there is a file of this name, as far as one may look; a folder is none. */
export function isFile(path: string): boolean {
  try {
    return statSync(path).isFile()
  } catch {
    return false
  }
}

/** Whether a file could not be written because the disk, or the user's share of it, is full. */
export function isNoSpace(error: unknown): boolean {
  const { code } = ((error instanceof LabError ? error.cause : error) ?? {}) as NodeJS.ErrnoException
  return code === 'ENOSPC' || code === 'EDQUOT'
}
