/** What a cache of releases' roots is called that continuous integration keeps from run to run. */
import { withDir } from 'tmp-promise'
import { aptProxy, releaseDate } from './build.js'
import { findRelease } from './releases.js'

/**
 * The key of these releases' roots, in whatever order: another one as soon as the mirror's index of one of them is a newer one. Throws
 * DistroError `unknown-distro` or `no-network`.
 */
export async function rootsKey(names: readonly string[]): Promise<string> {
  const releases = names.map(findRelease)
  const proxy = await aptProxy()
  const parts = await Promise.all(
    releases.map(release =>
      withDir(
        async ({ path }) =>
          `${release.name.replace(':', '-')}_${(await releaseDate(release, path, proxy)).toISOString().replace(/\W/g, '')}`,
        { unsafeCleanup: true },
      ),
    ),
  )
  return `netns-lab-roots-${[...new Set(parts)].sort().join('-')}`
}
