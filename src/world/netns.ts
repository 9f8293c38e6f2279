/** Network namespaces, entered by the calling thread for the length of one synchronous function. */
import { closeSync, openSync, readFileSync } from 'node:fs'
import { setNetworkNamespace } from './libc.js'

const home = openSync('/proc/thread-self/ns/net', 'r')
let depth = 0

/** A network namespace that `ip netns` knows by `name`. */
export class Netns {
  readonly #fd: number

  /** Opens `/run/netns/NAME`. Throws ENOENT when there is none of that name. */
  constructor(readonly name: string) {
    this.#fd = openSync(`/run/netns/${name}`, 'r')
  }

  /**
   * Runs `fn` inside the namespace. It must do all its work before it returns: sockets that it opens and processes
   * that it spawns stay in the namespace, what it awaits runs elsewhere. Throws SystemError, and whatever `fn` throws.
   */
  inside<T>(fn: () => T): T {
    if (depth > 0) throw new Error(`entering ${this.name} from inside another namespace`)
    setNetworkNamespace(this.#fd)
    depth++
    try {
      return fn()
    } finally {
      depth--
      setNetworkNamespace(home)
    }
  }

  /** Reads a file under `/proc/thread-self/net` of this namespace, or undefined when the kernel has no such file. */
  readProc(file: string): string | undefined {
    return this.inside(() => readOptional(`/proc/thread-self/net/${file}`))
  }

  /** The value of a sysctl (`net.ipv4.ip_forward`) in this namespace, or undefined when the kernel has no such key. */
  readSysctl(key: string): string | undefined {
    return this.inside(() => readOptional(sysctlPath(key)))?.trim()
  }

  close(): void {
    closeSync(this.#fd)
  }
}

/** `/proc/sys` path of a sysctl; a device name may hold dots when the key is written with slashes, as sysctl(8) takes it. */
function sysctlPath(key: string): string {
  return `/proc/sys/${key.includes('/') ? key : key.replaceAll('.', '/')}`
}

function readOptional(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
