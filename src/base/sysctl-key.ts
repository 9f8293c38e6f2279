/** A sysctl's key as its path below /proc/sys; in one with slashes, as sysctl(8) takes it, the name of a device may have dots. */
export function withSlashes(key: string): string {
  return key.includes('/') ? key : key.replaceAll('.', '/')
}
