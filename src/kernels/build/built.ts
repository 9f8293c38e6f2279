import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { isFile } from '../../base/files.js'
import { cacheRoot } from '../cache.js'

/** The cache's folder for sources, each in a folder of its own with what was built from it. It need not exist. */
export function sourcesFolder(): string {
  return join(cacheRoot(), 'source')
}

/** Where a built kernel is kept: its `bzImage`, its `config` and its description. */
export function builtFolder(home: string, name: string): string {
  return join(home, 'kernels', name)
}

/** The boot images of the built kernels of this name: more than one where kernels from two sources are called alike. */
export async function findBuilt(name: string): Promise<string[]> {
  const sources = await readdir(sourcesFolder()).catch(() => [])
  return sources
    .sort()
    .map(source => join(builtFolder(join(sourcesFolder(), source), name), 'bzImage'))
    .filter(isFile)
}
