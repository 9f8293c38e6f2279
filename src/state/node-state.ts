/** What one node is configured to be, read from the kernel: by netlink, /proc/sys and x_tables, never by a tool that set it. */

import { closeSync, openSync, readSync } from 'node:fs'
import { unlessMissing } from '../base/files.js'
import { withSlashes } from '../base/sysctl-key.js'
import type { Configuration } from '../model/configuration.js'
import type { Netns } from '../world/netns.js'
import { readAddresses, readNeighbours } from './addresses.js'
import { readFeatures } from './features.js'
import { readLinks } from './links.js'
import { Monitor } from './monitor.js'
import { NftablesReader } from './nftables.js'
import { readNextHops, readPolicyRules, readRoutes } from './routes.js'
import { readTrafficControl } from './traffic-control.js'
import { LegacyReader } from './xtables.js'

const VALUE_BYTES = 256

/** A sysctl under watch. */
interface OpenSysctl {
  readonly what: string
  readonly fd: number
  /** Whether it is read at every look. */
  readonly own: boolean
}

/** Reads one node, again and again; what cannot have changed is not read again. */
export class NodeState {
  readonly #monitor: Monitor
  readonly #nftables: NftablesReader
  readonly #legacy: LegacyReader
  readonly #sysctls: readonly OpenSysctl[]
  readonly #values = new Map<string, string>()
  readonly #buffer = Buffer.alloc(VALUE_BYTES)
  #network: ReadonlyMap<string, string> | undefined
  #rules: ReadonlyMap<string, string> | undefined

  /**
   * `devices` are the node's by index; `own` are the sysctls that are read at every look, `others` those of thorough ones. Those that this
   * kernel does not have are left out. Throws SystemError.
   */
  constructor(
    private readonly netns: Netns,
    private readonly devices: ReadonlyMap<number, string>,
    own: readonly string[],
    others: readonly string[],
  ) {
    this.#monitor = new Monitor(netns)
    this.#nftables = new NftablesReader(netns)
    this.#legacy = new LegacyReader(netns)
    const tried = new Set(own)
    this.#sysctls = netns.inside(() =>
      [...new Set([...own, ...others])].flatMap(key => {
        const fd = unlessMissing(() => openSync(`/proc/sys/${withSlashes(key)}`, 'r'))
        return fd === undefined ? [] : [{ what: `sysctl ${key}`, fd, own: tried.has(key) }]
      }),
    )
  }

  /** Descriptors of which one can be read once the kernel has notified of a change. */
  get notified(): readonly number[] {
    return this.#monitor.fds
  }

  /**
   * Everything that is configured now. `readable` are the descriptors of `notified` that can be read: what the kernel has not told of is
   * as it was. Without `thorough`, so are sysctls other than the scenario's own.
   */
  read(readable: ReadonlySet<number>, thorough: boolean): Configuration {
    const changed = this.#monitor.drain(readable)
    if (changed.network || !this.#network) this.#network = this.#readNetwork()
    if (changed.rules || !this.#rules) this.#rules = this.#readRules()
    const all = new Map([...this.#network, ...this.#rules])
    this.#legacy.read(all)
    for (const { what, fd, own } of this.#sysctls) {
      if (own || thorough) this.#values.set(what, this.#readValue(fd))
      all.set(what, this.#values.get(what) ?? '')
    }
    return all
  }

  close(): void {
    this.#monitor.close()
    this.#nftables.close()
    this.#legacy.close()
    for (const { fd } of this.#sysctls) closeSync(fd)
  }

  #readValue(fd: number): string {
    const length = readSync(fd, this.#buffer, 0, VALUE_BYTES, 0)
    return this.#buffer.toString('latin1', 0, length).trim().replace(/\s+/g, ' ')
  }

  #readNetwork(): Map<string, string> {
    const found = new Map<string, string>()
    const socket = this.netns.route()
    const nameOf = (index: number) => this.devices.get(index) ?? `index ${index}`
    readLinks(socket, found)
    readFeatures(this.netns.ethtool(), this.devices, found)
    readAddresses(socket, nameOf, found)
    readRoutes(socket, nameOf, found)
    readNextHops(socket, nameOf, found)
    readPolicyRules(socket, found)
    readNeighbours(socket, nameOf, found)
    readTrafficControl(socket, nameOf, found)
    return found
  }

  #readRules(): Map<string, string> {
    const found = new Map<string, string>()
    this.#nftables.read(found)
    return found
  }
}
