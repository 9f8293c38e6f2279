/** Changes in the kernel's history that expectations are keyed by. */
import { compareKernelVersions, type KernelVersion, parseKernelVersion } from './version.js'

/** One commit that changed what a user sees, with everywhere that it was released. */
export interface KernelChange {
  /** Abbreviated mainline commit. */
  readonly commit: string
  readonly title: string
  /** First mainline release that has it, `5.3`. */
  readonly since: string
  /** First release of each stable series that got a backport, `5.15.158`. */
  readonly backports?: readonly string[]
  readonly url: string
}

/** Whether a kernel of this version has the change: by mainline release, or by a backport to its stable series. */
export function hasChange(change: KernelChange, version: KernelVersion): boolean {
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

function required(text: string): KernelVersion {
  const version = parseKernelVersion(text)
  if (!version) throw new TypeError(`'${text}' is not a kernel version`)
  return version
}
