import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { unpackKernel } from './boot-image.js'

/** The line that Kconfig begins a `.config` with, and the kernel's version in it, without what a build appends. */
const HEADER = /^# Linux\/\S+ (\S+) Kernel Configuration$/m

/**
 * The configuration that an image was built with: `config-RELEASE` beside it, as distributions have it, `config` or
 * `.config` beside it, or `.config` at the root of the tree that the image lies in. Of the last three, one that says it
 * is another version's is passed over; the first need not have the release's version in it (Debian's have not).
 */
export async function findConfig(image: string, release: string): Promise<string | undefined> {
  const folder = dirname(image)
  const named = join(folder, `config-${release}`)
  const candidates = [
    ...[named, join(folder, 'config'), join(folder, '.config')],
    ...(image.endsWith('arch/x86/boot/bzImage') ? [join(folder, '../../..', '.config')] : []),
  ]
  for (const path of candidates) {
    const text = await readFile(path, 'utf8').catch(() => undefined)
    if (text === undefined) continue
    const version = HEADER.exec(text)?.[1]
    if (path === named || (version !== undefined && isMadeOf(release, version))) return path
  }
  return undefined
}

/** Whether a release is a version with something appended: `6.12.1-lab` is of `6.12.1`, `6.12.117` is not. */
function isMadeOf(release: string, version: string): boolean {
  return release.startsWith(version) && !/^[\d.]/.test(release.slice(version.length))
}

/** Whether anything was built as a module. */
export function hasModules(config: string): boolean {
  return /^CONFIG_MODULES=y$/m.test(config) && /^CONFIG_\w+=m$/m.test(config)
}

/**
 * The configuration inside an image (CONFIG_IKCONFIG, kernel/configs.c); undefined where it has none or cannot be
 * unpacked here. Throws KernelError `bad-image` when the image is damaged.
 */
export async function embeddedConfig(image: Buffer, path: string): Promise<string | undefined> {
  const kernel = await unpackKernel(image, path)
  const start = kernel?.indexOf('IKCFG_ST') ?? -1
  if (kernel === undefined || start < 0) return undefined
  const packed = kernel.subarray(start + 'IKCFG_ST'.length, kernel.indexOf('IKCFG_ED', start))
  return gunzipSync(packed).toString()
}
