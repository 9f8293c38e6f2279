import { KernelError } from './error.js'

/** A kernel that Debian's archive has: where it is, under the names that users give it. */
export interface CatalogueEntry {
  /** what the lab calls it, and its folder in the cache */
  readonly name: `debian:${string}`
  readonly aliases: readonly `debian:${string}`[]
  /** the archive's suites to read; apt takes the newest version among them */
  readonly suites: readonly Suite[]
  /** the package that depends on the current kernel */
  readonly metaPackage: string
  /** one line for people */
  readonly description: string
}

/** One `deb` line: an archive's address under the mirror, and a suite in it. */
interface Suite {
  readonly archive: 'debian' | 'debian-security'
  readonly suite: string
}

const main = (suite: string): Suite => ({ archive: 'debian', suite })
const security = (suite: string): Suite => ({ archive: 'debian-security', suite: `${suite}-security` })

/** Every kernel package that the lab knows, oldest first. */
export const catalogue: readonly CatalogueEntry[] = [
  {
    name: 'debian:5.10',
    aliases: ['debian:bullseye'],
    suites: [main('bullseye'), security('bullseye')],
    metaPackage: 'linux-image-amd64',
    description: 'Debian 11 (bullseye)',
  },
  {
    name: 'debian:bullseye-security-6.1',
    aliases: [],
    suites: [security('bullseye')],
    metaPackage: 'linux-image-6.1-amd64',
    description: 'Debian 11 (bullseye), with the next release’s kernel',
  },
  {
    name: 'debian:6.1',
    aliases: ['debian:bookworm'],
    suites: [main('bookworm'), security('bookworm')],
    metaPackage: 'linux-image-amd64',
    description: 'Debian 12 (bookworm)',
  },
  {
    name: 'debian:bookworm-security-6.12',
    aliases: [],
    suites: [security('bookworm')],
    metaPackage: 'linux-image-6.12-amd64',
    description: 'Debian 12 (bookworm), with the next release’s kernel',
  },
  {
    name: 'debian:bookworm-backports',
    aliases: [],
    suites: [main('bookworm-backports')],
    metaPackage: 'linux-image-amd64',
    description: 'Debian 12 (bookworm), backports',
  },
  {
    name: 'debian:6.12',
    aliases: ['debian:trixie'],
    suites: [main('trixie'), security('trixie')],
    metaPackage: 'linux-image-amd64',
    description: 'Debian 13 (trixie)',
  },
  {
    name: 'debian:trixie-backports',
    aliases: [],
    suites: [main('trixie-backports')],
    metaPackage: 'linux-image-amd64',
    description: 'Debian 13 (trixie), backports',
  },
  {
    name: 'debian:sid',
    aliases: ['debian:unstable'],
    suites: [main('sid')],
    metaPackage: 'linux-image-amd64',
    description: 'Debian unstable (sid)',
  },
  {
    name: 'debian:experimental',
    aliases: [],
    suites: [main('experimental')],
    metaPackage: 'linux-image-amd64',
    description: 'Debian experimental, mostly release candidates',
  },
]

/** A name that stands for whichever of several suites has the newest kernel of a major version. */
export interface NewestName {
  readonly name: `debian:${string}`
  readonly major: number
  readonly among: readonly CatalogueEntry[]
}

const newestNames: readonly NewestName[] = [
  {
    name: 'debian:7',
    major: 7,
    among: catalogue.filter(entry =>
      ['debian:trixie-backports', 'debian:sid', 'debian:experimental'].includes(entry.name),
    ),
  },
]

/**
 * Looks a `debian:` name up.
 * @returns one entry, or the entries to compare for a name like `debian:7`
 * @throws KernelError `unknown-kernel`, naming the nearest name
 */
export function findInCatalogue(name: string): CatalogueEntry | NewestName {
  const wanted = name.toLowerCase()
  const found =
    catalogue.find(entry => entry.name === wanted || entry.aliases.some(alias => alias === wanted)) ??
    newestNames.find(newest => newest.name === wanted)
  if (found) return found
  const known = [
    ...catalogue.flatMap(entry => [entry.name, ...entry.aliases]),
    ...newestNames.map(newest => newest.name),
  ]
  throw new KernelError(
    'unknown-kernel',
    `There is no kernel "${name}"`,
    `Did you mean ${nearest(wanted, known)}? Known: ${known.join(', ')}; or give a path to a bzImage or a built kernel tree`,
  )
}

/** The candidate with the smallest edit distance. */
function nearest(wanted: string, candidates: readonly string[]): string {
  let best = ''
  let bestDistance = Number.POSITIVE_INFINITY
  for (const candidate of candidates) {
    const distance = editDistance(wanted, candidate)
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const substitution = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1)
      current.push(Math.min(substitution, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1))
    }
    previous = current
  }
  return previous[b.length] ?? 0
}
