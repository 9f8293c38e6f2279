/** The releases that a root can be fetched of. */
import { nearest } from '../base/nearest.js'
import { DistroError } from './error.js'

/** A release of a distribution, under the names that users give it. */
export interface Release {
  /** What the lab calls it. */
  readonly name: `debian:${string}`
  readonly aliases: readonly `debian:${string}`[]
  readonly suite: string
  /** The archive's address under the mirror with the suite in it, one for each `deb` line. */
  readonly sources: readonly (readonly [archive: 'debian' | 'debian-security', suite: string])[]
  /** The kernel that it comes with, by its name in `lab kernel list`. */
  readonly kernel: `debian:${string}`
  /** One line for people. */
  readonly description: string
  /** Packages besides those that every release has under the same name. */
  readonly packages: readonly string[]
}

/** What the lab and its scenarios call, and what applies the release's defaults. */
const PACKAGES = [
  ...['conntrack', 'ebtables', 'ethtool', 'iproute2', 'iptables', 'iputils-ping', 'kmod', 'libvirt-clients'],
  ...['libvirt-daemon', 'nftables', 'procps', 'radvd', 'systemd'],
]

/** Split out of libvirt-daemon; and a Recommends that minbase leaves out, with all network defaults in it. */
const SINCE_TRIXIE = ['libvirt-daemon-driver-nwfilter', 'linux-sysctl-defaults']

const stable = (suite: string): Release['sources'] => [
  ['debian', suite],
  ['debian', `${suite}-updates`],
  ['debian-security', `${suite}-security`],
]

/** Oldest first. */
export const RELEASES: readonly Release[] = [
  {
    name: 'debian:11',
    aliases: ['debian:bullseye'],
    suite: 'bullseye',
    // Its updates were closed when it came to its long-term support.
    sources: [
      ['debian', 'bullseye'],
      ['debian-security', 'bullseye-security'],
    ],
    kernel: 'debian:5.10',
    description: 'Debian 11 (bullseye)',
    packages: PACKAGES,
  },
  {
    name: 'debian:12',
    aliases: ['debian:bookworm'],
    suite: 'bookworm',
    sources: stable('bookworm'),
    kernel: 'debian:6.1',
    description: 'Debian 12 (bookworm)',
    packages: PACKAGES,
  },
  {
    name: 'debian:13',
    aliases: ['debian:trixie'],
    suite: 'trixie',
    sources: stable('trixie'),
    kernel: 'debian:6.12',
    description: 'Debian 13 (trixie)',
    packages: [...PACKAGES, ...SINCE_TRIXIE],
  },
  {
    name: 'debian:sid',
    aliases: ['debian:unstable'],
    suite: 'sid',
    sources: [['debian', 'sid']],
    kernel: 'debian:sid',
    description: 'Debian unstable (sid)',
    packages: [...PACKAGES, ...SINCE_TRIXIE],
  },
]

/** The release of a name. Throws DistroError `unknown-distro`, with the name that is nearest to it. */
export function findRelease(name: string): Release {
  const wanted = name.toLowerCase()
  const found = RELEASES.find(
    release => release.name === wanted || release.aliases.some(alias => alias === wanted),
  )
  if (found) return found
  const known = RELEASES.flatMap(release => [release.name, ...release.aliases])
  const near = nearest(wanted, known)
  throw new DistroError(
    'unknown-distro',
    `unknown distribution '${name}'`,
    `${near === undefined ? '' : `did you mean '${near}'? `}known: ${known.join(', ')}; any other root is given with --rootfs`,
  )
}
