import { nearest } from '../base/nearest.js'
import { KernelError } from './error.js'

/** A kernel that Debian's archive has: where it is, under the names that users give it. */
export interface CatalogueEntry {
  /** What the lab calls it, and its folder in the cache. */
  readonly name: `debian:${string}`
  readonly aliases: readonly `debian:${string}`[]
  /** The archive's suites to read; apt takes the newest version among them. */
  readonly suites: readonly Suite[]
  /** The package that depends on the current kernel. */
  readonly metaPackage: string
  /** One line for people. */
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
export const CATALOGUE: readonly CatalogueEntry[] = [
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

const NEWEST_NAMES: readonly NewestName[] = [
  {
    name: 'debian:7',
    major: 7,
    among: CATALOGUE.filter(entry =>
      ['debian:trixie-backports', 'debian:sid', 'debian:experimental'].includes(entry.name),
    ),
  },
]

/**
 * Looks a `debian:` name up: one entry, or the entries to compare for a name like `debian:7`. Throws KernelError
 * `unknown-kernel`, with the name that is nearest to it.
 */
export function findInCatalogue(name: string): CatalogueEntry | NewestName {
  const wanted = name.toLowerCase()
  const found =
    CATALOGUE.find(entry => entry.name === wanted || entry.aliases.some(alias => alias === wanted)) ??
    NEWEST_NAMES.find(newest => newest.name === wanted)
  if (found) return found
  const known = [
    ...CATALOGUE.flatMap(entry => [entry.name, ...entry.aliases]),
    ...NEWEST_NAMES.map(newest => newest.name),
  ]
  const near = nearest(wanted, known)
  throw new KernelError(
    'unknown-kernel',
    `unknown kernel '${name}'`,
    `${near === undefined ? '' : `did you mean '${near}'? `}known: ${known.join(', ')}; or give a path to a bzImage or a built kernel tree`,
  )
}
