/** The kernel's own route lookup for one packet, as `ip route get` asks for it (inet_rtm_getroute(), inet6_rtm_getroute()). */
import { parseAddress } from '../base/addresses.js'
import { AF_INET, AF_INET6 } from './libc.js'
import type { Netns } from './netns.js'
import { attribute, attributes, RTM } from './rtnetlink.js'

/** linux/rtnetlink.h. */
const RTA = {
  destination: 1,
  source: 2,
  inputDevice: 3,
  outputDevice: 4,
  mark: 16,
  protocol: 27,
  sourcePort: 28,
  port: 29,
}
/** Says from which table a route is, which it otherwise leaves out. */
export const RTM_F_LOOKUP_TABLE = 0x1000
/** Says the route as it was configured, and not what it makes of this packet. */
export const RTM_F_FIB_MATCH = 0x2000

/** A packet, as far as a lookup may depend on it. */
export interface RoutedPacket {
  readonly to: string
  readonly from?: string | undefined
  /** Index of the device that it comes in on; left out of one that the node sends itself. */
  readonly inputDevice?: number | undefined
  readonly mark?: number | undefined
  /** Traffic class, or type of service. */
  readonly tos?: number | undefined
  /** Number of the protocol, and both ports where it has them. */
  readonly protocol?: number | undefined
  readonly ports?: readonly [number, number] | undefined
}

/**
 * The route that a packet takes, struct rtmsg and its attributes; `flags` are RTM_F_*. It sends nothing and makes no entry that
 * another packet would not make, but what comes in on a device is held against rp_filter, and logged as a martian where it
 * does not pass. Throws NetlinkError with the kernel's refusal.
 */
export function routeFor(netns: Netns, packet: RoutedPacket, flags: number): Buffer | undefined {
  const { to, from, inputDevice, mark, tos = 0, protocol, ports } = packet
  const destination = bytesOf(to)
  const source = from === undefined ? undefined : bytesOf(from)
  const header = Buffer.alloc(12)
  const family = destination.length === 4 ? AF_INET : AF_INET6
  header.set([family, destination.length * 8, (source?.length ?? 0) * 8, tos])
  header.writeUInt32LE(flags, 8)
  const body = [
    header,
    attribute(RTA.destination, destination),
    ...(source ? [attribute(RTA.source, source)] : []),
    ...(inputDevice === undefined ? [] : [attribute(RTA.inputDevice, inputDevice)]),
    ...(mark === undefined ? [] : [attribute(RTA.mark, mark)]),
    ...(protocol === undefined ? [] : [attribute(RTA.protocol, Buffer.from([protocol]))]),
    ...(ports
      ? [attribute(RTA.sourcePort, bigEndian(ports[0])), attribute(RTA.port, bigEndian(ports[1]))]
      : []),
  ]
  return netns.route().ask({ type: RTM.getRoute, flags: 0, body: Buffer.concat(body) })[0]
}

/** Index of the device that a route leads out of; undefined where the kernel names none. */
export function outputDevice(route: Buffer | undefined): number | undefined {
  return attributes(route?.subarray(12)).get(RTA.outputDevice)?.readUInt32LE()
}

function bigEndian(port: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(port)
  return bytes
}

function bytesOf(text: string): Buffer {
  return Buffer.from(parseAddress(text)?.toByteArray() ?? [])
}
