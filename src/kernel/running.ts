/** The kernel that runs. */
import { readFileSync } from 'node:fs'
import { release } from 'node:os'
import { debianPackage, type KernelVersion, parseKernelVersion, upstreamVersion } from '../model/version.js'

/** The kernel that this process runs on. */
export interface RunningKernel {
  /** `uname -r`. */
  readonly release: string
  /** The upstream version, which a distribution's release string may hide: `6.1.176` for `6.1.0-44-amd64`. */
  readonly version: string
  /** The version of the distribution's package, where the kernel says it: `6.1.176-1`. */
  readonly package?: string
}

/** Reads the running kernel's release and upstream version. */
export function runningKernel(): RunningKernel {
  const read = (path: string) => {
    try {
      return readFileSync(path, 'utf8')
    } catch {
      return ''
    }
  }
  const procVersion = read('/proc/version')
  const signature = read('/proc/version_signature')
  const packaged = debianPackage(procVersion) ?? /^Ubuntu (\S+)/.exec(signature)?.[1]
  return {
    release: release(),
    version: upstreamVersion(release(), procVersion, signature),
    ...(packaged === undefined ? {} : { package: packaged }),
  }
}

/** The version of the running kernel with its release; 0.0.0 where that says none, which has no change of any other. */
export function runningVersion(): KernelVersion {
  const kernel = runningKernel()
  const version = parseKernelVersion(kernel.version) ?? { major: 0, minor: 0, patch: 0 }
  return { ...version, release: kernel.release }
}
