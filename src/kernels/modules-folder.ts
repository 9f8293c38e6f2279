import { readdir, realpath } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { KernelError } from './error.js'
import { readModule, readModuleIndex, releaseOfModule } from './modules.js'

/** The folders where the modules of an image are looked for that the user gave no folder for. */
export function usualFolders(image: string, release: string): string[] {
  return [`/lib/modules/${release}`, join(dirname(image), '..', 'lib/modules', release)]
}

/**
 * The folder that really holds the modules of an image's release, however much of its path the user gave; undefined where
 * none was given and there is none in the usual places. Throws KernelError `missing-modules`, or `release-mismatch` when
 * the modules in the given folder belong to another kernel.
 */
export async function findModules(
  image: string,
  release: string,
  given: string | undefined,
): Promise<string | undefined> {
  const candidates =
    given === undefined
      ? usualFolders(image, release)
      : [join(given, 'lib/modules', release), join(given, release), given]
  for (const candidate of candidates) {
    const real = await realpath(candidate).catch(() => undefined)
    if (real === undefined) continue
    if (given !== undefined && real === (await realpath(given).catch(() => undefined))) {
      await requireSameRelease(real, release, image)
    }
    await readModuleIndex(real)
    return real
  }
  if (given !== undefined) await readModuleIndex(resolve(given))
  return undefined
}

async function requireSameRelease(folder: string, release: string, image: string): Promise<void> {
  const others = await readdir(join(folder, 'lib/modules')).catch(() => [])
  const found = others.length > 0 ? others.join(', ') : await releaseOfFolder(folder)
  if (found === release) return
  throw new KernelError(
    'release-mismatch',
    `the modules in ${folder} are for ${found}, and ${image} is ${release}`,
    `give the modules of ${release}`,
  )
}

/** What the modules themselves say, since a folder may have been renamed. */
async function releaseOfFolder(folder: string): Promise<string> {
  const index = await readModuleIndex(folder)
  for (const { path } of index.loadable.values()) {
    const built = releaseOfModule(await readModule(join(folder, path)))
    if (built !== undefined) return built
  }
  return basename(folder)
}
