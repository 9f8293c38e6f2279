/** Reading a machine: its namespaces, and what is the machine's as a whole. Nothing is changed, nothing loaded, nothing sent. */
import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { installedPackages } from '../base/dpkg.js'
import { EXIT, LabError } from '../base/errors.js'
import { unknownWord } from '../base/nearest.js'
import { type RunningKernel, runningKernel } from '../kernel/running.js'
import type { Unread } from '../model/audit.js'
import { runCommand } from '../world/command.js'
import { Netns, OwnNetns } from '../world/netns.js'
import { type Boot, readBoot } from './boot.js'
import type { Facts } from './facts.js'
import { factsOf, listingsOf, type RawHost, readHost } from './read-host.js'
import { AS_ROOT, isRoot, unreadOf } from './unread.js'

/** A machine as it was read. */
export interface Machine {
  readonly kernel: RunningKernel
  readonly distribution: string
  /** Versions of packages that decide what the network does, by name. */
  readonly packages: Readonly<Record<string, string>>
  /** Files of saved rules. */
  readonly savedRules: readonly string[]
  /** What is known of how the machine boots. */
  readonly boot: Boot
  /** Filters of libvirt, where its daemon runs. */
  readonly nwfilters: readonly string[]
  readonly hosts: readonly Facts[]
  /** What nft lists, by the name of the namespace, where it was asked for. */
  readonly listings: ReadonlyMap<string, string>
  /** What could not be read so far: sysctls are read when somebody asks for one. */
  unread(): (Unread & { readonly netns?: string })[]
  close(): void
}

const PACKAGES = [
  'iptables',
  'nftables',
  'ebtables',
  'iproute2',
  'systemd',
  'libvirt-daemon',
  'docker.io',
  'docker-ce',
]
const NAMED = '/run/netns'
/** The namespace that the audit is started in. */
const OWN = 'this'
/** Daemons of libvirt that have filters: the one for them, or the one for everything. */
const NWFILTER_DAEMONS = ['virtnwfilterd', 'libvirtd'] as const
const socketOf = (daemon: (typeof NWFILTER_DAEMONS)[number]) =>
  `/run/libvirt/${daemon === 'libvirtd' ? 'libvirt' : daemon}-sock-ro`
const LIBVIRT_TIMEOUT_MS = 5000

/** A namespace that can be audited. */
interface Place {
  readonly name: string
  readonly path: string
}

/**
 * Reads the machine: all of its namespaces, or those of some names or processes. Throws LabError (exit 2) where there is none of a
 * name.
 */
export async function readMachine(
  chosen: readonly string[] = [],
  { listing = false } = {},
): Promise<Machine> {
  const unread: (Unread & { netns?: string })[] = []
  const places = chosen.length === 0 ? allPlaces(unread) : chosen.map(placeOf)
  const open: Netns[] = []
  // All are opened before one is read: an open one stays, whatever becomes of its name and its processes.
  for (const { name, path } of places) {
    try {
      const netns = name === OWN ? new OwnNetns(name) : new Netns(name, path)
      open.push(netns)
      // A name may be left that stands for none any more, and another user's cannot be entered.
      netns.inside(() => {})
    } catch (error) {
      const closed = open.at(-1)?.name === name ? open.pop() : undefined
      closed?.close()
      unread.push({ netns: name, ...unreadOf('the namespace', error) })
    }
  }
  const raw: RawHost[] = []
  for (const netns of open) raw.push(await readHost(netns, { listing }))
  if (chosen.length > 0 && raw.length === 0)
    throw new LabError(
      `the namespace of ${chosen.join(', ')} could not be read: ${unread[0]?.why}`,
      unread[0]?.remedy ?? 'it may be gone: lab audit --netns this reads this one',
      EXIT.usage,
    )
  const versions = installedPackages()
  const boot = readBoot('/', networkSysctls, unread)
  return {
    kernel: runningKernel(),
    distribution: distribution(),
    packages: Object.fromEntries(
      PACKAGES.flatMap(name => {
        const version = versions.get(name)
        return version === undefined ? [] : [[name, version]]
      }),
    ),
    savedRules: boot.files,
    boot,
    nwfilters: await nwfilters(unread),
    hosts: raw.map(host => factsOf(host, raw)),
    listings: listingsOf(raw),
    unread: () => [
      ...unread,
      ...raw.flatMap(host => [...host.unread.values()].map(one => ({ netns: host.netns, ...one }))),
    ],
    close: () => {
      for (const netns of open) netns.close()
    },
  }
}

