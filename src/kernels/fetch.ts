import { rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { withDir } from 'tmp-promise'
import { isNoSpace } from '../base/files.js'
import { PrivateApt } from './apt.js'
import { type AvailableKernel, refreshAvailable } from './available.js'
import { diskFull, requireSpace } from './cache.js'
import { type CatalogueEntry, findInCatalogue, type NewestName } from './catalogue.js'
import { KernelError } from './error.js'
import { comparePackageVersions } from './package-version.js'
import {
  type FetchedKernel,
  fetchedKernels,
  kernelFolder,
  MANIFEST,
  newestFetched,
  withPaths,
} from './store.js'
import { describeUnpacked, unpackAll } from './unpack.js'

/** What a fetch is doing. */
interface FetchProgress {
  readonly name: string
  readonly phase: 'index' | 'download' | 'unpack'
  /** Bytes, in the download phase; 0 in the others. */
  readonly done: number
  /** Bytes, in the download phase; 0 in the others. */
  readonly total: number
}

type Report = (phase: FetchProgress['phase'], done?: number, total?: number) => void

/** How to fetch a kernel. */
export interface FetchOptions {
  readonly onProgress?: (progress: FetchProgress) => void
  /** Read the index anew and take the newest version, although one is there already. */
  readonly update?: boolean
}

/** The fetches that are under way, by the entry's name. */
const inProgress = new Map<string, Promise<FetchedKernel>>()

/**
 * Brings a Debian kernel into the cache, by a name of the catalogue such as `debian:6.1`: index, download and hashes by apt,
 * unpacked with dpkg-deb. Nothing is installed. A kernel that is there already is returned as it is, unless an update is
 * asked for. Throws KernelError `unknown-kernel`, `no-network`, `disk-full` or `package`; LabError (exit 69) without apt,
 * dpkg-deb or depmod.
 */
export async function fetchKernel(name: string, options: FetchOptions = {}): Promise<FetchedKernel> {
  const { update = false, onProgress } = options
  const found = findInCatalogue(name)
  if (!update) {
    const present = await newestFetched(found)
    if (present) return present
  }
  const report: Report = (phase, done = 0, total = 0) =>
    onProgress?.({ name: found.name, phase, done, total })
  report('index')
  const entry = 'among' in found ? (await newestAvailable(found)).entry : found
  const running = inProgress.get(entry.name)
  if (running) return running
  const task = fetchEntry(entry, report).finally(() => inProgress.delete(entry.name))
  inProgress.set(entry.name, task)
  return task
}

/** The entry whose suite has the newest kernel of a major version, by indexes that are read anew. Throws KernelError. */
export async function newestAvailable(
  newest: NewestName,
): Promise<{ readonly entry: CatalogueEntry; readonly available: AvailableKernel }> {
  const candidates = await Promise.all(
    newest.among.map(async entry => ({ entry, available: await refreshAvailable(entry) })),
  )
  const [first] = candidates
    .filter(({ available }) => available.mainlineVersion.startsWith(`${newest.major}.`))
    .sort((a, b) => comparePackageVersions(b.available.packageVersion, a.available.packageVersion))
  if (first) return first
  throw new KernelError(
    'unknown-kernel',
    `no suite has a ${newest.major}.x kernel (${newest.name})`,
    `name a suite instead: ${newest.among.map(entry => entry.name).join(', ')}`,
  )
}

async function fetchEntry(entry: CatalogueEntry, report: Report): Promise<FetchedKernel> {
  const available = await refreshAvailable(entry)
  const { packageVersion, downloadBytes, installedBytes } = available
  const present = (await fetchedKernels(entry)).find(kernel => kernel.packageVersion === packageVersion)
  if (present) return present

  const what = `${entry.name} (${packageVersion})`
  const home = kernelFolder(entry)
  await requireSpace(home, downloadBytes + installedBytes, what)
  const apt = new PrivateApt(entry)
  await apt.download(done => report('download', Math.min(done, downloadBytes), downloadBytes))
  report('unpack')
  const final = join(home, packageVersion)
  try {
    // Beside its final place, so that the rename at the end is atomic.
    return await withDir(
      async ({ path }) => {
        const root = join(path, packageVersion)
        const files = await apt.files()
        await unpackAll(files, root, what)
        const manifest = await describeUnpacked(root, entry.name, available)
        await writeFile(join(root, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`)
        await rm(final, { recursive: true, force: true })
        await rename(root, final)
        await Promise.all(files.map(file => rm(file, { force: true })))
        return withPaths(manifest, final)
      },
      { tmpdir: home, prefix: '.unpacking', unsafeCleanup: true },
    )
  } catch (error) {
    if (isNoSpace(error)) throw diskFull(home, `cannot unpack ${what}`, error)
    throw error
  }
}
