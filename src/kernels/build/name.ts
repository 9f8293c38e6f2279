import { createHash } from 'node:crypto'
import { realpath } from 'node:fs/promises'
import { basename, resolve } from 'node:path'

/** `uname -r` has 64 bytes, and the version takes some. */
const LONGEST = 48

/** Whether a kernel can be called so: the name is that of a folder, and the end of `uname -r`. */
export function isKernelName(name: string): boolean {
  return name.length <= LONGEST && /^[a-z0-9][a-z0-9.-]*$/.test(name)
}

/**
 * What a kernel is called that was given no name: its source, and its patches without `.patch`:
 * `debian-6.12-revert-rp-filter-loopback`, `linux` for a tree in a folder of that name. The same input has the same
 * name; where it is too long, a hash stands for its end.
 */
export async function defaultName(source: string, patches: readonly string[]): Promise<string> {
  const path = source.startsWith('debian:') ? source : await realpath(source).catch(() => resolve(source))
  const words = [basename(path), ...patches.map(patch => basename(patch).replace(/\.(patch|diff)$/, ''))]
  const name = words
    .join('-')
    .toLowerCase()
    .replaceAll(/[^a-z0-9.]+/g, '-')
    .replace(/^[^a-z0-9]+/, '')
  if (name.length <= LONGEST) return name || 'lab'
  const digest = createHash('sha256').update(words.join('\n')).digest('hex').slice(0, 8)
  return `${name.slice(0, LONGEST - 9)}-${digest}`
}
