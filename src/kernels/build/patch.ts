import { cp, mkdir, readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { execa } from 'execa'
import { withDir } from 'tmp-promise'
import { ignoreMissing, readIfThere } from '../../base/files.js'
import { lastLines } from '../../base/text.js'
import { KernelBuildError } from './error.js'

/** What a patch file says about itself, in comment lines before its first diff. */
interface PatchHeader {
  /** `Subject:`, one line; empty where the file has none. */
  readonly subject: string
  /** `Upstream:`, the commit that the patch is about; empty where the file has none. */
  readonly upstream: string
  /** `Reason:`, what the patch changes for the user; empty where the file has none. */
  readonly reason: string
}

/** A patch file, read and not yet applied. */
export interface Patch {
  /** The file's path, as it was given. */
  readonly path: string
  readonly text: string
  readonly header: PatchHeader
  /** The files that it changes, makes or removes, relative to the source tree, without repeats. */
  readonly files: readonly string[]
}

/** One file of a tree before and after the patches; a missing file is undefined. */
export interface PatchedFile {
  readonly path: string
  readonly before: Buffer | undefined
  readonly after: Buffer | undefined
}

/**
 * Reads a patch file. Throws KernelBuildError `usage` when it cannot be read; `patch` when it holds no unified diff, or names
 * a file outside the tree.
 */
export async function readPatch(path: string): Promise<Patch> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new KernelBuildError('usage', `cannot read the patch ${path}: ${error.message}`, 'check its path', {
      cause: error,
    })
  })
  return parsePatch(text, path)
}

/**
 * Reads a patch: the header of comment lines (`# Subject: …`, continued by indented lines), then unified diffs with
 * one folder before each path, as git and `diff -ru a b` write them; `path` is its name. Throws KernelBuildError `patch`.
 */
export function parsePatch(text: string, path: string): Patch {
  const lines = text.split('\n')
  const files = new Set<string>()
  let hunkLeft = 0
  for (const [index, line] of lines.entries()) {
    // Inside a hunk a removed line that begins with `-- ` looks like a file header, so hunks are counted through.
    if (hunkLeft > 0) {
      if (/^[ +]|^$/.test(line)) hunkLeft--
      continue
    }
    const hunk = /^@@ -\d+(?:,\d+)? \+\d+(?:,(\d+))? @@/.exec(line)
    if (hunk) hunkLeft = Number(hunk[1] ?? 1)
    if (!line.startsWith('--- ') || !lines[index + 1]?.startsWith('+++ ')) continue
    for (const name of [line, lines[index + 1] ?? ''].map(pathIn)) if (name) files.add(name)
  }
  if (!files.size) {
    throw new KernelBuildError(
      'patch',
      `${path} holds no unified diff`,
      "make one with 'git diff' or 'diff -ru'",
    )
  }
  for (const file of files) {
    if (!file.startsWith('/') && !file.split('/').includes('..')) continue
    throw new KernelBuildError(
      'patch',
      `${path} changes ${file}, which is outside the source tree`,
      'make the patch at the root of the source tree',
    )
  }
  return { path, text, header: parseHeader(lines), files: [...files] }
}

