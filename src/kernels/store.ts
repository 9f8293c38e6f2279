/** The kernel packages that are unpacked in the cache, and what the archive's index said when it was last read. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { readIfThere } from '../base/files.js'
import { cacheRoot } from './cache.js'
import { type CatalogueEntry, findInCatalogue, type NewestName } from './catalogue.js'
import type { Kernel } from './kernel.js'
import { comparePackageVersions } from './package-version.js'

/** A kernel package, unpacked in the cache. */
export interface FetchedKernel extends Kernel {
  readonly modulesDir: string
  readonly packageVersion: string
}

const manifestSchema = z.object({
  name: z.string(),
  vmlinuz: z.string(),
  modulesDir: z.string(),
  config: z.string().optional(),
  release: z.string(),
  packageVersion: z.string(),
  mainlineVersion: z.string(),
})

/** What is kept beside an unpacked kernel; its paths are relative to where that lies. */
export type Manifest = z.infer<typeof manifestSchema>

/** The file in an unpacked kernel's folder that has its manifest. */
export const MANIFEST = 'kernel.json'

/** The cache's folder for an entry's kernels, each in one that is called after its version. It need not exist. */
export function kernelFolder(entry: CatalogueEntry): string {
  return join(cacheRoot(), 'kernels', entry.name.replace(':', '-'))
}

/** The newest version in the cache of a catalogue name; undefined if there is none. Throws KernelError `unknown-kernel`. */
export async function findFetched(name: string): Promise<FetchedKernel | undefined> {
  return newestFetched(findInCatalogue(name))
}

/** The newest version in the cache of an entry, or of several; undefined if there is none. */
export async function newestFetched(found: CatalogueEntry | NewestName): Promise<FetchedKernel | undefined> {
  if (!('among' in found)) return (await fetchedKernels(found))[0]
  const candidates = (await Promise.all(found.among.map(fetchedKernels))).flat()
  return candidates
    .filter(kernel => kernel.mainlineVersion.startsWith(`${found.major}.`))
    .sort((a, b) => comparePackageVersions(b.packageVersion, a.packageVersion))[0]
}

/** All versions of an entry in the cache, newest first. */
export async function fetchedKernels(entry: CatalogueEntry): Promise<FetchedKernel[]> {
  const folder = kernelFolder(entry)
  const names = await readdir(folder).catch(() => [])
  const kernels = await Promise.all(
    names
      // What is being unpacked has no name yet.
      .filter(name => !name.startsWith('.'))
      .map(async name => {
        const manifest = await readJson(join(folder, name, MANIFEST), manifestSchema)
        return manifest ? [withPaths(manifest, join(folder, name))] : []
      }),
  )
  return kernels.flat().sort((a, b) => comparePackageVersions(b.packageVersion, a.packageVersion))
}

/** The kernel that a manifest describes, with the paths that its files have where it lies. */
export function withPaths(manifest: Manifest, folder: string): FetchedKernel {
  return {
    ...manifest,
    vmlinuz: join(folder, manifest.vmlinuz),
    modulesDir: join(folder, manifest.modulesDir),
    config: manifest.config === undefined ? undefined : join(folder, manifest.config),
  }
}

/** What a file of the cache's says; undefined where there is none, or where it is of another version of the lab. */
export async function readJson<T>(path: string, schema: z.ZodType<T>): Promise<T | undefined> {
  try {
    const text = await readIfThere(path)
    return text && schema.safeParse(JSON.parse(text.toString())).data
  } catch {
    return undefined
  }
}
