/** Neighbour entries of a namespace, by rtnetlink. */
import { AF_INET, AF_INET6, deviceIndex, ipv6Bytes } from './libc.js'
import type { Netns } from './netns.js'
import { attribute, attributes, NetlinkError, NLM_F, RTM } from './rtnetlink.js'

const NDA = { destination: 1, linkAddress: 2, master: 9 }
const AF_BRIDGE = 7
/** NUD_* (linux/neighbour.h). */
export const NUD = { reachable: 2, stale: 4 } as const

/** Has a namespace know a neighbour by a MAC address. Throws SystemError. */
export function setNeighbour(
  netns: Netns,
  device: string,
  address: string,
  mac: Buffer,
  state: number,
): void {
  const body = Buffer.concat([entry(netns, device, state, address), attribute(NDA.linkAddress, mac)])
  netns.route().perform([{ type: RTM.newNeighbour, flags: NLM_F.create | NLM_F.replace, body }])
}

/** Takes a neighbour entry away. One that there is not is none. Throws SystemError. */
export function forgetNeighbour(netns: Netns, device: string, address: string): void {
  try {
    netns.route().perform([{ type: RTM.deleteNeighbour, flags: 0, body: entry(netns, device, 0, address) }])
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error
  }
}

/** The MAC address that a namespace has for a neighbour. */
export function neighbourOf(netns: Netns, address: string): Buffer | undefined {
  const bytes = bytesOf(address)
  for (const message of netns
    .route()
    .ask({ type: RTM.getNeighbour, flags: NLM_F.dump, body: Buffer.alloc(12) })) {
    const found = attributes(message.subarray(12))
    const mac = found.get(NDA.linkAddress)
    if (found.get(NDA.destination)?.equals(bytes) && mac) return Buffer.from(mac)
  }
  return undefined
}

/**
 * The MAC address that a namespace has for a neighbour on one device. The kernel is asked for that entry alone (neigh_get(),
 * 82cbb5c631a0, 5.0): a dump goes through those of every namespace on the machine. Throws SystemError.
 */
export function neighbourOn(netns: Netns, index: number, address: string): Buffer | undefined {
  return one(netns, Buffer.concat([header(index, 0, address), attribute(NDA.destination, bytesOf(address))]))
    ?.mac
}

/** Index of the port behind which a bridge has learnt a MAC address to be (rtnl_fdb_get(), 5b2f94b27622, 5.0). Throws SystemError. */
export function learntPort(netns: Netns, bridge: number, mac: Buffer): number | undefined {
  const about = Buffer.alloc(12)
  about[0] = AF_BRIDGE
  return one(netns, Buffer.concat([about, attribute(NDA.linkAddress, mac), attribute(NDA.master, bridge)]))
    ?.index
}

/** The entry that a request is about; undefined where there is none. */
function one(
  netns: Netns,
  body: Buffer,
): { readonly index: number; readonly mac: Buffer | undefined } | undefined {
  try {
    const [message] = netns.route().ask({ type: RTM.getNeighbour, flags: 0, body })
    return (
      message && { index: message.readInt32LE(4), mac: attributes(message.subarray(12)).get(NDA.linkAddress) }
    )
  } catch (error) {
    if (error instanceof NetlinkError) return undefined
    throw error
  }
}

/** struct ndmsg, and whom it is about. */
function entry(netns: Netns, device: string, state: number, address: string): Buffer {
  const index = netns.inside(() => deviceIndex(device))
  return Buffer.concat([header(index, state, address), attribute(NDA.destination, bytesOf(address))])
}

function header(index: number, state: number, address: string): Buffer {
  const bytes = Buffer.alloc(12)
  bytes[0] = address.includes(':') ? AF_INET6 : AF_INET
  bytes.writeInt32LE(index, 4)
  bytes.writeUInt16LE(state, 8)
  return bytes
}

function bytesOf(address: string): Buffer {
  return address.includes(':') ? ipv6Bytes(address) : Buffer.from(address.split('.').map(Number))
}
