import {
  access,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  unlink,
  writeFile,
} from 'node:fs/promises'
import { basename, join } from 'node:path'
import { execa } from 'execa'
import { z } from 'zod'
import { isNoSpace, PrivateApt } from './apt.js'
import { parseBootImage } from './boot-image.js'
import { cacheRoot, diskFull, requireSpace } from './cache.js'
import { type CatalogueEntry, catalogue, findInCatalogue, type NewestName } from './catalogue.js'
import { KernelError } from './error.js'
import { requireTool } from './tools.js'
import { compareVersions, mainlineOfPackage } from './version.js'

/** A kernel to boot: an image, and the modules that belong to it. */
export interface Kernel {
  /** the catalogue's name, or the path that it was given by */
  readonly name: string
  readonly vmlinuz: string
  /** what would be `/lib/modules/RELEASE`; undefined for a kernel without loadable modules */
  readonly modulesDir: string | undefined
  /** the build's `.config`, where it came along */
  readonly config: string | undefined
  /** as `uname -r` prints it */
  readonly release: string
  readonly packageVersion: string | undefined
  /** the kernel.org version: `6.1.192`, `7.3-rc7` */
  readonly mainlineVersion: string
}

/** A kernel package, unpacked in the cache. */
export interface FetchedKernel extends Kernel {
  readonly modulesDir: string
  readonly packageVersion: string
}

/** What a fetch is doing. */
interface FetchProgress {
  readonly name: string
  readonly phase: 'index' | 'download' | 'unpack'
  /** bytes, in the download phase; 0 in the others */
  readonly done: number
  /** bytes, in the download phase; 0 in the others */
  readonly total: number
}

/** How to fetch a kernel. */
export interface FetchOptions {
  readonly onProgress?: (progress: FetchProgress) => void
  /** read the index anew and take the newest version, although one is there already */
  readonly update?: boolean
}

/** What the catalogue offers, and what of it is here. */
export interface KernelListing {
  readonly name: string
  readonly aliases: readonly string[]
  readonly description: string
  readonly suites: readonly string[]
  /** what the index has; undefined where it was never read */
  readonly available: AvailableKernel | undefined
  /** what is unpacked in the cache, newest first */
  readonly fetched: readonly FetchedKernel[]
  /** why the index could not be read */
  readonly problem: string | undefined
}

const availableSchema = z.object({
  package: z.string(),
  packageVersion: z.string(),
  mainlineVersion: z.string(),
  downloadBytes: z.number(),
  installedBytes: z.number(),
})

/** A kernel that the index has. Sizes in bytes. */
type AvailableKernel = Readonly<z.infer<typeof availableSchema>>

const manifestSchema = z.object({
  name: z.string(),
  vmlinuz: z.string(),
  modulesDir: z.string(),
  config: z.string().optional(),
  release: z.string(),
  packageVersion: z.string(),
  mainlineVersion: z.string(),
})

const manifestFile = 'kernel.json'

/**
 * What can be had, oldest first, and what is already in the cache.
 * @param refresh `missing` (default) reads the index of entries that were never read; `all` reads each anew;
 *   `none` asks nothing of the network
 */
export async function listKernels(
  options: { readonly refresh?: 'missing' | 'all' | 'none' } = {},
): Promise<KernelListing[]> {
  const { refresh = 'missing' } = options
  return Promise.all(
    catalogue.map(async entry => {
      let problem: string | undefined
      let available = await readAvailable(entry)
      if (refresh === 'all' || (refresh === 'missing' && available === undefined)) {
        try {
          available = await refreshAvailable(entry)
        } catch (error) {
          if (!(error instanceof KernelError)) throw error
          problem = error.message
        }
      }
      return {
        name: entry.name,
        aliases: entry.aliases,
        description: entry.description,
        suites: entry.suites.map(({ suite }) => suite),
        available,
        fetched: await fetchedKernels(entry),
        problem,
      }
    }),
  )
}

/**
 * Brings a Debian kernel into the cache: index, download and hashes by apt, unpacked with dpkg-deb. Nothing is
 * installed. A kernel that is there already is returned as it is, unless an update is asked for.
 * @param name a name of the catalogue, such as `debian:6.1`
 * @throws KernelError `unknown-kernel`, `no-network`, `disk-full`, `missing-tool`, `package`
 */
