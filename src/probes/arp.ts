/** ARP for IPv4 over Ethernet (RFC 826), as whole frames. */

const ETHERNET_HEADER = 14
const ETH_P_ARP = 0x0806
const ARP_BYTES = 28
const ARPOP = { request: 1, reply: 2 }

/** An ARP packet. */
export interface ArpPacket {
  readonly reply: boolean
  /** MAC address of its sender, in hex. */
  readonly mac: string
  /** The address that its sender says is its own. */
  readonly sender: string
  readonly target: string
}

/** A request to everybody on the link, in a frame. */
export function arpPacket({
  mac,
  sender,
  target,
}: {
  readonly mac: Buffer
  readonly sender: string
  readonly target: string
}): Buffer {
  const arp = Buffer.alloc(ARP_BYTES)
  arp.writeUInt16BE(1, 0)
  arp.writeUInt16BE(0x0800, 2)
  arp[4] = 6
  arp[5] = 4
  arp.writeUInt16BE(ARPOP.request, 6)
  mac.copy(arp, 8)
  arp.set(bytesOf(sender), 14)
  arp.set(bytesOf(target), 24)
  return Buffer.concat([Buffer.alloc(6, 0xff), mac, Buffer.from([ETH_P_ARP >> 8, ETH_P_ARP & 0xff]), arp])
}

/** The ARP packet in a frame; undefined where there is none. */
export function readArp(frame: Buffer): ArpPacket | undefined {
  const arp = frame.subarray(ETHERNET_HEADER)
  if (arp.length < ARP_BYTES || frame.readUInt16BE(12) !== ETH_P_ARP) return undefined
  return {
    reply: arp.readUInt16BE(6) === ARPOP.reply,
    mac: arp.toString('hex', 8, 14),
    sender: arp.subarray(14, 18).join('.'),
    target: arp.subarray(24, 28).join('.'),
  }
}

function bytesOf(address: string): number[] {
  return address.split('.').map(Number)
}
