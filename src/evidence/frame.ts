/** What evidence needs to know of an Ethernet frame. */
import { macText } from '../base/addresses.js'
import { ipv6Text } from '../world/libc.js'

export interface FrameSummary {
  readonly sourceMac: string
  readonly destinationMac: string
  readonly protocol: 'arp' | 'icmp' | 'icmpv6' | 'tcp' | 'udp' | 'other'
  /** Addresses of IPv4 and IPv6; of ARP whose its sender says it is, and whose it is about; empty for everything else. */
  readonly from: string
  readonly to: string
  /** ICMP or ICMPv6 type; of ARP 1 for a request and 2 for a reply. */
  readonly type?: number
  /**
   * What UDP's checksum is, of IPv4: `none` is 0, and `pseudo-header` is no checksum but what a device is to begin its own with
   * (CHECKSUM_PARTIAL).
   */
  readonly checksum?: 'none' | 'pseudo-header' | 'other'
}

const PROTOCOLS: Readonly<Record<number, FrameSummary['protocol']>> = {
  1: 'icmp',
  6: 'tcp',
  17: 'udp',
  58: 'icmpv6',
}
const ETHERTYPE = { ipv4: 0x0800, arp: 0x0806, ipv6: 0x86dd }

const UDP = 17

function checksumOf(packet: Buffer, udp: Buffer): NonNullable<FrameSummary['checksum']> {
  const checksum = udp.readUInt16BE(6)
  if (checksum === 0) return 'none'
  let sum = UDP + udp.readUInt16BE(4)
  for (let at = 12; at < 20; at += 2) sum += packet.readUInt16BE(at)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return checksum === sum ? 'pseudo-header' : 'other'
}

/** Reads a frame as far as it goes. IPv6 extension headers are not followed. */
export function summarizeFrame(frame: Buffer): FrameSummary {
  const sourceMac = macText(frame.subarray(6, 12))
  const destinationMac = macText(frame.subarray(0, 6))
  const type = frame.length >= 14 ? frame.readUInt16BE(12) : 0
  const packet = frame.subarray(14)
  if (type === ETHERTYPE.ipv4 && packet.length >= 20) {
    const header = ((packet[0] ?? 0) & 0x0f) * 4
    return {
      sourceMac,
      destinationMac,
      from: packet.subarray(12, 16).join('.'),
      to: packet.subarray(16, 20).join('.'),
      ...transport(packet[9] ?? 0, packet[header]),
      ...(packet[9] === UDP && packet.length >= header + 8
        ? { checksum: checksumOf(packet, packet.subarray(header)) }
        : {}),
    }
  }
  if (type === ETHERTYPE.ipv6 && packet.length >= 40)
    return {
      sourceMac,
      destinationMac,
      from: ipv6Text(packet.subarray(8, 24)),
      to: ipv6Text(packet.subarray(24, 40)),
      ...transport(packet[6] ?? 0, packet[40]),
    }
  if (type === ETHERTYPE.arp && packet.length >= 28)
    return {
      sourceMac,
      destinationMac,
      protocol: 'arp',
      from: packet.subarray(14, 18).join('.'),
      to: packet.subarray(24, 28).join('.'),
      type: packet.readUInt16BE(6),
    }
  return { sourceMac, destinationMac, protocol: type === ETHERTYPE.arp ? 'arp' : 'other', from: '', to: '' }
}

function transport(number: number, type: number | undefined): Pick<FrameSummary, 'protocol' | 'type'> {
  const protocol = PROTOCOLS[number] ?? 'other'
  const hasType = protocol === 'icmp' || protocol === 'icmpv6'
  return { protocol, ...(hasType && type !== undefined ? { type } : {}) }
}

/** The frame in a line: `icmp 172.16.0.148 -> 185.15.56.55 type 8`. */
export function describeFrame({ protocol, from, to, type, sourceMac }: FrameSummary): string {
  return `${protocol} ${from || sourceMac}${to ? ` -> ${to}` : ''}${type === undefined ? '' : ` type ${type}`}`
}