export async function fetchKernel(name: string, options: FetchOptions = {}): Promise<FetchedKernel> {
  const { update = false, onProgress } = options
  const found = findInCatalogue(name)
  if (!update) {
    const present = await newestFetched(found)
    if (present) return present
  }
  const report = (phase: FetchProgress['phase'], done = 0, total = 0) =>
    onProgress?.({ name: found.name, phase, done, total })
  report('index')
  const entry = 'among' in found ? await newestAvailable(found) : found
  const running = inProgress.get(entry.name)
  if (running) return running
  const task = fetchEntry(entry, report).finally(() => inProgress.delete(entry.name))
  inProgress.set(entry.name, task)
  return task
}

const inProgress = new Map<string, Promise<FetchedKernel>>()

/** The newest version in the cache of a catalogue name, without asking the network; undefined if there is none. */
export async function findFetched(name: string): Promise<FetchedKernel | undefined> {
  return newestFetched(findInCatalogue(name))
}

async function newestFetched(found: CatalogueEntry | NewestName): Promise<FetchedKernel | undefined> {
  if (!('among' in found)) return (await fetchedKernels(found))[0]
  const candidates = (await Promise.all(found.among.map(fetchedKernels))).flat()
  return candidates
    .filter(kernel => kernel.mainlineVersion.startsWith(`${found.major}.`))
    .sort((a, b) => compareVersions(b.packageVersion, a.packageVersion))[0]
}

async function newestAvailable(newest: NewestName): Promise<CatalogueEntry> {
  const candidates = await Promise.all(
    newest.among.map(async entry => ({ entry, available: await refreshAvailable(entry) })),
  )
  const [first] = candidates
    .filter(({ available }) => available.mainlineVersion.startsWith(`${newest.major}.`))
    .sort((a, b) => compareVersions(b.available.packageVersion, a.available.packageVersion))
  if (first) return first.entry
  throw new KernelError(
    'unknown-kernel',
    `No suite has a ${newest.major}.x kernel (${newest.name})`,
    `Name a suite instead: ${newest.among.map(entry => entry.name).join(', ')}`,
  )
}

async function fetchEntry(
  entry: CatalogueEntry,
  report: (phase: FetchProgress['phase'], done?: number, total?: number) => void,
): Promise<FetchedKernel> {
  const available = await refreshAvailable(entry)
  const present = (await fetchedKernels(entry)).find(
    kernel => kernel.packageVersion === available.packageVersion,
  )
  if (present) return present

  const what = `${entry.name} (${available.packageVersion})`
  await requireSpace(kernelFolder(entry), available.downloadBytes + available.installedBytes, what)
  const apt = new PrivateApt(entry)
  await apt.download(done =>
    report('download', Math.min(done, available.downloadBytes), available.downloadBytes),
  )
  report('unpack')
  // Beside its final place, so that the rename at the end is atomic.
  const unpacked = await mkdtemp(join(kernelFolder(entry), '.unpacking-'))
  try {
    const files = await apt.files()
    await unpackAll(files, unpacked, what)
    const manifest = await describeUnpacked(unpacked, entry, available)
    await writeFile(join(unpacked, manifestFile), `${JSON.stringify(manifest, null, 2)}\n`)
    const final = join(kernelFolder(entry), available.packageVersion)
    await rm(final, { recursive: true, force: true })
    await rename(unpacked, final)
    await Promise.all(files.map(file => rm(file, { force: true })))
    return absolute(manifest, final)
  } catch (error) {
    if (isNoSpace(error)) throw diskFull(kernelFolder(entry), `Cannot unpack ${what}`, error)
    throw error
  } finally {
    await rm(unpacked, { recursive: true, force: true })
  }
}

async function unpackAll(files: readonly string[], into: string, what: string): Promise<void> {
  const dpkg = await requireTool('dpkg-deb', `unpack ${what}`)
  for (const file of files) {
    const result = await execa(dpkg, ['-x', file, into], {
      reject: false,
      all: true,
      env: { LC_ALL: 'C' },
    })
    if (!result.failed) continue
    if (/No space left|Disk quota/.test(result.all)) throw diskFull(into, `Cannot unpack ${what}`, result)
    throw new KernelError(
      'package',
      `Cannot unpack ${file}: ${result.all || result.shortMessage}`,
      'Delete the file and fetch the kernel again',
    )
  }
}

