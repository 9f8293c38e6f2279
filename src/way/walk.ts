/**
 * The way of a probe's packet as the kernel says it would go: from each node's own route lookup, the MAC address that it has for the
 * next hop, where bridges have learnt that to be, and what connection tracking has translated. Nothing here has seen the packet.
 */
import type { Place } from './journeys.js'
import type { Ends } from './packet.js'

/** Where a node sends a packet: to itself, or out of a device to a next hop. */
export type Hop =
  | { readonly local: true }
  | { readonly local: false; readonly device: string; readonly via: string }

/** What the kernel says. */
export interface Says {
  /** The route of a packet, that came in on a device or is the node's own; undefined where there is none, or none that can be told. */
  route(node: string, packet: Ends, input: string | undefined): Hop | undefined
  /** What a node's connection tracking has made of a packet; undefined where it has not translated it. */
  translated(node: string, packet: Ends): Ends | undefined
  /** The same, of a packet that passes a bridge of the node. */
  bridged(node: string, bridge: string, packet: Ends): Ends | undefined
  /** The bridge that a device is a port of. */
  bridge(node: string, device: string): string | undefined
  /** Where frames for a next hop come in, and the devices on the way there: from a device of the node to that of the one who has it. */
  link(node: string, device: string, via: string): readonly LinkStop[] | undefined
}

/** A device that a frame leaves by or comes in on. */
export interface LinkStop extends Place {
  readonly direction: 'in' | 'out'
}

/** A stop of a walk, with what the packet is there. */
export interface WalkedStop extends LinkStop {
  readonly packet: Ends
}

/** How a walk ended: at the node that the packet is for, where it is known to be lost, or nowhere that makes sense. */
export interface Walked {
  readonly stops: readonly WalkedStop[]
  readonly end: 'local' | 'lost' | 'unknown'
  /** What the receiver takes it for. */
  readonly packet: Ends
  /** How many stops it had before it would have left by the device of the loss: it may have been lost there, if nowhere later. */
  readonly leaving: number | undefined
}

/** Who ever goes through as many nodes goes in a circle. */
const MOST_NODES = 16

/** The walk of a packet from the node that sends it, until it arrives or comes to where it was lost. */
export function walk(from: string, first: Ends, says: Says, isLostAt: (stop: Place) => boolean): Walked {
  const stops: WalkedStop[] = []
  let [node, packet, input]: [string, Ends, string | undefined] = [from, first, undefined]
  let leaving: number | undefined
  const ended = (end: Walked['end'], as = packet): Walked => ({ stops, end, packet: as, leaving })
  for (let nodes = 0; nodes < MOST_NODES; nodes++) {
    const made = says.translated(node, packet) ?? packet
    // Whom it is for is translated before the lookup, whom it is from behind it.
    const hop = says.route(node, { from: packet.from, to: made.to }, input)
    if (!hop) return ended('unknown')
    if (hop.local) {
      if (input === undefined)
        for (const direction of ['out', 'in'] as const)
          stops.push({ node, device: 'lo', direction, packet: made })
      return ended('local', made)
    }
    packet = made
    if (input !== undefined && isLostAt({ node, device: hop.device })) leaving = stops.length
    const link = says.link(node, hop.device, hop.via) ?? []
    for (const [index, stop] of link.entries()) {
      const before = link[index - 1]
      const bridge = says.bridge(stop.node, stop.device)
      if (bridge !== undefined && stop.direction === 'out' && before?.direction === 'in')
        packet = says.bridged(stop.node, bridge, packet) ?? packet
      stops.push({ ...stop, packet })
      if (stop.direction === 'in' && isLostAt(stop)) return ended('lost')
    }
    const last = link.at(-1)
    if (!last) return ended('unknown')
    node = last.node
    input = last.device
  }
  return ended('unknown')
}
