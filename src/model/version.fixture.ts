import { type KernelVersion, parseKernelVersion } from './version.js'

/** A version that is one. */
export function version(text: string): KernelVersion {
  const parsed = parseKernelVersion(text)
  if (!parsed) throw new TypeError(text)
  return parsed
}
