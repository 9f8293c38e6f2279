/** Another root than the machine's in a world: the programs of another distribution, on the running kernel. */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { LabError } from '../base/errors.js'
import { attempt, MS_BIND, mount, pivotRoot } from './libc.js'

/** A file or folder of the machine in another root. */
interface Borrowed {
  readonly path: string
  /** Where it is there; at its own path when left out. */
  readonly at?: string
  readonly writable: boolean
}

/** A root to be in, and what of the machine is seen there. */
export interface OtherRoot {
  /** What reports call it, where that is not what it calls itself. */
  readonly id?: string
  /** The folder that is its `/`. It is not written to. */
  readonly folder: string
  /** Files and folders of the machine that are there, too: Node.js, this program, where reports go. */
  readonly machine: readonly Borrowed[]
}

const MARK = 'NETNS_LAB_ROOT'

/** The root that this process is in, or is about to enter; undefined where it is the machine's. */
export function otherRoot(): OtherRoot | undefined {
  const text = process.env[MARK]
  return text === undefined ? undefined : (JSON.parse(text) as OtherRoot)
}

/** The environment of a process that is to enter a root. */
export function rootEnvironment(root: OtherRoot | undefined): Record<string, string> {
  return root === undefined ? {} : { [MARK]: JSON.stringify(root) }
}

const MS_RDONLY = 1
const MS_NOSUID = 2
const MS_NODEV = 4
const MS_REMOUNT = 32
const MS_REC = 16384

/** Empty folders of every root, in which there is something only when it runs. */
const LIVE = ['dev', 'proc', 'run', 'sys', 'tmp']
/** Of these, those that are the machine's, or the world's. */
const SHARED = ['dev', 'proc', 'sys']
/** Where a new root can be put together: some folder that nothing of it comes from. */
const SITES = ['/run', '/mnt', '/tmp', '/srv', '/opt']
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/**
 * Makes a folder the root of the mount namespace, by pivot_root(2): in a chroot nobody could make user namespaces. The root
 * is put together on a tmpfs from bind mounts, read-only, so that a mount point which it lacks can be made without touching it,
 * and without an overlay, which a user namespace has only since 5.11. Throws LabError, and SystemError.
 */
export function enterRoot({ folder, machine }: OtherRoot): void {
  const cwd = process.cwd()
  const sources = [folder, ...machine.map(({ path }) => path)]
  const site = SITES.find(path => existsSync(path) && !sources.some(source => isWithin(source, path)))
  if (site === undefined)
    throw new LabError(
      `there is no folder to put the root ${folder} together in: ${SITES.join(', ')} are missing or have something of it in them`,
      'make the folder /srv, or /mnt',
    )
  const wanted = machine
    .map(({ path, at = path, writable }) => ({ path, writable, place: placeIn(folder, at) }))
    .sort((a, b) => a.place.length - b.place.length)
  mount('tmpfs', site, 'tmpfs', MS_NOSUID, 'mode=755')
  lay(
    site,
    folder,
    wanted.map(({ path, place }) => ({ path, names: place.split(sep) })),
    LIVE,
  )
  for (const name of SHARED) bind(`/${name}`, join(site, name))
  for (const { path, place, writable } of wanted) {
    bind(path, join(site, place))
    if (!writable) makeReadOnly(join(site, place))
  }
  pivotRoot(site)
  process.chdir(existsSync(cwd) ? cwd : '/')
  process.env.PATH = PATH
  // A file of the machine's, of which every Node.js that is started here would say that it is not there.
  delete process.env.NODE_EXTRA_CA_CERTS
}

/** Something of the machine that is to be in a folder, at the place that these names lead to. */
interface Wanted {
  readonly path: string
  readonly names: readonly string[]
}

/**
 * Puts a folder together that has what another one has, and mount points for what is wanted there. Where one is missing, the
 * folder that it is missing in is put together in the same way; all else is mounted as a whole.
 */
function lay(target: string, source: string, wanted: readonly Wanted[], live: readonly string[] = []): void {
  for (const entry of readdirSync(source, { withFileTypes: true })) {
    const [from, to] = [join(source, entry.name), join(target, entry.name)]
    if (live.includes(entry.name)) continue
    const below = wanted.flatMap(({ path, names: [first, ...names] }) =>
      first === entry.name && names.length > 0 ? [{ path, names }] : [],
    )
    if (entry.isSymbolicLink()) symlinkSync(readlinkSync(from), to)
    else if (!entry.isDirectory()) {
      writeFileSync(to, '')
      bindReadOnly(from, to)
    } else {
      mkdirSync(to)
      if (below.every(({ names }) => existsSync(join(from, ...names)))) bindReadOnly(from, to)
      else lay(to, from, below)
    }
  }
  for (const name of live) mkdirSync(join(target, name), { mode: name === 'tmp' ? 0o1777 : 0o755 })
  for (const { path, names } of wanted) {
    const place = join(target, ...names)
    if (existsSync(place)) continue
    mkdirSync(dirname(place), { recursive: true })
    if (statSync(path).isDirectory()) mkdirSync(place)
    else writeFileSync(place, '')
  }
}

/** Where a path of the machine is in a root, relative to it, once the root's own symbolic links on the way are followed. */
export function placeIn(root: string, path: string): string {
  const names = path.split(sep).filter(Boolean)
  let place = ''
  for (let hops = 0; names.length > 0; ) {
    const next = join(place, names.shift() ?? '')
    let target: string
    try {
      target = readlinkSync(join(root, next))
    } catch {
      // No link, or nothing at all.
      place = next
      continue
    }
    if (++hops > 40) throw new LabError(`${join(root, next)} is a symbolic link that leads nowhere`)
    names.unshift(...target.split(sep).filter(Boolean))
    if (target.startsWith(sep)) place = ''
    // A root has nothing above it.
    while (names[0] === '..') {
      names.shift()
      place = place === '' ? '' : dirname(place).replace(/^\.$/, '')
    }
  }
  return place
}

function isWithin(path: string, folder: string): boolean {
  return !relative(folder, path).startsWith('..')
}

function bind(from: string, to: string): void {
  // With all that is mounted below: in a user namespace, what it hides may not be laid open (has_locked_children).
  mount(from, to, '', MS_BIND | MS_REC)
}

function bindReadOnly(from: string, to: string): void {
  bind(from, to)
  makeReadOnly(to)
}

function makeReadOnly(path: string): void {
  // In a user namespace a mount keeps the flags that it came with, and they differ: without it, the files' owners count.
  attempt(() => mount('none', path, '', MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV))
}
