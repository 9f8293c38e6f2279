/** A packet as one device has it, and what stays the same in it wherever it goes. */
import { createHash } from 'node:crypto'
import { macText } from '../base/addresses.js'
import { ipv6Text } from '../world/libc.js'

/** Whom a packet is from or to; the port is that of TCP or UDP, and the identifier of an echo. */
export interface End {
  readonly address: string
  readonly port?: number
}

export interface Packet {
  readonly protocol: 'icmp' | 'icmpv6' | 'tcp' | 'udp'
  readonly from: End
  readonly to: End
  /** Of the link. */
  readonly destinationMac: string
  /** How many routers it may still pass. */
  readonly hops: number
  /** ICMP or ICMPv6 type. */
  readonly type?: number
  /** Whether it need not be one of a conversation: a SYN, a datagram, an echo request. */
  readonly begins: boolean
  /** What no router, bridge or translation changes: two packets are the same one where it is the same. */
  readonly print: string
}

/** From whom and to whom something is. */
export type Ends = Pick<Packet, 'from' | 'to'>

const ETHERNET = 14
const ETHERTYPE = { ipv4: 0x0800, ipv6: 0x86dd }
/** How much of what a packet carries is looked at. */
const PAYLOAD = 64
const TCP = { fin: 1, syn: 2, rst: 4, ack: 16 }
const ECHO: ReadonlySet<number> = new Set([0, 8, 128, 129])

/** Reads a frame; undefined for what is no packet of these protocols, and for all but the first fragment of one. */
export function packetOf(frame: Buffer): Packet | undefined {
  if (frame.length < ETHERNET) return undefined
  const destinationMac = macText(frame.subarray(0, 6))
  const packet = frame.subarray(ETHERNET)
  const type = frame.readUInt16BE(12)
  if (type === ETHERTYPE.ipv4 && packet.length >= 20) {
    const fragment = packet.readUInt16BE(6) & 0x1fff
    const inner =
      fragment === 0 ? innerOf(packet[9] ?? 0, packet.subarray(((packet[0] ?? 0) & 15) * 4)) : undefined
    const addresses = [packet.subarray(12, 16).join('.'), packet.subarray(16, 20).join('.')] as const
    // An identification of 0 says nothing; TCP has what tells more, and tells where a segment was sent once again.
    const id = packet.readUInt16BE(4)
    return (
      inner && assembled(inner, addresses, destinationMac, packet[8] ?? 0, inner.protocol === 'tcp' ? 0 : id)
    )
  }
  if (type === ETHERTYPE.ipv6 && packet.length >= 40) {
    const inner = innerOf(packet[6] ?? 0, packet.subarray(40))
    const addresses = [ipv6Text(packet.subarray(8, 24)), ipv6Text(packet.subarray(24, 40))] as const
    return inner && assembled(inner, addresses, destinationMac, packet[7] ?? 0, 0)
  }
  return undefined
}

interface Inner {
  readonly protocol: 'icmp' | 'icmpv6' | 'tcp' | 'udp'
  readonly ports: readonly [number?, number?]
  readonly type?: number
  readonly begins: boolean
  readonly print: string
}

function assembled(
  { protocol, ports, type, begins, print }: Inner,
  [from, to]: readonly [string, string],
  destinationMac: string,
  hops: number,
  id: number,
): Packet {
  const end = (address: string, port: number | undefined) => ({
    address,
    ...(port === undefined ? {} : { port }),
  })
  return {
    protocol,
    from: end(from, ports[0]),
    to: end(to, ports[1]),
    destinationMac,
    hops,
    ...(type === undefined ? {} : { type }),
    begins,
    print: `${protocol} ${id} ${print}`,
  }
}

/** What is inside IP. IPv6 extension headers are not followed. */
function innerOf(number: number, bytes: Buffer): Inner | undefined {
  const hash = (from: number) =>
    createHash('sha1')
      .update(bytes.subarray(from, from + PAYLOAD))
      .digest('base64')
  if ((number === 6 && bytes.length >= 20) || (number === 17 && bytes.length >= 8)) {
    const ports = [bytes.readUInt16BE(0), bytes.readUInt16BE(2)] as const
    if (number === 17) return { protocol: 'udp', ports, begins: true, print: hash(8) }
    // Sequence and acknowledgement, and SYN, FIN and RST: where a long segment is cut, the first piece has them, too.
    const flags = bytes[13] ?? 0
    const print = `${bytes.toString('hex', 4, 12)} ${flags & (TCP.fin | TCP.syn | TCP.rst)}`
    return { protocol: 'tcp', ports, begins: (flags & (TCP.syn | TCP.ack)) === TCP.syn, print }
  }
  if ((number === 1 || number === 58) && bytes.length >= 8) {
    const [type = 0, code = 0] = bytes
    const protocol = number === 1 ? 'icmp' : 'icmpv6'
    if (!ECHO.has(type))
      return { protocol, ports: [], type, begins: false, print: `${type} ${code} ${hash(4)}` }
    const id = bytes.readUInt16BE(4)
    const begins = type === 8 || type === 128
    return { protocol, ports: [id, id], type, begins, print: `${type} ${bytes.readUInt16BE(6)} ${hash(8)}` }
  }
  return undefined
}

/** Whether a packet is a first word to somebody, or one of a conversation: not an error, and no neighbour discovery. */
export function isMessage({ protocol, type }: Packet): boolean {
  return protocol === 'icmp' || protocol === 'icmpv6' ? ECHO.has(type ?? -1) : true
}

/** Whether a packet is one back from where another one got to. A server of UDP may answer from another port, as TFTP's does. */
export function isAnswer(packet: Packet, to: Packet): boolean {
  const from = packet.protocol === 'udp' ? packet.from.address === to.to.address : same(packet.from, to.to)
  if (!from || !same(packet.to, to.from) || packet.protocol !== to.protocol) return false
  return (
    to.type === undefined || (packet.type === (to.protocol === 'icmp' ? 0 : 129) && packet.type !== to.type)
  )
}

/** Whether a frame is for everybody, or for many. */
export function isToMany({ destinationMac }: Packet): boolean {
  return (Number.parseInt(destinationMac.slice(0, 2), 16) & 1) === 1
}

/** Whether two ends are one. */
export function same(one: End, other: End): boolean {
  return one.address === other.address && one.port === other.port
}

/** Whether a packet is from and to these ends. */
export function isBetween(packet: Ends, { from, to }: Ends): boolean {
  return same(packet.from, from) && same(packet.to, to)
}

/** An end in words: `192.0.2.1:80`, `[2001:db8::1]:80`; of an echo, the address alone. */
export function endText({ address, port }: End, protocol: Packet['protocol'] | undefined): string {
  if (port === undefined || protocol === 'icmp' || protocol === 'icmpv6') return address
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}
