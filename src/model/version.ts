/** Kernel versions: what they are, how they are ordered, and where distributions hide them. */

/** A kernel version that can be ordered: 6.1.176, or 7.0-rc3 (which comes before 7.0). */
export interface KernelVersion {
  readonly major: number
  readonly minor: number
  readonly patch: number
  /** Release candidate number, absent for a release. */
  readonly rc?: number
  /** What `uname -r` says, where the kernel is known and not its version alone: a distribution may have changed it. It does not matter to the order. */
  readonly release?: string
}

/** Numbers beyond this are no part of a version, and would be cut to another one. */
const LARGEST_NUMBER = 999_999

/**
 * Reads the version at the start of `text`, or undefined when there is none. Fedora writes a release candidate as
 * `6.10.0-0.rc3.…`.
 */
export function parseKernelVersion(text: string): KernelVersion | undefined {
  const match = /^v?(\d+)\.(\d+)(?:\.(\d+))?(?:(?:[-~]|-0\.)rc(\d+))?/.exec(text)
  if (!match) return undefined
  const [, major, minor, patch, rc] = match
  if ([major, minor, patch, rc].some(number => Number(number ?? 0) > LARGEST_NUMBER)) return undefined
  return {
    major: Number(major),
    minor: Number(minor),
    patch: Number(patch ?? 0),
    ...(rc === undefined ? {} : { rc: Number(rc) }),
  }
}

/** `6.1.176`, `7.0-rc3`. */
export function formatKernelVersion({ major, minor, patch, rc }: KernelVersion): string {
  return `${major}.${minor}${patch === 0 && rc !== undefined ? '' : `.${patch}`}${rc === undefined ? '' : `-rc${rc}`}`
}

/**
 * The kernel.org name of the version at the start of `text`: 6.1.192 of Debian's package `6.1.192-2`, 7.3-rc7 of
 * `7.3~rc7-1~exp1`, 6.9-rc3 of the release `6.9.0-rc3+`, as kernel.org has no 6.9.0. Without a version, `text` itself.
 */
export function mainlineVersion(text: string): string {
  const version = parseKernelVersion(text)
  return version ? formatKernelVersion(version).replace(/^(\d+\.\d+)\.0$/, '$1') : text
}

/** Negative, zero or positive as `a` is older than, the same as or newer than `b`. */
export function compareKernelVersions(a: KernelVersion, b: KernelVersion): number {
  return (
    a.major - b.major ||
    a.minor - b.minor ||
    a.patch - b.patch ||
    (a.rc ?? Infinity) - (b.rc ?? Infinity) ||
    0
  )
}

/**
 * The upstream version behind a release string: Debian names it in /proc/version (`Debian 6.1.176-1`), Ubuntu in
 * /proc/version_signature (`Ubuntu 6.8.0-31.31-generic 6.8.1`), others in the release itself.
 */
export function upstreamVersion(releaseText: string, procVersion: string, versionSignature = ''): string {
  const ubuntu = /^Ubuntu \S+ (\d+\.\d+\.\d+)/.exec(versionSignature)?.[1]
  const version = parseKernelVersion(ubuntu ?? debianPackage(procVersion) ?? releaseText)
  return version ? formatKernelVersion(version) : releaseText
}

/** The version of the Debian package, from what follows the build number: the compiler before it may be of `Debian 12.2.0-14`. */
export function debianPackage(procVersion: string): string | undefined {
  return /\bDebian (\d\S*)/.exec(procVersion.slice(procVersion.lastIndexOf(' #') + 1))?.[1]
}

/** What a kernel says of itself in its banner. */
export interface BannerVersion {
  /** As `uname -r` prints it. */
  readonly release: string
  /** The version of Debian's package, where Debian built it. */
  readonly packageVersion: string | undefined
  /** The version on kernel.org that it was made from: `6.1.192`, `7.3-rc7`. */
  readonly mainlineVersion: string
}

/** Reads a banner: all of `/proc/version`, or what a boot image's header has of it, which begins with the release. */
export function parseBanner(banner: string): BannerVersion {
  const text = banner.replace(/^Linux version /, '').trim()
  const kernelRelease = /^\S*/.exec(text)?.[0] ?? ''
  const packageVersion = debianPackage(text)
  return {
    release: kernelRelease,
    packageVersion,
    mainlineVersion: mainlineVersion(packageVersion ?? kernelRelease),
  }
}
