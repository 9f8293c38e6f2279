import { createHash } from 'node:crypto'
import { mkdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { execa } from 'execa'
import { isFile } from '../../base/files.js'
import { lastLines } from '../../base/text.js'
import { PrivateApt } from '../apt.js'
import { requireSpace, SPACE_REMEDY, saysNoSpace } from '../cache.js'
import { type CatalogueEntry, findInCatalogue } from '../catalogue.js'
import { KernelError } from '../error.js'
import { KernelBuildError } from './error.js'

/** An unpacked kernel source that can be built from. */
export interface KernelSource {
  /** As the caller named it: `debian:6.12`, or the path. */
  readonly name: string
  /** What the cache calls it; two sources never share a key. */
  readonly key: string
  /** The root of the source tree, absolute. */
  readonly tree: string
  /** By the tree's own Makefile: `6.12.117`, `7.0.0-rc3`. */
  readonly version: string
  /** The source package's version; undefined for a tree by path, which may change from one build to the next. */
  readonly packageVersion: string | undefined
}

/** What unpacking a source package is doing. */
export type SourceProgress =
  | { readonly phase: 'index' | 'unpack' }
  /** In bytes. */
  | { readonly phase: 'download'; readonly done: number; readonly total: number }

/** Room for the unpacked tree while its archive is still there, in bytes. */
const SPACE_TO_UNPACK = 2.5 * 1024 ** 3

/**
 * Finds a kernel source: `debian:SERIES` is Debian's package `linux-source-SERIES`, fetched and unpacked into `folder`, the
 * cache's for sources, unless it is there; anything else is the path of a source tree, which is used where it is. Throws
 * KernelBuildError `usage` for an unknown name or a path without a kernel, `source` or `disk-full` where the package cannot be
 * unpacked; KernelError `no-network`, `package` or `disk-full` where it cannot be had; LabError (exit 69) without apt.
 */
export async function findSource(
  name: string,
  folder: string,
  onProgress: (progress: SourceProgress) => void = () => {},
): Promise<KernelSource> {
  return name.startsWith('debian:') ? debianSource(name, folder, onProgress) : treeByPath(name)
}

/**
 * Makes sure that `findSource` can be asked for this source: the name is known, or the path is a source tree. Needs no
 * network and writes nothing. Throws KernelBuildError `usage`.
 */
export async function checkSource(name: string): Promise<void> {
  if (name.startsWith('debian:')) debianPackage(name)
  else await treeByPath(name)
}

/** What the cache calls a source. It is told from the name alone: the lock on it is taken before it is fetched. */
export async function sourceKey(name: string): Promise<string> {
  if (name.startsWith('debian:')) return name.replaceAll(/[^a-z0-9.]+/gi, '-')
  const path = await realpath(name).catch(() => resolve(name))
  return `${basename(path)}-${createHash('sha256').update(path).digest('hex').slice(0, 8)}`
}

async function treeByPath(name: string): Promise<KernelSource> {
  const tree = await realpath(name).catch(() => {
    throw new KernelBuildError(
      'usage',
      `there is no kernel source '${name}'`,
      'give the path of a source tree, or debian:SERIES (debian:6.12)',
    )
  })
  return {
    name,
    key: await sourceKey(name),
    tree,
    version: await treeVersion(tree),
    packageVersion: undefined,
  }
}

/** The version in a source tree's Makefile. Throws KernelBuildError `usage` where the folder is no kernel source. */
async function treeVersion(tree: string): Promise<string> {
  const makefile = await readFile(join(tree, 'Makefile'), 'utf8').catch(() => '')
  const field = (name: string) => new RegExp(`^${name} *= *(.*?) *$`, 'm').exec(makefile)?.[1]
  const [version, patchlevel, sublevel] = ['VERSION', 'PATCHLEVEL', 'SUBLEVEL'].map(field)
  const isKernel = version && patchlevel && sublevel !== undefined && isFile(join(tree, 'Kconfig'))
  if (isKernel) return `${version}.${patchlevel}.${sublevel}${field('EXTRAVERSION') ?? ''}`
  throw new KernelBuildError(
    'usage',
    `${tree} is no kernel source: it has no Makefile with VERSION, PATCHLEVEL and SUBLEVEL beside a Kconfig`,
    'give the root of a source tree',
  )
}

async function debianSource(
  name: string,
  folder: string,
  onProgress: (progress: SourceProgress) => void,
): Promise<KernelSource> {
  const { series } = debianPackage(name)
  const key = await sourceKey(name)
  const home = join(folder, key)
  const stamp = join(home, 'package-version')
  const tree = join(home, `linux-source-${series}`)
  const source = async (packageVersion: string): Promise<KernelSource> => ({
    name,
    key,
    tree,
    version: await treeVersion(tree),
    packageVersion,
  })

  const unpacked = await readFile(stamp, 'utf8').catch(() => undefined)
  if (unpacked) return source(unpacked)

  await mkdir(home, { recursive: true })
  await requireSpace(home, SPACE_TO_UNPACK, `unpacking the source of ${name}`)
  const { file, version, downloaded } = await fetchPackage(name, `linux-source-${series}`, onProgress)
  onProgress({ phase: 'unpack' })
  await unpack(file, series, home)
  for (const path of downloaded) await rm(path, { force: true })
  // Written last: a tree without its stamp was never completely there.
  await writeFile(stamp, version)
  return source(version)
}

/** The series in a source's name, `6.12`, and where Debian's archive has it. */
function debianPackage(name: string): { series: string; entry: CatalogueEntry } {
  const series = /(\d+\.\d+)$/.exec(name)?.[1]
  if (!series) {
    throw new KernelBuildError(
      'usage',
      `'${name}' names no kernel series`,
      'give debian:SERIES, like debian:6.12; for another source, unpack it and give its path',
    )
  }
  const entry = inCatalogue(name)
  if ('suites' in entry) return { series, entry }
  throw new KernelBuildError('usage', `'${name}' stands for several kernels`, 'give one: debian:6.12')
}

/** As `findInCatalogue`, whose error here is the call's, not the kernel's: it would be the same with every commit. */
function inCatalogue(name: string): ReturnType<typeof findInCatalogue> {
  try {
    return findInCatalogue(name)
  } catch (error) {
    if (error instanceof KernelError)
      throw new KernelBuildError('usage', error.message, error.remedy, { cause: error })
    throw error
  }
}

async function fetchPackage(
  name: string,
  wanted: string,
  onProgress: (progress: SourceProgress) => void,
): Promise<{ file: string; version: string; downloaded: string[] }> {
  const { entry } = debianPackage(name)
  const apt = new PrivateApt({ ...entry, name: `${entry.name}-source`, metaPackage: wanted })
  onProgress({ phase: 'index' })
  await apt.update()
  const packages = await apt.plan()
  const total = packages.reduce((sum, { downloadBytes }) => sum + downloadBytes, 0)
  await apt.download(done => onProgress({ phase: 'download', done, total }))
  const version = packages.find(plan => plan.package === wanted)?.version
  // apt also brings what the package depends on (binutils, xz-utils), which this machine's own serve for.
  const downloaded = await apt.files()
  const file = downloaded.find(path => basename(path).startsWith(`${wanted}_`))
  if (version && file) return { file, version, downloaded }
  throw new KernelBuildError('source', `apt did not download ${wanted} (${name})`, 'run it again')
}

async function unpack(file: string, series: string, home: string): Promise<void> {
  const scratch = join(home, 'unpacking')
  await rm(scratch, { recursive: true, force: true })
  await mkdir(scratch)
  try {
    const archive = join(scratch, 'usr', 'src', `linux-source-${series}.tar.xz`)
    await run('dpkg-deb', ['--extract', file, scratch])
    await run('tar', ['--extract', '--xz', '--file', archive, '--directory', scratch])
    const name = `linux-source-${series}`
    await rm(join(home, name), { recursive: true, force: true })
    await rename(join(scratch, name), join(home, name))
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

async function run(program: string, args: readonly string[]): Promise<void> {
  const result = await execa(program, args, {
    reject: false,
    all: true,
    stdin: 'ignore',
    env: { LC_ALL: 'C' },
  })
  if (!result.failed) return
  const text = lastLines(result.all || (result.shortMessage ?? ''))
  if (saysNoSpace(text)) {
    throw new KernelBuildError('disk-full', `no space left to unpack the source: ${text}`, SPACE_REMEDY)
  }
  throw new KernelBuildError('source', `${program} could not unpack the source: ${text}`, 'run it again')
}
