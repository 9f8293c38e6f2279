import { existsSync } from 'node:fs'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { withDir } from 'tmp-promise'
import { installedPackages, packagesDigest } from '../base/dpkg.js'
import { isNoSpace, writeWhole } from '../base/files.js'
import { diskFull, requireSpace } from '../kernels/cache.js'
import { buildArchive } from './build.js'
import { findRelease, type Release } from './releases.js'
import { distroFolder, type FetchedRoot, fetchedRoots, MANIFEST, type Manifest, ROOT } from './store.js'
import { unpackRoot } from './unpack.js'

/** How to fetch a release's root. */
interface FetchOptions {
  /** Called with what is being done. */
  readonly onStep?: (release: string, step: string) => void
  /** Make it anew, although one is there already. */
  readonly update?: boolean
  /** Take an archive whose signed index says that it is no longer valid. */
  readonly allowExpired?: boolean
}

/** Room for the packages, the archive and the unpacked root, in bytes. */
const SPACE = 900 * 1024 ** 2

/** How much of the digest a folder is called after. */
const NAME_LENGTH = 16

/**
 * Brings a release's root into the cache. One that is there already is returned as it is, unless it lacks a package that is
 * wanted now, or an update is asked for; an update that comes to the same packages changes nothing. Throws what `buildArchive` does, and DistroError `unknown-distro`.
 */
export async function fetchRoot(name: string, options: FetchOptions = {}): Promise<FetchedRoot> {
  const release = findRelease(name)
  const [present] = await fetchedRoots(release)
  if (present?.lacks.length === 0 && options.update !== true) return present
  const home = distroFolder(release)
  // Others have no business with the programs in it that run with root's rights.
  await mkdir(home, { recursive: true, mode: 0o700 })
  await requireSpace(home, SPACE, `the root of ${release.name}`)
  try {
    // Beside its final place, so that the rename at the end is atomic.
    return await withDir(({ path }) => build(release, path, options), {
      tmpdir: home,
      prefix: '.making',
      unsafeCleanup: true,
    })
  } catch (error) {
    if (isNoSpace(error)) throw diskFull(home, `cannot make the root of ${release.name}`, error)
    throw error
  }
}

async function build(
  release: Release,
  scratch: string,
  { onStep = () => {}, allowExpired = false }: FetchOptions,
): Promise<FetchedRoot> {
  const say = (step: string) => onStep(release.name, step)
  const { archive, image, date } = await buildArchive(release, { scratch, allowExpired, onStep: say })
  say('unpacking the root')
  const folder = join(scratch, 'new')
  await mkdir(join(folder, ROOT), { recursive: true, mode: 0o755 })
  await unpackRoot(archive, 'tar', join(folder, ROOT))
  const packages = installedPackages(join(folder, ROOT))
  const manifest: Manifest = {
    name: release.name,
    date: date.toISOString(),
    digest: packagesDigest(packages),
    image,
    packages: Object.fromEntries(packages),
  }
  const final = join(distroFolder(release), manifest.digest.slice(0, NAME_LENGTH))
  // The same packages are there already, perhaps in use: only their archive is newer.
  if (existsSync(final)) writeWhole(join(final, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`)
  else {
    await writeFile(join(folder, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`)
    await rename(folder, final)
  }
  return { ...manifest, root: join(final, ROOT), lacks: [] }
}
