/** The packages of a root that dpkg keeps the list of, read without dpkg: the root may be another machine's, or have none. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The versions of all packages that are installed in `root`, by name; empty where dpkg keeps no list there. */
export function installedPackages(root = '/'): Map<string, string> {
  let text: string
  try {
    text = readFileSync(join(root, 'var/lib/dpkg/status'), 'utf8')
  } catch {
    return new Map()
  }
  const found = text.split('\n\n').flatMap((record): [string, string][] => {
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(record)?.[1]
    const name = field('Package')
    const version = field('Version')
    const isInstalled = field('Status')?.endsWith(' installed') === true
    return isInstalled && name !== undefined && version !== undefined ? [[name, version]] : []
  })
  return new Map(found.sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** The SHA-256 of the sorted `package=version` lines: two roots with the same have the same packages. */
export function packagesDigest(packages: ReadonlyMap<string, string>): string {
  const lines = [...packages].map(([name, version]) => `${name}=${version}\n`).sort()
  return createHash('sha256').update(lines.join('')).digest('hex')
}