/** `--- a/net/ipv4/arp.c<TAB>date` without its first folder; empty for /dev/null. */
function pathIn(line: string): string {
  const name = line.slice(4).replace(/\t.*$/, '').trim()
  return name === '/dev/null' ? '' : name.replace(/^[^/]*\//, name.startsWith('/') ? '/' : '')
}

function parseHeader(lines: readonly string[]): PatchHeader {
  const fields = new Map<string, string>()
  let current = ''
  for (const line of lines) {
    if (/^(diff |--- |Index: )/.test(line)) break
    const text = line.replace(/^# ?/, '')
    const [, name = '', value = ''] = /^([A-Za-z-]+):\s*(.*)$/.exec(text) ?? []
    if (name) {
      current = name.toLowerCase()
      fields.set(current, value)
    } else if (current && /^\s+\S/.test(text)) {
      fields.set(current, `${fields.get(current)} ${text.trim()}`)
    } else current = ''
  }
  const field = (name: string) => fields.get(name) ?? ''
  return { subject: field('subject'), upstream: field('upstream'), reason: field('reason') }
}

/**
 * What the patches, applied in order, make of a tree. The tree itself is not touched: they are applied to copies
 * of the files that they name. Hunks may have moved, but their context must be as it was: a kernel that is to
 * differ by exactly one change is no place for guesses. Throws KernelBuildError `patch`, with the patch, the file and the
 * hunk that does not apply.
 */
export async function patchedFiles(tree: string, patches: readonly Patch[]): Promise<PatchedFile[]> {
  const paths = [...new Set(patches.flatMap(({ files }) => files))]
  if (!paths.length) return []
  return withDir(
    async ({ path: scratch }) => {
      for (const path of paths) {
        await mkdir(join(scratch, dirname(path)), { recursive: true })
        await cp(join(tree, path), join(scratch, path)).catch(ignoreMissing)
      }
      for (const patch of patches) await apply(patch, scratch, tree)
      return Promise.all(
        paths.map(async path => ({
          path,
          before: await readIfThere(join(tree, path)),
          after: await readIfThere(join(scratch, path)),
        })),
      )
    },
    { prefix: 'netns-lab-patch', unsafeCleanup: true },
  )
}

async function apply(patch: Patch, scratch: string, tree: string): Promise<void> {
  const missing: string[] = []
  for (const file of patch.files) {
    const made = new RegExp(`^--- /dev/null.*\\n\\+\\+\\+ [^/\\n]*/${escapeRegExp(file)}`, 'm').test(
      patch.text,
    )
    if (!made && (await readIfThere(join(scratch, file))) === undefined) missing.push(file)
  }
  if (missing.length) {
    throw new KernelBuildError(
      'patch',
      `${basename(patch.path)} does not apply: ${tree} has no ${missing.join(', ')}`,
      'make the patch against this source',
    )
  }
  const result = await execa(
    'patch',
    ['--strip=1', '--fuzz=0', '--forward', '--batch', '--no-backup-if-mismatch', '--reject-file=-'],
    { cwd: scratch, input: patch.text, reject: false, all: true, env: { LC_ALL: 'C' } },
  )
  if (result.exitCode === 0) return
  if (result.exitCode === undefined) {
    throw new KernelBuildError(
      'missing-package',
      `cannot run patch: ${result.shortMessage}`,
      'apt-get install --no-install-recommends patch',
    )
  }
  throw new KernelBuildError('patch', ...describeRefusal(patch, result.all, tree))
}

/** What GNU patch printed when it refused, as a sentence that names the patch, the file and the hunk, and a remedy. */
function describeRefusal(patch: Patch, output: string, tree: string): [message: string, remedy: string] {
  const name = basename(patch.path)
  if (/Reversed \(or previously applied\) patch detected/.test(output)) {
    const file = /^patching file '?(.*?)'?$/m.exec(output)?.[1] ?? patch.files.join(', ')
    return [
      `${name} does not apply: ${file} in ${tree} has the change already`,
      'leave the patch out, or reverse it',
    ]
  }
  let file = ''
  const failed: string[] = []
  for (const line of output.split('\n')) {
    file = /^patching file '?(.*?)'?$/.exec(line)?.[1] ?? file
    const hunk = /^Hunk #(\d+) FAILED at (\d+)/.exec(line)
    if (hunk) failed.push(`hunk ${hunk[1]} of ${file}, at line ${hunk[2]}`)
  }
  if (failed.length) {
    return [
      `${name} does not apply to ${tree}: ${failed.join('; ')}`,
      'the lines around it differ here: make the patch against this source',
    ]
  }
  return [
    `${name} does not apply to ${tree}: ${lastLines(output)}`,
    'make the patch against this source with git diff or diff -ru',
  ]
}

function escapeRegExp(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
