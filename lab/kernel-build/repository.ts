import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * The absolute path of a file of this repository that the compiler does not copy, such as a patch.
 * @param path relative to the repository's root
 */
export function repositoryFile(path: string): string {
  const above = join(dirname(fileURLToPath(import.meta.url)), '../..')
  // Compiled, this file is one folder deeper, in dist/.
  return join(existsSync(join(above, 'package.json')) ? above : dirname(above), path)
}
