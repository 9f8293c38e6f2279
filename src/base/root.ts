/** Where this program lies. */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

let found: string | undefined

/** The folder of package.json, absolute. Throws when the program was not installed as a package. */
export function projectRoot(): string {
  if (found !== undefined) return found
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder)
    if (parent === folder) throw new Error('no package.json above the program')
    folder = parent
  }
  found = folder
  return folder
}

/** The absolute path of a file of this project that the compiler does not copy, such as a patch; `path` is relative to its root. */
export function repositoryFile(path: string): string {
  return join(projectRoot(), path)
}
