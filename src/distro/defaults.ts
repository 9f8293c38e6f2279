/** The network sysctls that a release sets by itself: what its files say, and what its own systemd-sysctl makes of them. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { LabError } from '../base/errors.js'
import { type Defaults, SAMPLE_DEVICE } from '../model/defaults.js'
import { runCommand } from '../world/command.js'
import { addNetns, deleteNetns, Netns } from '../world/netns.js'
import { type ReversePathPacket, sendFromElsewhere } from './reverse-path.js'
import {
  appliesSysctlConf,
  dotted,
  outcomeOf,
  type SysctlSetting,
  settingsFor,
  sysctlConfLines,
  sysctlLines,
} from './sysctl-files.js'

/** What a release sets, for a machine that has one device. */
export interface ReleaseDefaults {
  /** What each sysctl is in the end that one of its files has a word in, by its name. */
  readonly settings: Defaults
  /** Lines of /etc/sysctl.conf that are not applied at boot, as nothing in sysctl.d leads to it. */
  readonly ignored: Defaults
  /** What systemd-sysctl came to otherwise than the files say: nothing, or the lab is wrong. */
  readonly differs: readonly { readonly sysctl: string; readonly computed: string; readonly actual: string }[]
  /** What became of a packet whose source is routed over another device than it came in on, with these sysctls set; left out where none was sent. */
  readonly fromElsewhere?: ReversePathPacket
}

const PROGRAMS = ['/usr/lib/systemd/systemd-sysctl', '/lib/systemd/systemd-sysctl']
/** The other end of its link, which no real machine has. */
const PEER = 'peer0'
const NAME = 'defaults'
const TIMEOUT_MS = 60_000

/**
 * Computes what the root that this process is in sets, and has its own systemd-sysctl do the same in a new network namespace.
 * Inside a world, whose /proc/sys has nothing but network namespaces' settings to write. Throws LabError where the root has
 * no systemd-sysctl. `packet`: sends one whose source is routed elsewhere, too, which takes a second.
 */
export async function releaseDefaults({ packet = false } = {}): Promise<ReleaseDefaults> {
  const program = PROGRAMS.find(path => existsSync(path))
  if (program === undefined)
    throw new LabError(
      'this root has no systemd-sysctl, so it is not known what it sets at boot',
      'defaults are those of distributions with systemd',
    )
  addNetns(NAME)
  const netns = new Netns(NAME)
  try {
    const inside = { node: NAME, netns, timeoutMs: TIMEOUT_MS }
    const link = ['ip', 'link', 'add', SAMPLE_DEVICE, 'type', 'veth', 'peer', 'name', PEER]
    await runCommand(link, inside)
    const before = netns.inside(readSysctls)
    const keys = [...before.keys()].sort()
    const settings = outcomeOf(settingsFor(sysctlLines('/'), keys), keys)
    // It fails for what is not a network namespace's, which is none of its business here.
    await runCommand([program], inside)
    const differs = differences(before, settings, netns.inside(readSysctls))
    return {
      settings: settings.filter(({ key }) => !key.includes(`/${PEER}/`)).map(named),
      ignored: ignoredLines(keys),
      differs,
      ...(packet ? { fromElsewhere: await sendFromElsewhere(netns, NAME, PEER) } : {}),
    }
  } finally {
    netns.close()
    await deleteNetns(NAME)
  }
}

function ignoredLines(keys: readonly string[]): Defaults {
  return appliesSysctlConf('/') ? [] : settingsFor(sysctlConfLines('/'), keys).map(named)
}

function named({ key, value, file }: SysctlSetting): Defaults[number] {
  return { sysctl: dotted(key), value, file }
}

/**
 * Sysctls that are commands to others, and what these change (inet_forward_change, net/ipv4/devinet.c; addrconf_fixup_forwarding
 * and addrconf_disable_change, net/ipv6/addrconf.c): the user's files may have some, no release's own do.
 */
const MOVERS = /\/(ip_forward|forwarding|disable_ipv6)$/
const MOVED = /\/(ip_forward|forwarding|accept_redirects|disable_ipv6)$/

/** What there is afterwards that neither was there before nor was computed. */
function differences(
  before: ReadonlyMap<string, string>,
  settings: readonly SysctlSetting[],
  after: ReadonlyMap<string, string>,
): ReleaseDefaults['differs'] {
  const set = new Map(settings.map(({ key, value }) => [key, words(value)]))
  const moves = [...set.keys()].some(key => MOVERS.test(key))
  return [...after].flatMap(([key, actual]) => {
    const computed = set.get(key) ?? before.get(key) ?? ''
    if (computed === actual || (moves && !set.has(key) && MOVED.test(key))) return []
    return [{ sysctl: dotted(key), computed, actual }]
  })
}

/** Every sysctl of the calling thread's network namespace that can be read, by its key with slashes. */
function readSysctls(): Map<string, string> {
  const found = new Map<string, string>()
  const visit = (folder: string) => {
    for (const entry of readdirSync(join('/proc/sys', folder), { withFileTypes: true })) {
      const key = join(folder, entry.name)
      if (entry.isDirectory()) visit(key)
      else
        try {
          found.set(key, words(readFileSync(join('/proc/sys', key), 'utf8')))
        } catch {
          // Some can only be written, as route/flush.
        }
    }
  }
  visit('net')
  return found
}

function words(value: string): string {
  return value.trim().replace(/\s+/g, ' ')
}
