/** Neighbour entries of a namespace, by rtnetlink. */
import { AF_INET, AF_INET6, deviceIndex, ipv6Bytes } from './libc.js'
import type { Netns } from './netns.js'
import { attribute, attributes, NetlinkError, NLM_F, RTM } from './rtnetlink.js'

const NDA = { destination: 1, linkAddress: 2 }
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

/** struct ndmsg, and whom it is about. */
function entry(netns: Netns, device: string, state: number, address: string): Buffer {
  const header = Buffer.alloc(12)
  header[0] = address.includes(':') ? AF_INET6 : AF_INET
  header.writeInt32LE(
    netns.inside(() => deviceIndex(device)),
    4,
  )
  header.writeUInt16LE(state, 8)
  return Buffer.concat([header, attribute(NDA.destination, bytesOf(address))])
}

function bytesOf(address: string): Buffer {
  return address.includes(':') ? ipv6Bytes(address) : Buffer.from(address.split('.').map(Number))
}
