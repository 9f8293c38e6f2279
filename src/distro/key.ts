/** What a cache of releases' roots is called that continuous integration keeps from run to run. */
import { createHash } from 'node:crypto'
import { withDir } from 'tmp-promise'
import { aptProxy, releaseDate } from './build.js'
import { findRelease, type Release } from './releases.js'

/** How much of a hash is in a key. */
const HASH_LENGTH = 8

/**
 * The key of these releases' roots, in whatever order: another one as soon as the mirror's index of one of them is a newer one, or
 * other packages are wanted in it. Throws DistroError `unknown-distro` or `no-network`.
 */
export async function rootsKey(names: readonly string[]): Promise<string> {
  const releases = names.map(findRelease)
  const proxy = await aptProxy()
  const parts = await Promise.all(
    releases.map(release =>
      withDir(async ({ path }) => keyOf(release, await releaseDate(release, path, proxy)), {
        unsafeCleanup: true,
      }),
    ),
  )
  return `netns-lab-roots-${[...new Set(parts)].sort().join('-')}`
}

/** What one release's root is kept under that is made of the archive of this date. */
export function keyOf({ name, packages }: Pick<Release, 'name' | 'packages'>, date: Date): string {
  const wanted = createHash('sha256').update(packages.join('\n')).digest('hex').slice(0, HASH_LENGTH)
  return `${name.replace(':', '-')}_${date.toISOString().replace(/\W/g, '')}_${wanted}`
}