/** Finds image and modules in an unpacked package and makes the folder usable as depmod's and modprobe's root. */
async function describeUnpacked(
  root: string,
  entry: CatalogueEntry,
  available: AvailableKernel,
): Promise<z.infer<typeof manifestSchema>> {
  // Since Debian 13 the packages have no /lib: there it is a link.
  const lib = join(root, 'lib')
  const hasLib = await lstat(lib).then(
    () => true,
    () => false,
  )
  if (!hasLib) await symlink('usr/lib', lib)
  const modules = join(lib, 'modules')
  const [release, ...others] = await readdir(modules).catch(() => [])
  const candidates = [`boot/vmlinuz-${release}`, `lib/modules/${release}/vmlinuz`]
  const vmlinuz = await firstFile(root, candidates)
  if (release === undefined || others.length > 0 || vmlinuz === undefined) {
    throw new KernelError(
      'package',
      `The packages of ${entry.name} ${available.packageVersion} do not hold one kernel image with its modules`,
      'Debian has changed the layout of its packages: please report it',
    )
  }
  const image = parseBootImage(await readFile(join(root, vmlinuz)), `${available.package}: /${vmlinuz}`)
  // Left behind by the build machine, and pointing nowhere here.
  for (const link of ['build', 'source']) await unlink(join(modules, release, link)).catch(() => undefined)
  const depmod = await requireTool('depmod', `index the modules of ${entry.name}`)
  const indexed = await execa(depmod, ['-b', root, release], { reject: false, all: true })
  if (indexed.failed) {
    if (/No space left/.test(indexed.all)) throw diskFull(root, `Cannot index ${entry.name}`, indexed)
    throw new KernelError(
      'package',
      `depmod failed for ${entry.name}: ${indexed.all || indexed.shortMessage}`,
      'Fetch the kernel again',
    )
  }
  const config = await firstFile(root, [`boot/config-${release}`, `lib/modules/${release}/config`])
  return {
    name: entry.name,
    vmlinuz,
    modulesDir: `lib/modules/${release}`,
    ...(config === undefined ? {} : { config }),
    release: image.release,
    packageVersion: available.packageVersion,
    mainlineVersion: available.mainlineVersion,
  }
}

async function firstFile(root: string, candidates: readonly string[]): Promise<string | undefined> {
  for (const candidate of candidates) {
    const found = await access(join(root, candidate)).then(
      () => true,
      () => false,
    )
    if (found) return candidate
  }
  return undefined
}

async function fetchedKernels(entry: CatalogueEntry): Promise<FetchedKernel[]> {
  const folder = kernelFolder(entry)
  const names = await readdir(folder).catch(() => [])
  const kernels: FetchedKernel[] = []
  for (const name of names) {
    if (name.startsWith('.')) continue
    const text = await readFile(join(folder, name, manifestFile), 'utf8').catch(() => undefined)
    const manifest = text === undefined ? undefined : manifestSchema.safeParse(parseJson(text))
    if (manifest?.success) kernels.push(absolute(manifest.data, join(folder, name)))
  }
  return kernels.sort((a, b) => compareVersions(b.packageVersion, a.packageVersion))
}

function absolute(manifest: z.infer<typeof manifestSchema>, root: string): FetchedKernel {
  return {
    ...manifest,
    vmlinuz: join(root, manifest.vmlinuz),
    modulesDir: join(root, manifest.modulesDir),
    config: manifest.config === undefined ? undefined : join(root, manifest.config),
  }
}

async function refreshAvailable(entry: CatalogueEntry): Promise<AvailableKernel> {
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
        `The index of ${entry.name} has no ${entry.metaPackage}`,
        'Read the index again; if that does not help, Debian has renamed the package',
      )
    }
    const available = {
      package: image?.package ?? meta.package,
      packageVersion: meta.version,
      mainlineVersion: mainlineOfPackage(meta.version),
      downloadBytes: plan.reduce((sum, { downloadBytes }) => sum + downloadBytes, 0),
      installedBytes: plan.reduce((sum, { installedBytes }) => sum + installedBytes, 0),
    }
    await writeFile(availableFile(entry), `${JSON.stringify(available, null, 2)}\n`)
    return available
  } catch (error) {
    if (isNoSpace(error)) throw diskFull(folder, `Cannot read the index of ${entry.name}`, error)
    throw error
  }
}

async function readAvailable(entry: CatalogueEntry): Promise<AvailableKernel | undefined> {
  const text = await readFile(availableFile(entry), 'utf8').catch(() => undefined)
  return text === undefined ? undefined : availableSchema.safeParse(parseJson(text)).data
}

function availableFile(entry: CatalogueEntry): string {
  return join(kernelFolder(entry), '.available.json')
}

function kernelFolder(entry: CatalogueEntry): string {
  return join(cacheRoot(), 'kernels', basename(entry.name.replace(':', '-')))
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
