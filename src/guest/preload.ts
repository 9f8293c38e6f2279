import { lstat, readdir, readFile, readlink, realpath } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, resolve } from 'node:path'
import { execa } from 'execa'
import { isElf } from '../kernels/elf.js'
import { placeIn } from '../world/root.js'
import type { CpioEntry } from './cpio.js'

/**
 * Programs that every run of the lab starts again and again, and folders of the plugins that they load. Each open of
 * a file over 9p costs an emulated guest about four milliseconds, and starting `ip` opens ten.
 */
const USUAL = [
  ...[
    'ip',
    'bridge',
    'tc',
    'ss',
    'sysctl',
    'ping',
    'nsenter',
    'unshare',
    'mount',
    'umount',
    'modprobe',
    'kmod',
  ],
  ...['iptables', 'iptables-restore', 'iptables-save', 'ip6tables', 'ip6tables-restore', 'ip6tables-save'],
  ...['ebtables', 'nft'],
  ...[
    'iptables-nft',
    'iptables-legacy',
    'ip6tables-nft',
    'ip6tables-legacy',
    'conntrack',
    'ethtool',
    'arping',
  ],
  ...['sh', 'bash', 'env', 'cat', 'true', 'false', 'sleep', 'timeout', 'setpriv', 'tail', 'mkdir', 'rm'],
  ...['/usr/lib/x86_64-linux-gnu/xtables', '/usr/lib64/xtables', '/etc/iproute2', '/etc/ld.so.cache'],
  ...['/etc/nsswitch.conf', '/etc/passwd', '/etc/group', '/etc/protocols', '/etc/services', '/etc/hosts'],
  ...['/etc/modprobe.d', '/lib/modprobe.d', '/etc/localtime', '/usr/lib/locale/C.utf8', '/etc/ethertypes'],
]

/** A file of more bytes than this is not preloaded: it would be copied whole, and is mostly read in part. */
const LARGEST_FILE = 16 * 1024 ** 2

/**
 * Collects files of this machine to put into a guest's memory, where they shadow the same files of the shared
 * root: the lab's usual programs with the libraries that they are linked to, and what the caller adds.
 * That is paths of files or folders (taken whole, without what they link to), or names of programs. What does not exist
 * is left out, since the guest sees the shared root anyhow. `root` is the folder of another root, whose programs of the same
 * names are taken, too.
 */
export function collectPreload(extra: readonly string[], root?: string): Promise<readonly CpioEntry[]> {
  const key = [root ?? '', ...extra].join('\0')
  const known = collections.get(key)
  if (known) return known
  const collection = collect(extra, root)
  collections.set(key, collection)
  return collection
}

/** What was collected before: the guests of one run are to see the same files, and it takes half a second. */
const collections = new Map<string, Promise<readonly CpioEntry[]>>()

async function collect(extra: readonly string[], root?: string): Promise<CpioEntry[]> {
  const collected = new Collector()
  for (const item of [...USUAL, ...extra]) {
    for (const path of item.includes('/') ? [item] : searchPath(item)) await collected.add(path)
  }
  await collected.addLibraries()
  if (root !== undefined) await addRoot(collected, root, [...USUAL, ...extra])
  return collected.entries()
}

/** Adds what another root has of these, each where the root's own links lead to. */
async function addRoot(collected: Collector, root: string, items: readonly string[]): Promise<void> {
  const programs: string[] = []
  for (const item of items)
    for (const path of item.includes('/') ? [item] : searchPath(item)) {
      const place = join(root, placeIn(root, path))
      await collected.add(place)
      if (!item.includes('/') && (await lstat(place).catch(() => undefined))?.isFile()) programs.push(place)
    }
  // With the root's own loader: another one would find other libraries.
  const loader = join(root, placeIn(root, '/lib64/ld-linux-x86-64.so.2'))
  const folders = ['/lib/x86_64-linux-gnu', '/usr/lib/x86_64-linux-gnu', '/lib64', '/usr/lib64']
  const path = folders.map(folder => join(root, placeIn(root, folder))).join(':')
  await collected.add(loader)
  for (const program of programs) {
    const { stdout } = await execa(loader, ['--library-path', path, '--list', program], {
      reject: false,
      stdin: 'ignore',
    })
    for (const [, library = ''] of (stdout ?? '').matchAll(/=> (\/\S+) \(0x/gm)) await collected.add(library)
  }
}

function searchPath(program: string): string[] {
  return ['/usr/sbin', '/usr/bin', '/sbin', '/bin'].map(folder => join(folder, program))
}

class Collector {
  readonly #entries = new Map<string, CpioEntry>()
  readonly #programs: string[] = []

  /** Adds a file, a link with what it leads to, or a folder with everything in it. */
  async add(path: string): Promise<void> {
    const folder = await realpath(dirname(path)).catch(() => undefined)
    if (folder === undefined || !isAbsolute(path)) return
    const real = join(folder, basename(path))
    if (this.#entries.has(real)) return
    const status = await lstat(real).catch(() => undefined)
    if (status?.isSymbolicLink()) {
      const target = await readlink(real)
      this.#put({ kind: 'link', path: real, target })
      await this.add(resolve(folder, target))
    } else if (status?.isDirectory()) {
      this.#put({ kind: 'folder', path: real })
      const names = await readdir(real).catch(() => [])
      await Promise.all(names.map(name => this.add(join(real, name))))
    } else if (status?.isFile() && status.size <= LARGEST_FILE) {
      const data = await readFile(real).catch(() => undefined)
      if (data === undefined) return
      const executable = (status.mode & 0o111) !== 0
      this.#put({ kind: 'file', path: real, data, executable })
      if (executable && isElf(data)) this.#programs.push(real)
    }
  }

  /** Adds the libraries of all programs so far. */
  async addLibraries(): Promise<void> {
    const { stdout } = await execa('ldd', this.#programs, { reject: false, stdin: 'ignore' })
    const libraries = new Set([...stdout.matchAll(/(?:=> |^\t)(\/\S+) \(0x/gm)].map(([, path]) => path ?? ''))
    for (const library of libraries) await this.add(library)
  }

  /** Everything, each folder before what is in it. */
  entries(): CpioEntry[] {
    return [...this.#entries.values()].sort((a, b) => (a.path < b.path ? -1 : 1))
  }

  #put(entry: CpioEntry): void {
    for (let folder = dirname(entry.path); folder !== '/'; folder = dirname(folder)) {
      if (!this.#entries.has(folder)) this.#entries.set(folder, { kind: 'folder', path: folder })
    }
    this.#entries.set(entry.path, entry)
  }
}
