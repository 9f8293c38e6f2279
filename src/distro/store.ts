/** The roots that are unpacked in the cache. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { cacheRoot } from '../kernels/cache.js'
import { readJson } from '../kernels/store.js'
import { DistroError } from './error.js'
import { findRelease, type Release } from './releases.js'

const manifestSchema = z.object({
  /** The release's name. */
  name: z.string(),
  /** When the archive's suites were last changed, by their Release files. */
  date: z.iso.datetime(),
  /** SHA-256 of the sorted lines `package=version`. */
  digest: z.string(),
  /** SHA-256 of the archive that mmdebstrap made. */
  image: z.string(),
  /** Every package's version. */
  packages: z.record(z.string(), z.string()),
})

/** What is kept beside an unpacked root. */
export type Manifest = Readonly<z.infer<typeof manifestSchema>>

/** The file in a root's folder that has its manifest, and the folder with the root. */
export const MANIFEST = 'manifest.json'
export const ROOT = 'root'

/** A release's root in the cache. */
export interface FetchedRoot extends Manifest {
  /** The folder that is its `/`. */
  readonly root: string
  /** Packages that are wanted of its release and that it was made without, by a program that did not want them yet. */
  readonly lacks: readonly string[]
}

/** The cache's folder for a release's roots, each in one that is called after its digest. It need not exist. */
export function distroFolder({ name }: Release): string {
  return join(cacheRoot(), 'distros', name.replace(':', '-'))
}

/** All roots of a release in the cache: those that lack nothing first, and of these that of the newest archive. */
export async function fetchedRoots(release: Release): Promise<FetchedRoot[]> {
  const folder = distroFolder(release)
  const names = await readdir(folder).catch(() => [])
  const roots = await Promise.all(
    names
      // What is being unpacked has no name yet.
      .filter(name => !name.startsWith('.'))
      .map(async name => {
        const manifest = await readJson(join(folder, name, MANIFEST), manifestSchema)
        if (!manifest) return []
        const lacks = release.packages.filter(one => manifest.packages[one] === undefined)
        return [{ ...manifest, root: join(folder, name, ROOT), lacks }]
      }),
  )
  return roots.flat().sort((a, b) => a.lacks.length - b.lacks.length || (a.date < b.date ? 1 : -1))
}

/** The root of a release to run in: the first of `fetchedRoots`. Throws DistroError `unknown-distro` or `not-fetched`. */
export async function findRoot(name: string): Promise<FetchedRoot> {
  const release = findRelease(name)
  const [root] = await fetchedRoots(release)
  if (root) return root
  throw new DistroError(
    'not-fetched',
    `${release.name} is not in the cache (${cacheRoot()})`,
    `fetch it: lab distro fetch ${release.name}`,
  )
}
