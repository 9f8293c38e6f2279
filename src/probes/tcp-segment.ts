/** Segments of TCP that no kernel has made. */
import type { SocketAddress } from '../world/libc.js'
import { internetChecksum } from './checksum.js'

const IP_HEADER = 20
const TCP_HEADER = 20
const IPPROTO_TCP = 6
const TTL = 64
const FLAGS = { push: 0x08, acknowledge: 0x10 }
const WINDOW = 1024

/**
 * An IPv4 packet with a segment in the middle of a connection, whose data have an even number of bytes. The kernel fills in length,
 * identification and checksum of the header (raw_send_hdrinc(), net/ipv4/raw.c).
 */
export function segmentPacket(
  from: SocketAddress,
  to: SocketAddress,
  { sequence, acknowledges }: { readonly sequence: number; readonly acknowledges: number },
  data: string,
): Buffer {
  const ip = Buffer.alloc(IP_HEADER)
  ip[0] = 0x45
  ip[8] = TTL
  ip[9] = IPPROTO_TCP
  ip.set(from.address.split('.').map(Number), 12)
  ip.set(to.address.split('.').map(Number), 16)
  const tcp = Buffer.concat([Buffer.alloc(TCP_HEADER), Buffer.from(data, 'latin1')])
  tcp.writeUInt16BE(from.port, 0)
  tcp.writeUInt16BE(to.port, 2)
  tcp.writeUInt32BE(sequence, 4)
  tcp.writeUInt32BE(acknowledges, 8)
  tcp[12] = (TCP_HEADER / 4) << 4
  tcp[13] = FLAGS.push | FLAGS.acknowledge
  tcp.writeUInt16BE(WINDOW, 14)
  const pseudo = Buffer.concat([ip.subarray(12, 20), Buffer.from([0, IPPROTO_TCP, 0, tcp.length])])
  tcp.writeUInt16BE(internetChecksum(Buffer.concat([pseudo, tcp])), 16)
  return Buffer.concat([ip, tcp])
}
