/** Sysctls that a distribution sets by itself, as a topology's nodes get them. */
import type { z } from 'zod'
import type { defaultSchema } from './report.js'

/** What a release sets, with the file that says so, for a machine whose only device is `SAMPLE_DEVICE`. */
export type Defaults = readonly Readonly<z.infer<typeof defaultSchema>>[]

/** The device that stands for all that there may be. */
export const SAMPLE_DEVICE = 'eth0'

const OF_DEVICE = /^(net[./]ipv[46][./](?:conf|neigh)[./])([^./]+)([./].+)$/

/** What a new namespace has before any device but lo is there. */
export function namespaceDefaults(defaults: Defaults): Record<string, string> {
  const own = defaults.filter(({ sysctl }) => OF_DEVICE.exec(sysctl)?.[2] !== SAMPLE_DEVICE)
  return Object.fromEntries(own.map(({ sysctl, value }) => [sysctl, value]))
}

/** What a device gets when it comes, as udev has systemd-sysctl do for each. */
export function deviceDefaults(defaults: Defaults, device: string): Record<string, string> {
  return Object.fromEntries(
    defaults.flatMap(({ sysctl, value }) => {
      const [, before = '', sample, after = ''] = OF_DEVICE.exec(sysctl) ?? []
      if (sample !== SAMPLE_DEVICE) return []
      const key = `${before}${device}${after}`
      // A dot in the name of a device takes slashes, as sysctl(8) has it.
      return [
        [
          device.includes('.')
            ? `${before}${sample}${after}`.replaceAll('.', '/').replace(sample, device)
            : key,
          value,
        ],
      ]
    }),
  )
}
