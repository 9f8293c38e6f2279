/** Whether anything of a namespace was configured since somebody looked: what the kernel notifies of costs one system call to know. */
import {
  AF_NETLINK,
  bindSocket,
  closeFd,
  NETLINK_NETFILTER,
  NETLINK_ROUTE,
  openSocket,
  receiveBytes,
  SOCK_RAW,
  SystemError,
} from '../world/libc.js'
import type { Netns } from '../world/netns.js'

/** RTMGRP_* (linux/rtnetlink.h): links, addresses, routes and policy rules of both families, traffic control, next hop objects. */
const ROUTE_GROUPS = (0x1 | 0x8 | 0x10 | 0x40 | 0x80 | 0x100 | 0x400 | (1 << 18) | (1 << 31)) >>> 0
/** NFNLGRP_NFTABLES (linux/netfilter/nfnetlink.h). */
const NFTABLES_GROUP = 1 << 6

/** Listens in one namespace. */
export class Monitor {
  /** Descriptors of which one can be read once there is a notification. */
  readonly fds: readonly [network: number, rules: number]
  readonly #buffer = Buffer.allocUnsafe(1 << 15)

  /** Throws SystemError. */
  constructor(netns: Netns) {
    this.fds = netns.inside(() => [
      listen(NETLINK_ROUTE, ROUTE_GROUPS),
      listen(NETLINK_NETFILTER, NFTABLES_GROUP),
    ])
  }

  /** What was notified of until now, where these descriptors can be read; it is forgotten. Throws SystemError. */
  drain(readable: ReadonlySet<number>): { readonly network: boolean; readonly rules: boolean } {
    for (const fd of this.fds) if (readable.has(fd)) this.#drain(fd)
    const [network, rules] = this.fds
    return { network: readable.has(network), rules: readable.has(rules) }
  }

  close(): void {
    for (const fd of this.fds) closeFd(fd)
  }

  #drain(fd: number): void {
    for (;;) {
      try {
        if (!receiveBytes(fd, this.#buffer)) return
      } catch (error) {
        // So many came that some were lost.
        if (!(error instanceof SystemError) || error.code !== 'ENOBUFS') throw error
      }
    }
  }
}

function listen(protocol: number, groups: number): number {
  const fd = openSocket(AF_NETLINK, SOCK_RAW, protocol)
  const address = Buffer.alloc(12)
  address.writeUInt16LE(AF_NETLINK, 0)
  address.writeUInt32LE(groups, 8)
  try {
    bindSocket(fd, address)
  } catch (error) {
    closeFd(fd)
    throw error
  }
  return fd
}