function placeOf(chosen: string): Place {
  if (chosen === OWN) return { name: OWN, path: '' }
  const named = join(NAMED, chosen)
  if (!chosen.includes('/') && existsSync(named)) return { name: chosen, path: named }
  if (/^\d+$/.test(chosen) && existsSync(`/proc/${chosen}`))
    return { name: `process ${chosen}`, path: `/proc/${chosen}/ns/net` }
  throw unknownWord('namespace', chosen, [OWN, ...names()])
}

function names(): string[] {
  try {
    return readdirSync(NAMED)
  } catch {
    return []
  }
}

/** This one, those with names, and those that processes are in besides: containers'. */
function allPlaces(unread: (Unread & { netns?: string })[]): Place[] {
  const own = inode('/proc/self/ns/net')
  const seen = new Set([own])
  const places: Place[] = [{ name: OWN, path: '' }]
  for (const name of names()) {
    const path = join(NAMED, name)
    const at = inode(path)
    if (at === undefined || seen.has(at)) continue
    seen.add(at)
    places.push({ name, path })
  }
  let hidden = 0
  for (const pid of readdirSync('/proc').filter(entry => /^\d+$/.test(entry))) {
    const path = `/proc/${pid}/ns/net`
    let at: string | undefined
    try {
      at = /\[(\d+)\]/.exec(readlinkSync(path))?.[1]
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EACCES') hidden++
      continue
    }
    if (at === undefined || seen.has(at)) continue
    seen.add(at)
    places.push({ name: `process ${pid} (${commandOf(pid)})`, path })
  }
  if (hidden > 0)
    unread.push({
      what: hidden === 1 ? 'the namespace of a process' : `namespaces of ${hidden} processes`,
      why: 'they are of others',
      remedy: isRoot() ? 'it takes CAP_SYS_PTRACE' : AS_ROOT,
    })
  return places
}

function inode(path: string): string | undefined {
  try {
    return String(statSync(path).ino)
  } catch {
    return undefined
  }
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
  } catch {
    return 'gone'
  }
}

function distribution(): string {
  try {
    return /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'unknown'
  } catch {
    return 'unknown'
  }
}

/** Asks libvirt for its filters where the daemon that has them runs already: to ask a socket would start it. */
async function nwfilters(unread: Unread[]): Promise<string[]> {
  const there = NWFILTER_DAEMONS.filter(daemon => existsSync(socketOf(daemon)))
  if (there.length === 0) return []
  const what = 'libvirt’s filters'
  const running = there.find(daemon => {
    try {
      return existsSync(`/proc/${readFileSync(`/run/${daemon}.pid`, 'utf8').trim()}`)
    } catch {
      return false
    }
  })
  if (running === undefined) {
    unread.push({ what, why: 'its daemon does not run, and asking would start it' })
    return []
  }
  try {
    const uri = `nwfilter+unix:///system?socket=${socketOf(running)}`
    const argv = ['virsh', '--readonly', '--connect', uri, 'nwfilter-list']
    const { exitCode, stdout, stderr } = await runCommand(argv, { node: null, timeoutMs: LIBVIRT_TIMEOUT_MS })
    if (exitCode !== 0) throw new Error(stderr.trim())
    return stdout.split('\n').flatMap(line => /^ *[0-9a-f-]{36} +(\S+)/.exec(line)?.[1] ?? [])
  } catch (error) {
    unread.push(unreadOf(what, error))
    return []
  }
}

/** Every network sysctl of this namespace, by its key with slashes. */
export function networkSysctls(): string[] {
  const found: string[] = []
  const visit = (folder: string) => {
    for (const entry of readdirSync(join('/proc/sys', folder), { withFileTypes: true })) {
      const key = join(folder, entry.name)
      if (entry.isDirectory()) visit(key)
      else found.push(key)
    }
  }
  visit('net')
  return found.sort()
}
