import { createHash } from 'node:crypto'
import { copyFile, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { basename, join } from 'node:path'
import { z } from 'zod'
import { repositoryFile } from '../../base/root.js'
import { requireSpace } from '../cache.js'
import { MANIFEST, readJson } from '../store.js'
import { builtFolder, sourcesFolder } from './built.js'
import { configure } from './configure.js'
import { KernelBuildError } from './error.js'
import { parseFragment } from './fragment.js'
import { restoreTree, withPatchedTree } from './journal.js'
import { withLock } from './lock.js'
import { make } from './make.js'
import { isKernelName } from './name.js'
import { type Patch, patchedFiles, readPatch } from './patch.js'
import { requirePrerequisites } from './prerequisites.js'
import { checkSource, findSource, type KernelSource, type SourceProgress, sourceKey } from './source.js'

/** What to build. */
export interface BuildOptions {
  /** `debian:SERIES` (`debian:6.12`), or the path of a source tree. */
  readonly source: string
  /** Patch files, applied in order; the tree is as before when the build is over. */
  readonly patches?: readonly string[]
  /** What to call the kernel: its folder in the cache, and the end of its `uname -r`. */
  readonly name: string
  readonly onProgress?: (progress: BuildProgress) => void
  /** Stops the build; the tree is put back, and what was compiled so far stays for the next time. */
  readonly signal?: AbortSignal
  /** How many compilers run at once; the number of processors unless given. */
  readonly jobs?: number
}

/** What a build is doing. */
type BuildProgress =
  /** Another process builds from the same source. */
  | { readonly stage: 'wait' }
  | ({ readonly stage: 'source' } & SourceProgress)
  /** Files were put back that a build that was killed had left patched. */
  | { readonly stage: 'restore'; readonly files: readonly string[] }
  | { readonly stage: 'patch'; readonly files: readonly string[] }
  | { readonly stage: 'configure' }
  /** `count` files so far, of about 1500 in a first build and fewer than ten after a small patch. */
  | { readonly stage: 'compile'; readonly file: string; readonly count: number }

const manifestSchema = z.object({
  /** As the caller named it. */
  name: z.string(),
  /** `uname -r`. */
  release: z.string(),
  /** Of the source: `6.12.117`. */
  version: z.string(),
  source: z.string(),
  packageVersion: z.string().optional(),
  patches: z.array(z.object({ file: z.string(), subject: z.string(), upstream: z.string() })),
  /** Hash of everything that the kernel was made from. */
  identity: z.string(),
})

/** A kernel that was built, and what it was built from. */
export interface BuiltKernel extends z.infer<typeof manifestSchema> {
  /** Path of the boot image. */
  readonly bzImage: string
  /** Path of the configuration. */
  readonly config: string
  /** How long it took, in seconds; 0 for a kernel that was there already. */
  readonly seconds: number
}

/** Room for everything that a first build makes, in bytes: it is about 250 MiB. */
const SPACE_TO_BUILD = 512 * 1024 ** 2

const FRAGMENT = 'lab/kernels/netns-lab.config'

/**
 * Builds a kernel into the cache. The first build from a source takes minutes; a further one compiles what its
 * patches and the previous one's change, which takes seconds. A kernel from a Debian package that was built from
 * the same input is not built again. Builds from one source wait for each other.
 *
 * The patches are put into the source tree for the time of the build, also into a tree by path, and are taken out
 * again; where the process is killed, by the next build from that tree. Throws KernelBuildError; KernelError `no-network`,
 * `package` or `disk-full` where the source cannot be had.
 */
export async function buildKernel(options: BuildOptions): Promise<BuiltKernel> {
  const { name, signal, onProgress = () => {} } = options
  if (!isKernelName(name)) {
    throw new KernelBuildError(
      'usage',
      `'${name}' cannot be a kernel's name`,
      'use up to 48 lower-case letters, digits, dots and dashes',
    )
  }
  if (process.arch !== 'x64') {
    throw new KernelBuildError(
      'usage',
      `kernels for x86-64 are not built on ${process.arch}`,
      'use an x86-64 machine',
    )
  }
  const patches = await Promise.all((options.patches ?? []).map(readPatch))
  await checkSource(options.source)
  await requirePrerequisites()
  const sources = sourcesFolder()
  const home = join(sources, await sourceKey(options.source))
  const waiting = { onWait: () => onProgress({ stage: 'wait' }), ...(signal ? { signal } : {}) }
  return withLock(
    join(home, 'lock'),
    async () => {
      const source = await findSource(options.source, sources, progress => {
        onProgress({ stage: 'source', ...progress })
      })
      const restored = await restoreTree(source.tree, join(home, 'journal.json'))
      if (restored.length) onProgress({ stage: 'restore', files: restored })
      return build(source, patches, home, options)
    },
    waiting,
  )
}

async function build(
  source: KernelSource,
  patches: readonly Patch[],
  home: string,
  { name, signal, jobs = availableParallelism(), onProgress = () => {} }: BuildOptions,
): Promise<BuiltKernel> {
  const fragment = await readFile(repositoryFile(FRAGMENT), 'utf8')
  const identity = hash(
    name,
    source.version,
    source.packageVersion ?? '',
    fragment,
    ...patches.map(({ text }) => text),
  )
  const target = builtFolder(home, name)
  // A tree by path may have changed since, which only make can tell.
  const earlier = source.packageVersion === undefined ? undefined : await readBuilt(target)
  if (earlier?.identity === identity) return earlier
  // Should this build fail, a kernel of other input must not be taken for its result.
  await rm(target, { recursive: true, force: true })

  const started = performance.now()
  const place = { tree: source.tree, build: join(home, 'build'), signal }
  await mkdir(place.build, { recursive: true })
  await requireSpace(home, SPACE_TO_BUILD, 'building a kernel')
  const files = await patchedFiles(source.tree, patches)
  if (files.length) onProgress({ stage: 'patch', files: files.map(({ path }) => path) })
  return withPatchedTree(source.tree, files, join(home, 'journal.json'), async () => {
    onProgress({ stage: 'configure' })
    await configure(place, parseFragment(fragment, FRAGMENT))
    let count = 0
    await make(place, [`-j${jobs}`, `LOCALVERSION=-lab-${name}`, 'bzImage'], line => {
      const file = /^ {2}CC {6}(\S+)/.exec(line)?.[1]
      if (file) onProgress({ stage: 'compile', file, count: ++count })
    })
    const release = (await readFile(join(place.build, 'include/config/kernel.release'), 'utf8')).trim()
    const manifest = {
      name,
      release,
      version: source.version,
      source: source.name,
      ...(source.packageVersion === undefined ? {} : { packageVersion: source.packageVersion }),
      patches: patches.map(({ path, header: { subject, upstream } }) => ({
        file: basename(path),
        subject,
        upstream,
      })),
      identity,
    }
    await keep(place.build, target, manifest)
    return built(target, manifest, (performance.now() - started) / 1000)
  })
}

/** Copies what is needed of a build to its own folder, all of it or nothing. */
async function keep(from: string, target: string, manifest: z.infer<typeof manifestSchema>): Promise<void> {
  const partial = `${target}.partial`
  await rm(partial, { recursive: true, force: true })
  await mkdir(partial, { recursive: true })
  await copyFile(join(from, 'arch/x86/boot/bzImage'), join(partial, 'bzImage'))
  await copyFile(join(from, '.config'), join(partial, 'config'))
  await writeFile(join(partial, MANIFEST), `${JSON.stringify(manifest, undefined, 2)}\n`)
  await rm(target, { recursive: true, force: true })
  await rename(partial, target)
}

async function readBuilt(target: string): Promise<BuiltKernel | undefined> {
  const manifest = await readJson(join(target, MANIFEST), manifestSchema)
  return manifest && built(target, manifest, 0)
}

function built(target: string, manifest: z.infer<typeof manifestSchema>, seconds: number): BuiltKernel {
  return { ...manifest, bzImage: join(target, 'bzImage'), config: join(target, 'config'), seconds }
}

function hash(...parts: readonly string[]): string {
  const sum = createHash('sha256')
  for (const part of parts) sum.update(`${part.length}:`).update(part)
  return sum.digest('hex')
}
