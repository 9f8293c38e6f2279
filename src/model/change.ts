/** Changes in the kernel's history that expectations are keyed by. */
import { compareKernelVersions, type KernelVersion, parseKernelVersion } from './version.js'

/** A distribution's package that took a change back. */
export interface DistributionRevert {
  readonly distribution: string
  readonly package: string
  /** First release of its kernels without the change, as `uname -r` says it: `6.8.0-1063-azure`. Later ones of this series lack it, too. */
  readonly since: string
  /** The distribution's own reference. */
  readonly bug: string
  /** Who says so. */
  readonly url: string
}

/** One commit that changed what a user sees, with everywhere that it was released. */
export interface KernelChange {
  /** Abbreviated mainline commit. */
  readonly commit: string
  readonly title: string
  /** First mainline release that has it, `5.3`. */
  readonly since: string
  /** First release of each stable series that got a backport, `5.15.158`. */
  readonly backports?: readonly string[]
  /** The vulnerability that it closes, where it has a number: `CVE-2024-27018`. */
  readonly cve?: string
  /** Distributions that have a version with it, and took it back. */
  readonly reverts?: readonly DistributionRevert[]
  readonly url: string
}

/** Whether a kernel of this version has the change: by mainline release, or by a backport to its stable series, where no distribution took it back. */
export function hasChange(change: KernelChange, version: KernelVersion): boolean {
  if (revertIn(change, version)) return false
  if (compareKernelVersions(version, required(change.since)) >= 0) return true
  return (change.backports ?? []).some(text => {
    const backport = required(text)
    return (
      backport.major === version.major &&
      backport.minor === version.minor &&
      compareKernelVersions(version, backport) >= 0
    )
  })
}

/** A change as it is told of: its own data, or a report's. */
interface ToldChange {
  readonly commit: string
  readonly title: string
  readonly since: string
  readonly backports?: readonly string[] | undefined
  readonly cve?: string | undefined
  readonly reverts?: readonly DistributionRevert[] | undefined
}

/** The revert that is in a kernel, by its release; undefined where there is none, or the release is not known. */
export function revertIn(
  { reverts = [] }: Pick<ToldChange, 'reverts'>,
  { release = '' }: Pick<KernelVersion, 'release'>,
): DistributionRevert | undefined {
  const own = buildOf(release)
  return reverts.find(({ since }) => {
    const first = buildOf(since)
    return (
      own && first && own.series === first.series && own.flavour === first.flavour && own.build >= first.build
    )
  })
}

/** The parts of a distribution's release: `6.8.0-`, 1063 and `-azure`. */
function buildOf(release: string) {
  const [, series, build, flavour] = /^(\d+\.\d+\.\d+-)(\d+)(-\S+)$/.exec(release) ?? []
  return series === undefined ? undefined : { series, build: Number(build), flavour }
}

/** Everywhere that a change was released: `6.9, 5.15.158, 6.1.88`. */
export function releasesOf({ since, backports = [] }: Pick<ToldChange, 'since' | 'backports'>): string {
  return [since, ...backports].join(', ')
}

/** A change in a line: `751de2012eaf “netfilter: …” (6.9, 6.1.88; CVE-2024-27018)`. */
export function changeLine(change: Omit<ToldChange, 'reverts'>): string {
  const { commit, title, cve } = change
  return `${commit} “${title}” (${releasesOf(change)}${cve === undefined ? '' : `; ${cve}`})`
}

/** A revert in a clause: `Ubuntu took it back in linux-azure, since 6.8.0-1063-azure (LP: #2070072)`. */
export function revertClause(revert: DistributionRevert): string {
  return `${revert.distribution} took it back in ${revert.package}, since ${revert.since} (${revert.bug})`
}

function required(text: string): KernelVersion {
  const version = parseKernelVersion(text)
  if (!version) throw new TypeError(`'${text}' is not a kernel version`)
  return version
}
