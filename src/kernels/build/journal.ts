import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { readIfThere } from '../../base/files.js'
import type { PatchedFile } from './patch.js'

/** One file of the journal, which is written before the tree is touched. */
interface Entry {
  readonly path: string
  /** Base64; null where the file does not exist. */
  readonly before: string | null
  readonly after: string | null
}

/**
 * Puts the patched files into the tree, runs `work`, and puts the original files back, whatever happens. A process
 * that is killed in between leaves the journal behind, a file outside the tree with the originals; `restoreTree` then
 * undoes it.
 */
export async function withPatchedTree<T>(
  tree: string,
  files: readonly PatchedFile[],
  journal: string,
  work: () => Promise<T>,
): Promise<T> {
  if (!files.length) return work()
  const entries: Entry[] = files.map(({ path, before, after }) => ({
    path,
    before: before?.toString('base64') ?? null,
    after: after?.toString('base64') ?? null,
  }))
  await mkdir(dirname(journal), { recursive: true })
  await replaceFile(journal, Buffer.from(JSON.stringify({ tree, entries })))
  try {
    for (const { path, after } of files) await put(join(tree, path), after)
    return await work()
  } finally {
    await restoreTree(tree, journal)
  }
}

/**
 * Undoes what an unfinished `withPatchedTree` left in the tree; resolves with the paths that were put back, none where
 * there was nothing to undo. A file that is neither patched nor original any more was changed by somebody else since (a
 * checkout, an editor) and is left as it is.
 */
export async function restoreTree(tree: string, journal: string): Promise<string[]> {
  const text = await readIfThere(journal)
  if (!text) return []
  const { entries } = JSON.parse(text.toString()) as { entries: Entry[] }
  const restored: string[] = []
  for (const { path, before, after } of entries) {
    const current = (await readIfThere(join(tree, path)))?.toString('base64') ?? null
    if (current !== after || current === before) continue
    await put(join(tree, path), before === null ? undefined : Buffer.from(before, 'base64'))
    restored.push(path)
  }
  await rm(journal)
  return restored
}

/** Writes a file anew, or removes it. The new time is what makes `make` compile it again, also when it goes back. */
async function put(path: string, contents: Buffer | undefined): Promise<void> {
  if (contents) await replaceFile(path, contents)
  else await rm(path, { force: true })
}

/** Never half a file: it is written beside the old one, which it then replaces with its mode. */
async function replaceFile(path: string, contents: Buffer): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const temporary = `${path}.netns-lab`
  await writeFile(temporary, contents, { mode: await modeOf(path) })
  await rename(temporary, path)
}

async function modeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ mode }) => mode & 0o777,
    () => 0o644,
  )
}
