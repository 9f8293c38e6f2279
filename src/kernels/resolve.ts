import { createHash } from 'node:crypto'
import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { execa } from 'execa'
import { isNoSpace } from './apt.js'
import { parseBootImage } from './boot-image.js'
import { findBuilt } from './build/built.js'
import { cacheRoot, diskFull } from './cache.js'
import { embeddedConfig, findConfig, hasModules } from './config.js'
import { KernelError } from './error.js'
import { type FetchOptions, fetchKernel, findFetched, type Kernel } from './fetch.js'
import { moduleName, readModule, readModuleIndex, releaseOfModule } from './modules.js'
import { requireTool } from './tools.js'

/** How to understand what a user calls a kernel. */
export interface ResolveOptions extends FetchOptions {
  /** the modules of a kernel given by its image: `/lib/modules/RELEASE`, or a folder that has that in it */
  readonly modulesDir?: string
  /** fetch a `debian:` kernel that is not in the cache, instead of failing */
  readonly fetch?: boolean
}

/**
 * Finds the kernel that a user means.
 * @param spec a name of the catalogue (`debian:6.1`), the name of a kernel that `lab kernel build` built, a path to a
 *   vmlinuz or bzImage, or a built kernel tree; a word without a slash is a built kernel's name where there is one
 * @throws KernelError `unknown-kernel`, `not-fetched`, `bad-image`, `wrong-architecture`, `missing-modules`,
 *   `release-mismatch`, and what `fetchKernel` throws
 */
export async function resolveKernel(spec: string, options: ResolveOptions = {}): Promise<Kernel> {
  if (spec.startsWith('debian:')) return resolvePackaged(spec, options)
  const [built, ...others] = spec.includes('/') ? [] : await findBuilt(spec)
  if (others.length > 0) {
    throw new KernelError(
      'unknown-kernel',
      `Several built kernels are called ${spec}: they are from different sources`,
      `Give the path of one: ${[built, ...others].join(', ')}`,
    )
  }
  // Everything is compiled into it: a folder of modules that was given is for other kernels.
  if (built !== undefined) return { ...(await resolveImage(built, {})), name: spec }
  const path = resolve(spec)
  const status = await stat(path).catch(() => undefined)
  if (status === undefined) {
    throw new KernelError(
      'unknown-kernel',
      `There is no kernel "${spec}": no such file or folder`,
      'Give a path to a bzImage or a built kernel tree, a name like debian:6.1, or one that lab kernel build printed',
    )
  }
  return status.isDirectory() ? resolveTree(path, options) : resolveImage(path, options)
}

async function resolvePackaged(spec: string, options: ResolveOptions): Promise<Kernel> {
  const present = options.update ? undefined : await findFetched(spec)
  if (present) return present
  if (options.fetch) return fetchKernel(spec, options)
  throw new KernelError(
    'not-fetched',
    `The kernel ${spec} is not in the cache (${cacheRoot()})`,
    `Fetch it: netns-lab kernel fetch ${spec}`,
  )
}

async function resolveImage(path: string, options: ResolveOptions): Promise<Kernel> {
  const bytes = await readFile(path)
  const image = parseBootImage(bytes, path)
  const config = await findConfig(path, image.release)
  const monolithic = config !== undefined && !hasModules(await readFile(config, 'utf8'))
  const modulesDir =
    monolithic && options.modulesDir === undefined
      ? undefined
      : await findModules(path, image.release, options.modulesDir)
  if (modulesDir === undefined && !monolithic) {
    // Last, as it takes unpacking the whole kernel.
    const embedded = await embeddedConfig(bytes, path)
    if (embedded === undefined || hasModules(embedded)) throw noModules(path, image.release)
  }
  return {
    name: path,
    vmlinuz: path,
    modulesDir,
    config,
    release: image.release,
    packageVersion: image.packageVersion,
    mainlineVersion: image.mainlineVersion,
  }
}

/** The folders where modules are looked for that the user gave no folder for. */
function usualFolders(image: string, release: string): string[] {
  return [`/lib/modules/${release}`, join(dirname(image), '..', 'lib/modules', release)]
}

