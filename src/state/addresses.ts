/** Addresses and neighbours that somebody configured, as rtnetlink says them. */
import { addressText } from '../world/libc.js'
import { attributes, type NetlinkSocket, NLM_F, RTM } from '../world/rtnetlink.js'

const IFA = { address: 1, local: 2, flags: 8 }
const IFA_F_PERMANENT = 0x80
const IFA_F_NODAD = 0x02
const IFA_F_NOPREFIXROUTE = 0x200
const IFA_F_TENTATIVE = 0x40
const IFA_F_DADFAILED = 0x08
const SCOPE_LINK = 253
const AF_INET6 = 10

/**
 * Addresses that stay: not those that a router advertised, nor the link-local ones, which come and go with the device. With `every`
 * those as well, as `dynamic` and `link`, and what is not to be used yet or any more.
 */
export function readAddresses(
  socket: NetlinkSocket,
  nameOf: (index: number) => string,
  into: Map<string, string>,
  every = false,
): void {
  for (const message of socket.ask({ type: RTM.getAddress, flags: NLM_F.dump, body: Buffer.alloc(8) })) {
    const found = attributes(message.subarray(8))
    const flags = found.get(IFA.flags)?.readUInt32LE() ?? message[2] ?? 0
    const own = found.get(IFA.local) ?? found.get(IFA.address)
    const isLinkLocal = message[0] === AF_INET6 && message[3] === SCOPE_LINK
    const isPermanent = (flags & IFA_F_PERMANENT) !== 0
    if (!own || (!every && (!isPermanent || isLinkLocal))) continue
    const words = [
      ...(isPermanent ? [] : ['dynamic']),
      ...(isLinkLocal ? ['link'] : []),
      ...(every && (flags & IFA_F_TENTATIVE) !== 0 ? ['tentative'] : []),
      ...(every && (flags & IFA_F_DADFAILED) !== 0 ? ['dadfailed'] : []),
      ...((flags & IFA_F_NODAD) === 0 ? [] : ['nodad']),
      ...((flags & IFA_F_NOPREFIXROUTE) === 0 ? [] : ['noprefixroute']),
    ]
    const name = nameOf(message.readUInt32LE(4))
    into.set(`address ${addressText(own)}/${message[1]} dev ${name}`, words.join(' ') || 'there')
  }
}

const NDA = { destination: 1, linkAddress: 2 }
const NUD_PERMANENT = 0x80
const NUD_NOARP = 0x40

/** Neighbours that somebody made; those that were learnt come and go. */
export function readNeighbours(
  socket: NetlinkSocket,
  nameOf: (index: number) => string,
  into: Map<string, string>,
): void {
  for (const message of socket.ask({ type: RTM.getNeighbour, flags: NLM_F.dump, body: Buffer.alloc(12) })) {
    const state = message.readUInt16LE(8)
    if ((state & NUD_PERMANENT) === 0 || (state & NUD_NOARP) !== 0) continue
    const found = attributes(message.subarray(12))
    const to = found.get(NDA.destination)
    if (!to || (to.length !== 4 && to.length !== 16)) continue
    const name = nameOf(message.readInt32LE(4))
    into.set(
      `neighbour ${addressText(to)} dev ${name}`,
      found.get(NDA.linkAddress)?.toString('hex') ?? 'there',
    )
  }
}
