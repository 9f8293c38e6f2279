/** What connection tracking makes of packets, from the lines of its new entries, as `conntrack -E` has them. */
import { type End, type Ends, type Packet, same } from './packet.js'

/** From whom and to whom the packets of a connection are, as they came and as they went. */
export interface Translation {
  readonly protocol: Packet['protocol'] | undefined
  readonly before: Ends
  readonly after: Ends
}

/** Every entry among the lines, translated or not. */
export function translationsOf(lines: readonly string[]): Translation[] {
  return lines.flatMap(line => {
    const [before, back] = [...line.matchAll(/src=(\S+) dst=(\S+)(?: sport=(\d+) dport=(\d+))?/g)].map(
      ([, from = '', to = '', sport, dport]): Ends => ({
        from: { address: from, ...(sport === undefined ? {} : { port: Number(sport) }) },
        to: { address: to, ...(dport === undefined ? {} : { port: Number(dport) }) },
      }),
    )
    const name = /^\[NEW\] (icmpv6|icmp|tcp|udp) /.exec(line)?.[1] as Packet['protocol'] | undefined
    return before && back ? [{ protocol: name, before, after: reversed(back) }] : []
  })
}

/** The other direction. */
export function reversed({ from, to }: Ends): Ends {
  return { from: to, to: from }
}

/** What an entry makes of a packet, in whichever direction that goes; undefined where it is another connection's. */
export function translate(packet: Ends, { before, after }: Omit<Translation, 'protocol'>): Ends | undefined {
  if (fits(packet, before)) return known(packet, after)
  return fits(packet, reversed(after)) ? known(packet, reversed(before)) : undefined
}

/** Whether a packet is one; of a packet whose ports are not known, the addresses tell. */
function fits(packet: Ends, one: Ends): boolean {
  const end = (own: End, other: End) =>
    own.port === undefined ? own.address === other.address : same(own, other)
  return end(packet.from, one.from) && end(packet.to, one.to)
}

/** Without the ports that are not known of the packet: the entry may be an earlier one's of the same hosts. */
function known(packet: Ends, { from, to }: Ends): Ends {
  const end = (own: End, { address, port }: End): End =>
    own.port === undefined || port === undefined ? { address } : { address, port }
  return { from: end(packet.from, from), to: end(packet.to, to) }
}