function noModules(image: string, release: string): KernelError {
  return new KernelError(
    'missing-modules',
    `No modules were found for ${image} (${release}): none of ${usualFolders(image, release).join(', ')} exists`,
    `Give their folder (--modules DIR), or the tree that it was built in; for a kernel with everything compiled in, put its .config beside it as config-${release}`,
  )
}

/**
 * The folder that really holds the release's modules, however much of its path the user gave; undefined where none
 * was given and there is none in the usual places.
 */
async function findModules(
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

/** @throws KernelError `release-mismatch` when the modules in a folder belong to another kernel */
async function requireSameRelease(folder: string, release: string, image: string): Promise<void> {
  const others = await readdir(join(folder, 'lib/modules')).catch(() => [])
  const found = others.length > 0 ? others.join(', ') : await releaseOfFolder(folder)
  if (found === release) return
  throw new KernelError(
    'release-mismatch',
    `The modules in ${folder} are for ${found}, and ${image} is ${release}`,
    `Give the modules of ${release}`,
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

async function resolveTree(tree: string, options: ResolveOptions): Promise<Kernel> {
  const image = join(tree, 'arch/x86/boot/bzImage')
  const bytes = await readFile(image).catch(() => undefined)
  if (bytes === undefined) {
    throw new KernelError(
      'unknown-kernel',
      `${tree} is no built kernel tree: it has no arch/x86/boot/bzImage`,
      `Build it (make bzImage modules), or lab kernel build --source ${tree} and give the name that this prints`,
    )
  }
  const { release, packageVersion, mainlineVersion } = parseBootImage(bytes, image)
  const modulesDir =
    options.modulesDir === undefined
      ? await gatherModules(tree, release)
      : await findModules(image, release, options.modulesDir)
  const config = join(tree, '.config')
  return {
    name: tree,
    vmlinuz: image,
    modulesDir,
    config: await stat(config).then(
      () => config,
      () => undefined,
    ),
    release,
    packageVersion,
    mainlineVersion,
  }
}

/**
 * Does what `make modules_install` would, with links into the tree instead of copies, and in the cache. Made anew
 * each time: a tree changes with every build.
 */
async function gatherModules(tree: string, release: string): Promise<string | undefined> {
  const order = await readFile(join(tree, 'modules.order'), 'utf8').catch(() => '')
  const files = order
    .split('\n')
    .filter(Boolean)
    // The list names objects since 6.2 and had a prefix before 5.3.
    .map(line => line.replace(/^kernel\//, '').replace(/\.o$/, '.ko'))
  if (files.length === 0) return undefined
  const id = createHash('sha256').update(tree).digest('hex').slice(0, 16)
  const home = join(cacheRoot(), 'trees')
  try {
    await mkdir(home, { recursive: true })
    const staging = await mkdtemp(join(home, '.linking-'))
    const modules = join(staging, 'lib/modules', release)
    for (const file of files) {
      const target = join(tree, file)
      const there = await stat(target).catch(() => undefined)
      if (there === undefined) {
        await rm(staging, { recursive: true, force: true })
        throw new KernelError(
          'missing-modules',
          `${tree} lists the module ${moduleName(file)} in modules.order and has no ${file}`,
          'Build the modules: make modules',
        )
      }
      const link = join(modules, 'kernel', file)
      await mkdir(dirname(link), { recursive: true })
      await symlink(target, link)
    }
    await writeFile(join(modules, 'modules.order'), files.map(file => `kernel/${file}\n`).join(''))
    for (const name of ['modules.builtin', 'modules.builtin.modinfo']) {
      const bytes = await readFile(join(tree, name)).catch(() => undefined)
      if (bytes) await writeFile(join(modules, name), bytes)
    }
    const depmod = await requireTool('depmod', `index the modules of ${tree}`)
    const indexed = await execa(depmod, ['-b', staging, release], { reject: false, all: true })
    if (indexed.failed) {
      throw new KernelError(
        'missing-modules',
        `depmod failed for ${tree}: ${indexed.all || indexed.shortMessage}`,
        'Build the tree again: make bzImage modules',
      )
    }
    const final = join(home, id)
    await rm(final, { recursive: true, force: true })
    await rename(staging, final)
    return join(final, 'lib/modules', release)
  } catch (error) {
    if (isNoSpace(error)) throw diskFull(home, `Cannot link the modules of ${tree}`, error)
    throw error
  }
}
