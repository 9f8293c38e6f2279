/** What one node is configured to be, read from the kernel: by netlink, /proc/sys and x_tables, never by a tool that set it. */
import { closeSync, openSync, readSync } from 'node:fs'
import type { Configuration } from '../model/configuration.js'
import type { Netns } from '../world/netns.js'
import { readAddresses, readNeighbours, readPolicyRules, readRoutes } from './addresses.js'
import { readLinks } from './links.js'
import { Monitor } from './monitor.js'
import { NftablesReader } from './nftables.js'
import { readLegacyRules } from './xtables.js'

const VALUE_BYTES = 256

/** Reads one node, again and again; what cannot have changed is not read again. */
export class NodeState {
  readonly #monitor: Monitor
  readonly #nftables: NftablesReader
  readonly #sysctls: readonly { readonly key: string; readonly fd: number }[]
  readonly #buffer = Buffer.alloc(VALUE_BYTES)
  #structure: ReadonlyMap<string, string> | undefined

  /** `devices` are the node's by index; `sysctls` the keys that count. Those that this kernel does not have are left out. Throws SystemError. */
  constructor(
    private readonly netns: Netns,
    private readonly devices: ReadonlyMap<number, string>,
    sysctls: readonly string[],
  ) {
    this.#monitor = new Monitor(netns)
    this.#nftables = new NftablesReader(netns)
    this.#sysctls = netns.inside(() =>
      sysctls.flatMap(key => {
        const fd = openOptional(`/proc/sys/${key.includes('/') ? key : key.replaceAll('.', '/')}`)
        return fd === undefined ? [] : [{ key, fd }]
      }),
    )
  }

  /** Everything that is configured now. */
  read(): Configuration {
    if (this.#monitor.changed() || !this.#structure) this.#structure = this.#readStructure()
    const all = new Map(this.#structure)
    readLegacyRules(this.netns, all)
    for (const { key, fd } of this.#sysctls) {
      const length = readSync(fd, this.#buffer, 0, VALUE_BYTES, 0)
      all.set(`sysctl ${key}`, this.#buffer.toString('latin1', 0, length).trim().replace(/\s+/g, ' '))
    }
    return all
  }

  close(): void {
    this.#monitor.close()
    this.#nftables.close()
    for (const { fd } of this.#sysctls) closeSync(fd)
  }

  #readStructure(): Map<string, string> {
    const found = new Map<string, string>()
    const socket = this.netns.route()
    const nameOf = (index: number) => this.devices.get(index) ?? `index ${index}`
    readLinks(socket, found)
    readAddresses(socket, nameOf, found)
    readRoutes(socket, nameOf, found)
    readPolicyRules(socket, found)
    readNeighbours(socket, nameOf, found)
    this.#nftables.read(found)
    return found
  }
}

function openOptional(path: string): number | undefined {
  try {
    return openSync(path, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
