/** UDP in one direction: datagrams that are sent with any address and port as their source, and a socket that only listens. */
import {
  AF_INET,
  bindSocket,
  closeFd,
  EPOLLIN,
  IPPROTO_RAW,
  openSocket,
  receiveBytes,
  SO_REUSEADDR,
  SOCK_DGRAM,
  SOCK_RAW,
  SOL_SOCKET,
  type SocketAddress,
  setSocketOption,
} from '../world/libc.js'
import type { Netns } from '../world/netns.js'
import { ready } from '../world/reactor.js'

const IP_HEADER = 20
const UDP_HEADER = 8
const IPPROTO_UDP = 17
const TTL = 64
/** The kernel puts the sender's own address in its place (raw_send_hdrinc, net/ipv4/raw.c). */
export const OWN_ADDRESS = '0.0.0.0'

/** A socket that sends whole IPv4 packets. Throws SystemError. */
export function openRawSender(netns: Netns): number {
  return netns.inside(() => openSocket(AF_INET, SOCK_RAW, IPPROTO_RAW))
}

/** An IPv4 packet with a datagram. The kernel fills in length, identification and checksum of the header; UDP's 0 means none. */
export function datagramPacket(from: SocketAddress, to: SocketAddress, data: string): Buffer {
  const payload = Buffer.from(data, 'latin1')
  const packet = Buffer.alloc(IP_HEADER + UDP_HEADER + payload.length)
  packet[0] = 0x45
  packet[8] = TTL
  packet[9] = IPPROTO_UDP
  packet.set(from.address.split('.').map(Number), 12)
  packet.set(to.address.split('.').map(Number), 16)
  packet.writeUInt16BE(from.port, IP_HEADER)
  packet.writeUInt16BE(to.port, IP_HEADER + 2)
  packet.writeUInt16BE(UDP_HEADER + payload.length, IP_HEADER + 4)
  payload.copy(packet, IP_HEADER + UDP_HEADER)
  return packet
}

/** A datagram as it came in. */
export interface Heard {
  readonly from: SocketAddress
  readonly data: string
}

/** A socket in a node that takes datagrams to a port and answers none. */
export class Listener {
  readonly #fd: number
  readonly #buffer = Buffer.alloc(2048)

  /** Throws SystemError: EADDRINUSE where something else has the port. */
  constructor(netns: Netns, port: number, family = AF_INET) {
    this.#fd = netns.inside(() => openSocket(family, SOCK_DGRAM))
    setSocketOption(this.#fd, SOL_SOCKET, SO_REUSEADDR, 1)
    bindSocket(this.#fd, { address: family === AF_INET ? '0.0.0.0' : '::', port })
  }

  /** What has come in and nobody has asked for yet, of that what begins with a word. */
  take(word: string): Heard[] {
    const heard: Heard[] = []
    for (let got = receiveBytes(this.#fd, this.#buffer); got; got = receiveBytes(this.#fd, this.#buffer)) {
      const data = this.#buffer.toString('latin1', 0, got.length)
      if (data.startsWith(word)) heard.push({ from: got.from, data })
    }
    return heard
  }

  /** Resolves when something is there, after `timeoutMs`, or when `lost` aborts; false where nothing is. */
  async wait(timeoutMs: number, lost: AbortSignal): Promise<boolean> {
    return (await ready(this.#fd, EPOLLIN, Math.max(0, timeoutMs), lost)) !== 0
  }

  close(): void {
    closeFd(this.#fd)
  }
}
