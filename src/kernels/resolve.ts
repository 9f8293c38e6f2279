import { readFile, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { isFile } from '../base/files.js'
import { parseBootImage } from './boot-image.js'
import { findBuilt } from './build/built.js'
import { cacheRoot } from './cache.js'
import { embeddedConfig, findConfig, hasModules } from './config.js'
import { KernelError } from './error.js'
import type { Kernel } from './kernel.js'
import { findModules, usualFolders } from './modules-folder.js'
import { findFetched } from './store.js'
import { linkModules } from './tree.js'

/** How to understand what a user calls a kernel. */
export interface ResolveOptions {
  /** The modules of a kernel given by its image: `/lib/modules/RELEASE`, or a folder that has that in it. */
  readonly modulesDir?: string
}

/**
 * Finds the kernel that a user means: by a name of the catalogue (`debian:6.1`), by the name of a kernel that
 * `lab kernel build` built, by the path of a vmlinuz or bzImage, or by that of a built kernel tree; a word without a slash
 * is a built kernel's name where there is one. Throws KernelError `unknown-kernel`, `not-fetched`, `bad-image`,
 * `wrong-architecture`, `missing-modules`, `release-mismatch` or `disk-full`; LabError (exit 69) without depmod, xz or zstd
 * where it takes them.
 */
export async function resolveKernel(spec: string, options: ResolveOptions = {}): Promise<Kernel> {
  if (spec.startsWith('debian:')) return resolvePackaged(spec)
  const [built, ...others] = spec.includes('/') ? [] : await findBuilt(spec)
  if (others.length > 0) {
    throw new KernelError(
      'unknown-kernel',
      `several built kernels are called ${spec}: they are from different sources`,
      `give the path of one: ${[built, ...others].join(', ')}`,
    )
  }
  // Everything is compiled into it: a folder of modules that was given is for other kernels.
  if (built !== undefined) return { ...(await resolveImage(built, {})), name: spec }
  const path = resolve(spec)
  const status = await stat(path).catch(() => undefined)
  if (status === undefined) {
    throw new KernelError(
      'unknown-kernel',
      `there is no kernel '${spec}': no such file or folder`,
      'give a path to a bzImage or a built kernel tree, a name like debian:6.1, or one that lab kernel build printed',
    )
  }
  return status.isDirectory() ? resolveTree(path, options) : resolveImage(path, options)
}

async function resolvePackaged(spec: string): Promise<Kernel> {
  const present = await findFetched(spec)
  if (present) return present
  throw new KernelError(
    'not-fetched',
    `the kernel ${spec} is not in the cache (${cacheRoot()})`,
    `fetch it where there is a network: lab kernel fetch ${spec}; lab matrix does so by itself without --offline`,
  )
}

async function resolveImage(path: string, options: ResolveOptions): Promise<Kernel> {
  const bytes = await readFile(path)
  const { release, packageVersion, mainlineVersion } = parseBootImage(bytes, path)
  const config = await findConfig(path, release)
  const monolithic = config !== undefined && !hasModules(await readFile(config, 'utf8'))
  const modulesDir =
    monolithic && options.modulesDir === undefined
      ? undefined
      : await findModules(path, release, options.modulesDir)
  if (modulesDir === undefined && !monolithic) {
    // Last, as it takes unpacking the whole kernel.
    const embedded = await embeddedConfig(bytes, path)
    if (embedded === undefined || hasModules(embedded)) throw noModules(path, release)
  }
  return { name: path, vmlinuz: path, modulesDir, config, release, packageVersion, mainlineVersion }
}

async function resolveTree(tree: string, options: ResolveOptions): Promise<Kernel> {
  const image = join(tree, 'arch/x86/boot/bzImage')
  const bytes = await readFile(image).catch(() => undefined)
  if (bytes === undefined) {
    throw new KernelError(
      'unknown-kernel',
      `${tree} is no built kernel tree: it has no arch/x86/boot/bzImage`,
      `build it (make bzImage modules), or lab kernel build --source ${tree} and give the name that this prints`,
    )
  }
  const { release, packageVersion, mainlineVersion } = parseBootImage(bytes, image)
  const modulesDir =
    options.modulesDir === undefined
      ? await linkModules(tree, release)
      : await findModules(image, release, options.modulesDir)
  const config = join(tree, '.config')
  return {
    name: tree,
    vmlinuz: image,
    modulesDir,
    config: isFile(config) ? config : undefined,
    release,
    packageVersion,
    mainlineVersion,
  }
}

function noModules(image: string, release: string): KernelError {
  return new KernelError(
    'missing-modules',
    `no modules were found for ${image} (${release}): none of ${usualFolders(image, release).join(', ')} exists`,
    `give their folder (--modules DIR), or the tree that it was built in; for a kernel with everything compiled in, put its .config beside it as config-${release}`,
  )
}
