/** What a cache of kernels is called that continuous integration keeps from run to run. */
import { createHash } from 'node:crypto'
import { refreshAvailable } from './available.js'
import { findInCatalogue } from './catalogue.js'
import { newestAvailable } from './fetch.js'

/** GitHub refuses a key with more characters, and one with a comma. */
const LONGEST = 512

/**
 * The key of these kernels of the catalogue, in whatever order: another one as soon as the mirror's own index has a newer package of one of them.
 * Reads the index anew. Throws KernelError `unknown-kernel`, `no-network`, `disk-full` or `package`; LabError (exit 69)
 * without apt.
 */
export async function kernelsKey(names: readonly string[]): Promise<string> {
  const packages: string[] = []
  // One after the other: two names may stand for one suite, whose index takes one reader at a time.
  for (const found of names.map(findInCatalogue)) {
    const { entry, available } =
      'among' in found
        ? await newestAvailable(found)
        : { entry: found, available: await refreshAvailable(found) }
    packages.push(`${entry.name.replace(':', '-')}_${available.packageVersion}`)
  }
  return keyOf(packages)
}

/** The key of packages by name and version; a digest where their names are too long for one. */
export function keyOf(packages: readonly string[]): string {
  const sorted = [...new Set(packages)].sort().join('-')
  const key = `netns-lab-kernels-${sorted}`
  return key.length <= LONGEST
    ? key
    : `netns-lab-kernels-${createHash('sha256').update(sorted).digest('hex')}`
}
