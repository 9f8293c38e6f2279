/** What a version banner (`/proc/version`, a boot image's header) says about a kernel. */
export interface KernelVersion {
  /** as `uname -r` prints it */
  readonly release: string
  /** the version of Debian's package, where Debian built it */
  readonly packageVersion: string | undefined
  /** the version on kernel.org that it was made from: `6.1.192`, `7.3-rc7` */
  readonly mainlineVersion: string
}

/**
 * The kernel.org version inside a Debian package's version: `6.1.192-2` is 6.1.192, `7.3~rc7-1~exp1` is
 * 7.3-rc7. A release such as `6.1.0-56-amd64` does not say it: Debian keeps the third number at 0 there.
 */
export function mainlineOfPackage(packageVersion: string): string {
  const upstream = packageVersion.replace(/^\d+:/, '').replace(/-[^-]*$/, '')
  return upstream.replace(/~(rc\d+).*$/, '-$1').replace(/[~+].*$/, '')
}

/** The kernel.org version inside a release of a kernel that no distribution packaged: `6.9.0-rc3+` is 6.9-rc3. */
export function mainlineOfRelease(kernelRelease: string): string {
  const match = /^(\d+)\.(\d+)(?:\.(\d+))?(?:-(rc\d+))?/.exec(kernelRelease)
  if (!match) return kernelRelease
  const [, major, minor, patch, candidate] = match
  const numbers = patch === undefined || patch === '0' ? `${major}.${minor}` : `${major}.${minor}.${patch}`
  return candidate === undefined ? numbers : `${numbers}-${candidate}`
}

/**
 * Reads a version banner: either all of `/proc/version` or the string in a boot image's header, which begins
 * with the release.
 */
export function parseBanner(banner: string): KernelVersion {
  const text = banner.replace(/^Linux version /, '').trim()
  const kernelRelease = /^\S*/.exec(text)?.[0] ?? ''
  const packageVersion = / Debian (\d\S*) \(\d{4}-\d\d-\d\d\)/.exec(text)?.[1]
  return {
    release: kernelRelease,
    packageVersion,
    mainlineVersion:
      packageVersion === undefined ? mainlineOfRelease(kernelRelease) : mainlineOfPackage(packageVersion),
  }
}

/**
 * Orders two versions as Debian's policy does (`~` sorts before the end of the string, so that a release
 * candidate comes before its release). Negative when `a` is older.
 */
export function compareVersions(a: string, b: string): number {
  const split = (version: string) => {
    const [, epoch = '0', rest = ''] = /^(?:(\d+):)?(.*)$/s.exec(version) ?? []
    const dash = rest.lastIndexOf('-')
    return dash < 0 ? [epoch, rest, '0'] : [epoch, rest.slice(0, dash), rest.slice(dash + 1)]
  }
  const left = split(a)
  const right = split(b)
  for (const index of [0, 1, 2]) {
    const order = comparePart(left[index] ?? '', right[index] ?? '')
    if (order !== 0) return order
  }
  return 0
}

function comparePart(a: string, b: string): number {
  const left: string[] = a.match(/\d+|\D+/g) ?? []
  const right: string[] = b.match(/\d+|\D+/g) ?? []
  // Policy compares text and numbers in turns, beginning with text, which may be empty.
  if (/^\d/.test(a)) left.unshift('')
  if (/^\d/.test(b)) right.unshift('')
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const x = left[index] ?? ''
    const y = right[index] ?? ''
    const order = index % 2 === 0 ? compareText(x, y) : compareNumbers(x, y)
    if (order !== 0) return order
  }
  return 0
}

/** Orders numbers of any length: a date with a build number behind it is more than a double holds. */
function compareNumbers(a: string, b: string): number {
  const [x, y] = [a, b].map(digits => digits.replace(/^0+/, ''))
  if (x === undefined || y === undefined || x === y) return 0
  return x.length - y.length || (x < y ? -1 : 1)
}

function compareText(a: string, b: string): number {
  const weight = (character: string) => {
    if (character === '~') return -1
    if (character === '') return 0
    return /[a-z]/i.test(character) ? character.charCodeAt(0) : character.charCodeAt(0) + 256
  }
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const order = weight(a.charAt(index)) - weight(b.charAt(index))
    if (order !== 0) return order
  }
  return 0
}
