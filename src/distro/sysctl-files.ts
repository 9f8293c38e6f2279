/**
 * The sysctls that a release sets by itself, in the order of its systemd-sysctl (src/sysctl/sysctl.c, src/basic/conf-files.c
 * of systemd 247 to 262).
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { placeIn } from '../world/root.js'

/** Folders of sysctl.d(5), the one that counts most first. */
const FOLDERS = ['etc/sysctl.d', 'run/sysctl.d', 'usr/local/lib/sysctl.d', 'usr/lib/sysctl.d', 'lib/sysctl.d']

/** One line of a file: a key, or a pattern of keys, and what it is set to. */
export interface SysctlLine {
  /** With slashes, as below /proc/sys: `net/ipv4/conf/eth0.7/rp_filter`. `*`, `?` and `[` make it a pattern. */
  readonly key: string
  /** Left out for a key that no pattern is to set (`-net.ipv4.conf.all.rp_filter`). */
  readonly value?: string
  /** The file that says so, by its path in the root. */
  readonly file: string
}

/**
 * The files that systemd-sysctl reads of a root, in its order: by name, and of one name that of the first folder. A link
 * counts as what it leads to: /etc/sysctl.d/99-sysctl.conf is /etc/sysctl.conf where a release has that link (Debian 11 and
 * 12), and without it /etc/sysctl.conf is not read.
 */
export function sysctlFiles(root: string): string[] {
  const found = new Map<string, string>()
  for (const { folder, name } of confFiles(root))
    if (!found.has(name)) found.set(name, `/${placeIn(root, join(folder, name))}`)
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, place]) => place)
}

/** Every file of sysctl.d(5), by its folder in the root; those of one name in the order in which they count. */
function confFiles(root: string): { folder: string; name: string }[] {
  return FOLDERS.flatMap(path => {
    const folder = placeIn(root, `/${path}`)
    const names = existsSync(join(root, folder)) ? readdirSync(join(root, folder)) : []
    return names.filter(name => name.endsWith('.conf')).map(name => ({ folder, name }))
  })
}

/** Whether /etc/sysctl.conf is applied at boot: where some file of sysctl.d leads to it. */
export function appliesSysctlConf(root: string): boolean {
  return confFiles(root).some(({ folder, name }) => placeIn(root, join(folder, name)) === 'etc/sysctl.conf')
}

/** What the files say, each key once, at the place of the line that counts: a later one takes the place of an earlier one. */
export function sysctlLines(root: string): SysctlLine[] {
  const lines = new Map<string, SysctlLine>()
  for (const file of sysctlFiles(root))
    for (const line of parseSysctls(read(join(root, file)), file)) {
      // The same once more leaves it where it was.
      if (lines.has(line.key) && lines.get(line.key)?.value === line.value) continue
      lines.delete(line.key)
      lines.set(line.key, line)
    }
  return [...lines.values()]
}

/** Reads the text of a file of sysctl.d(5). What is no assignment is left out, as systemd-sysctl does. */
export function parseSysctls(text: string, file: string): SysctlLine[] {
  return text.split('\n').flatMap((raw): SysctlLine[] => {
    const line = raw.trim()
    if (line === '' || line.startsWith('#') || line.startsWith(';')) return []
    const equals = line.indexOf('=')
    const ignores = line.startsWith('-')
    if (equals < 0) return ignores ? [{ key: normalized(line.slice(1)), file }] : []
    const key = normalized(line.slice(ignores ? 1 : 0, equals))
    return [{ key, value: line.slice(equals + 1).trim(), file }]
  })
}

/** A key with slashes: where a dot comes before any slash, dots and slashes change places (sysctl_normalize). */
function normalized(text: string): string {
  const key = text.trim()
  const dotFirst = /^[^/]*\./.test(key)
  const swapped = dotFirst ? key.replace(/[./]/g, char => (char === '.' ? '/' : '.')) : key
  return swapped.replace(/^\/+/, '')
}

/** What each of some keys is set to, and by which file. */
export interface SysctlSetting {
  /** With slashes. */
  readonly key: string
  readonly value: string
  readonly file: string
}

/**
 * What comes of the lines for the keys that there are, in the order in which they are written: a pattern sets every key that
 * it matches but those that have a line of their own.
 */
export function settingsFor(lines: readonly SysctlLine[], keys: readonly string[]): SysctlSetting[] {
  const named = new Set(lines.map(({ key }) => key))
  const there = new Set(keys)
  return lines.flatMap(({ key, value, file }): SysctlSetting[] => {
    if (value === undefined) return []
    if (!isPattern(key)) return there.has(key) ? [{ key, value, file }] : []
    const pattern = patternOf(key)
    return keys.flatMap(own => (pattern.test(own) && !named.has(own) ? [{ key: own, value, file }] : []))
  })
}

/**
 * What the keys are in the end, in their own order. Writing an IPv4 `default` also changes every device for which nothing was
 * written yet (devinet_copy_dflt_conf, net/ipv4/devinet.c), as a device copies it that comes later.
 */
export function outcomeOf(settings: readonly SysctlSetting[], keys: readonly string[]): SysctlSetting[] {
  const written = new Set<string>()
  const outcome = new Map<string, SysctlSetting>()
  for (const setting of settings) {
    written.add(setting.key)
    outcome.set(setting.key, setting)
    const name = /^net\/ipv4\/conf\/default\/(\w+)$/.exec(setting.key)?.[1]
    const copies = keys.filter(
      key => /^net\/ipv4\/conf\/(?!all\/|default\/)[^/]+\/\w+$/.test(key) && key.endsWith(`/${name}`),
    )
    for (const key of copies) if (!written.has(key)) outcome.set(key, { ...setting, key })
  }
  return keys.flatMap(key => outcome.get(key) ?? [])
}

function isPattern(key: string): boolean {
  return /[*?[]/.test(key)
}

/** A pattern of glob(7), in which nothing but a slash matches a slash. */
function patternOf(key: string): RegExp {
  const source = key.replace(/\[!?[^\]]+\]|[\s\S]/g, part => {
    if (part === '*') return '[^/]*'
    if (part === '?') return '[^/]'
    if (part.length > 1) return part.replace('[!', '[^')
    return part.replace(/[.+^${}()|[\]\\]/g, '\\$&')
  })
  return new RegExp(`^${source}$`)
}

/** A key as sysctl(8) prints it; a device with a dot in its name keeps slashes. */
export function dotted(key: string): string {
  return key.includes('.') ? key : key.replaceAll('/', '.')
}

/** The lines of /etc/sysctl.conf, whether it is applied at boot or not. */
export function sysctlConfLines(root: string): SysctlLine[] {
  return parseSysctls(read(join(root, 'etc/sysctl.conf')), '/etc/sysctl.conf')
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // A link that leads nowhere; /dev/null reads as nothing by itself.
    return ''
  }
}
