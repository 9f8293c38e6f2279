/** What Debian's archive has of an entry of the catalogue, by the index as it was last read. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { isNoSpace } from '../base/files.js'
import { mainlineVersion } from '../model/version.js'
import { PrivateApt } from './apt.js'
import { diskFull } from './cache.js'
import type { CatalogueEntry } from './catalogue.js'
import { KernelError } from './error.js'
import { kernelFolder, readJson } from './store.js'

const availableSchema = z.object({
  package: z.string(),
  packageVersion: z.string(),
  mainlineVersion: z.string(),
  downloadBytes: z.number(),
  installedBytes: z.number(),
})

/** A kernel that the index has. Sizes in bytes. */
export type AvailableKernel = Readonly<z.infer<typeof availableSchema>>

/** What the index had when it was last read; undefined where it never was. Asks nothing of the network. */
export async function readAvailable(entry: CatalogueEntry): Promise<AvailableKernel | undefined> {
  return readJson(availableFile(entry), availableSchema)
}

/** Reads the index anew. Throws KernelError `no-network`, `disk-full` or `package`; LabError (exit 69) without apt. */
export async function refreshAvailable(entry: CatalogueEntry): Promise<AvailableKernel> {
  const folder = kernelFolder(entry)
  try {
    await mkdir(folder, { recursive: true })
    const apt = new PrivateApt(entry)
    await apt.update()
    const plan = await apt.plan()
    const meta = plan.find(({ package: name }) => name === entry.metaPackage)
    const image = plan.find(
      ({ package: name }) => /^linux-image-\d.*-amd64$/.test(name) && name !== meta?.package,
    )
    if (!meta) {
      throw new KernelError(
        'package',
        `the index of ${entry.name} has no ${entry.metaPackage}`,
        'read the index again; if that does not help, Debian has renamed the package',
      )
    }
    const available = {
      package: image?.package ?? meta.package,
      packageVersion: meta.version,
      mainlineVersion: mainlineVersion(meta.version),
      downloadBytes: plan.reduce((sum, { downloadBytes }) => sum + downloadBytes, 0),
      installedBytes: plan.reduce((sum, { installedBytes }) => sum + installedBytes, 0),
    }
    await writeFile(availableFile(entry), `${JSON.stringify(available, null, 2)}\n`)
    return available
  } catch (error) {
    if (isNoSpace(error)) throw diskFull(folder, `cannot read the index of ${entry.name}`, error)
    throw error
  }
}

function availableFile(entry: CatalogueEntry): string {
  return join(kernelFolder(entry), '.available.json')
}
