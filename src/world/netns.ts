/** Network namespaces, entered by the calling thread for the length of one synchronous function. */

import { closeSync, openSync, readFileSync, readSync, unlinkSync, writeSync } from 'node:fs'
import { unlink } from 'node:fs/promises'
import { describeError, LabError } from '../base/errors.js'
import { unlessMissing } from '../base/files.js'
import { withSlashes } from '../base/sysctl-key.js'
import { Ethtool } from './ethtool.js'
import { detachMountAside, enterNewNetworkNamespace, MS_BIND, mount, setNetworkNamespace } from './libc.js'
import { NetlinkSocket } from './rtnetlink.js'

const home = openSync('/proc/thread-self/ns/net', 'r')
let depth = 0

/**
 * Makes a network namespace and gives it a name under /run/netns, as `ip netns add` does. Throws SystemError (ENOSPC at
 * the limit of user.max_net_namespaces), EEXIST when there is one of that name.
 */
export function addNetns(name: string): void {
  const path = `/run/netns/${name}`
  closeSync(openSync(path, 'wx', 0o444))
  try {
    enterNewNetworkNamespace()
    try {
      mount('/proc/thread-self/ns/net', path, '', MS_BIND)
    } finally {
      setNetworkNamespace(home)
    }
  } catch (error) {
    unlinkSync(path)
    throw error
  }
}

/** Takes away a name under /run/netns. The kernel frees the namespace in the background once nobody is in it. Throws EBUSY where the name stays. */
export async function deleteNetns(name: string): Promise<void> {
  const path = `/run/netns/${name}`
  await detachMountAside(path)
  // Of what was a mount point, the kernel waits until nobody looks at it any more (namespace_unlock(), fs/namespace.c).
  await unlink(path)
}

/** A network namespace that `ip netns` knows by `name`. */
export class Netns {
  /** An open descriptor of it. */
  readonly fd: number
  #route: NetlinkSocket | undefined
  #ethtool: Ethtool | undefined
  readonly #files = new Map<string, number>()

  /** Opens `/run/netns/NAME`, or the namespace at `path`. Throws ENOENT when there is none, EACCES for another user's process. */
  constructor(
    readonly name: string,
    path = `/run/netns/${name}`,
  ) {
    this.fd = openSync(path, 'r')
  }

  /**
   * Runs `fn` inside the namespace. It must do all its work before it returns: sockets that it opens and processes
   * that it spawns stay in the namespace, what it awaits runs elsewhere. Throws SystemError, and whatever `fn` throws.
   */
  inside<T>(fn: () => T): T {
    if (depth > 0) throw new Error(`entering ${this.name} from inside another namespace`)
    setNetworkNamespace(this.fd)
    depth++
    try {
      return fn()
    } finally {
      depth--
      setNetworkNamespace(home)
    }
  }

  /**
   * Reads a file under `/proc/thread-self/net` of this namespace, or undefined when the kernel has no such file. It stays open: to find
   * it takes as long as to read it.
   */
  readProc(file: string): string | undefined {
    const fd =
      this.#files.get(file) ??
      unlessMissing(() => this.inside(() => openSync(`/proc/thread-self/net/${file}`, 'r')))
    if (fd === undefined) return undefined
    this.#files.set(file, fd)
    return readAgain(fd)
  }

  /** The value of a sysctl (`net.ipv4.ip_forward`) in this namespace, or undefined when the kernel has no such key. */
  readSysctl(key: string): string | undefined {
    return unlessMissing(() => this.inside(() => readFileSync(sysctlPath(key), 'utf8')))?.trim()
  }

  /** Writes sysctls in this namespace, in order. Throws LabError, which names the one that was refused. */
  writeSysctls(values: Iterable<readonly [string, string]>): void {
    this.inside(() => {
      for (const [key, value] of values) {
        try {
          writeSysctl(key, value)
        } catch (error) {
          throw new LabError(`'${key}=${value}' was refused: ${describeError(error)}`)
        }
      }
    })
  }

  /** Its rtnetlink socket, the same one every time. Throws SystemError. */
  route(): NetlinkSocket {
    this.#route ??= this.openRoute()
    return this.#route
  }

  /** Another rtnetlink socket, to be closed by who asked for it. Throws SystemError. */
  openRoute(): NetlinkSocket {
    return new NetlinkSocket(open => this.inside(open))
  }

  /** Its ethtool socket, the same one every time. Throws SystemError. */
  ethtool(): Ethtool {
    this.#ethtool ??= new Ethtool(open => this.inside(open))
    return this.#ethtool
  }

  /** Closes its sockets and files, but keeps the namespace. */
  closeSockets(): void {
    for (const fd of this.#files.values()) closeSync(fd)
    this.#files.clear()
    this.#route?.close()
    this.#route = undefined
    this.#ethtool?.close()
    this.#ethtool = undefined
  }

  close(): void {
    this.closeSockets()
    closeSync(this.fd)
  }
}

/** The namespace that this process is in, which it need not enter, and may look into without being root. */
export class OwnNetns extends Netns {
  constructor(name: string) {
    super(name, '/proc/thread-self/ns/net')
  }

  override inside<T>(fn: () => T): T {
    return fn()
  }
}

/** `/proc/sys` path of a sysctl. */
function sysctlPath(key: string): string {
  return `/proc/sys/${withSlashes(key)}`
}

function writeSysctl(key: string, value: string): void {
  const fd = openSync(sysctlPath(key), 'w')
  try {
    writeSync(fd, value)
  } finally {
    closeSync(fd)
  }
}

const buffer = Buffer.allocUnsafe(1 << 16)

/** All that a file of procfs says now: read from its beginning, it says all of it anew (seq_read_iter()). */
function readAgain(fd: number): string {
  let text = ''
  for (let at = 0; ; ) {
    const length = readSync(fd, buffer, 0, buffer.length, at)
    if (length === 0) return text
    text += buffer.toString('utf8', 0, length)
    at += length
  }
}
