/** What changes of the defaults from one release to another. */
import { type Defaults, SAMPLE_DEVICE } from '../model/defaults.js'
import type { ReleaseDefaults } from './defaults.js'

/** One sysctl with what sets it. */
export type Default = Defaults[number]

/** A release's defaults under its name. */
export interface NamedDefaults extends ReleaseDefaults {
  readonly name: string
  /** Version of its systemd. */
  readonly systemd: string
}

/** A sysctl that two releases leave at different values; an end without it leaves it as the kernel has it. */
export interface DefaultChange {
  readonly sysctl: string
  readonly before?: Default
  readonly after?: Default
  /** What to do, where somebody's own setting is lost. */
  readonly advice?: string
}

/** Every sysctl of which two releases say something else, by its name. */
export function changedDefaults(before: ReleaseDefaults, after: ReleaseDefaults): DefaultChange[] {
  const olds = new Map(before.settings.map(setting => [setting.sysctl, setting]))
  const news = new Map(after.settings.map(setting => [setting.sysctl, setting]))
  const names = [...new Set([...olds.keys(), ...news.keys()])].sort()
  return names.flatMap(sysctl => {
    const [old, fresh] = [olds.get(sysctl), news.get(sysctl)]
    if (old?.value === fresh?.value) return []
    const advice = old && adviceFor(old, fresh, after)
    return [
      {
        sysctl,
        ...(old ? { before: old } : {}),
        ...(fresh ? { after: fresh } : {}),
        ...(advice ? { advice } : {}),
      },
    ]
  })
}

function adviceFor(old: Default, fresh: Default | undefined, after: ReleaseDefaults): string | undefined {
  if (after.ignored.some(({ sysctl }) => sysctl === old.sysctl))
    return 'no longer applied at boot: move it from /etc/sysctl.conf to a file in /etc/sysctl.d, say 99-local.conf'
  const own = old.file.startsWith('/etc/')
  if (!own || !fresh || fresh.file === old.file) return undefined
  const pattern = old.sysctl.replace(/\.conf\.[^.]+\./, '.conf.*.')
  return `${fresh.file} has a line for every device, which counts more than a default: say ${pattern} = ${old.value} in ${old.file}, too`
}

const MODES = ['off', 'strict', 'loose']

/** How a device filters by reverse path: by the greater of two sysctls (IN_DEV_RPFILTER, include/linux/inetdevice.h). */
export function reversePathFilter({ settings }: ReleaseDefaults): {
  readonly mode: string
  readonly all: number
  readonly device: number
} {
  const value = (place: string) =>
    Number(settings.find(({ sysctl }) => sysctl === `net.ipv4.conf.${place}.rp_filter`)?.value ?? 0)
  const [all, device] = [value('all'), value(SAMPLE_DEVICE)]
  return { mode: MODES[Math.max(all, device)] ?? 'unknown', all, device }
}
