/** Frames of many devices, put together to the journeys of single packets. */
import type { CapturedFrame } from '../evidence/capture.js'
import { isAnswer, type Packet, packetOf } from './packet.js'

/** A device of a node. */
export interface Place {
  readonly node: string
  readonly device: string
}

/** What is wired to what, as far as it says where a frame came from. */
export interface Wiring {
  /** The other end of a link. */
  readonly peer: (node: string, device: string) => Place | undefined
  /** The bridge that a device is a port of. */
  readonly bridge: (node: string, device: string) => string | undefined
  /** MAC address of a device; empty where it is not known. */
  readonly mac: (node: string, device: string) => string
  /** Whether an address is a node's own. */
  readonly owns: (node: string, address: string) => boolean
}

/** A frame at one device, and the one that it came of. */
export interface Event extends Pick<CapturedFrame, 'node' | 'device' | 'direction'> {
  readonly packet: Packet
  readonly before: Event | undefined
}

/** One packet from the node that sent it to everywhere it got: a bridge that floods has it go several ways. */
export interface Journey {
  readonly root: Event
  /** In the order of time. */
  readonly events: readonly Event[]
}

/** The journeys of all packets, in the order in which they began. What came from where nobody looked begins where it came in. */
export function journeysOf(frames: readonly CapturedFrame[], wiring: Wiring): Journey[] {
  const byPrint = new Map<string, Event[]>()
  const journeys = new Map<Event, { readonly root: Event; readonly events: Event[] }>()
  const rootOf = new Map<Event, Event>()
  for (const frame of [...frames].sort((a, b) => Number(a.timeNs - b.timeNs))) {
    const packet = packetOf(frame.data)
    if (!packet) continue
    const seen = byPrint.get(packet.print) ?? []
    byPrint.set(packet.print, seen)
    const { node, device, direction } = frame
    const before = origin({ node, device, direction, packet }, seen, wiring)
    const event = { node, device, direction, packet, before }
    seen.push(event)
    const root = before ? (rootOf.get(before) ?? before) : event
    rootOf.set(event, root)
    const journey = journeys.get(root) ?? { root, events: [] }
    journeys.set(root, journey)
    journey.events.push(event)
  }
  return [...journeys.values()]
}

/** Which of the earlier frames of the same packet a frame came of; undefined where it is the first of its journey. */
function origin(own: Omit<Event, 'before'>, seen: readonly Event[], wiring: Wiring): Event | undefined {
  const { node, device, direction, packet } = own
  const last = (fits: (event: Event) => boolean) => seen.findLast(fits)
  const here = (event: Event) => event.node === node
  if (direction === 'in') {
    const peer = device === 'lo' ? { node, device } : wiring.peer(node, device)
    // A bridge is handed what came in on its ports, and what leaves by itself; tc hands over from anywhere in the node.
    return (
      last(event =>
        peer
          ? event.node === peer.node && event.device === peer.device && event.direction === 'out'
          : here(event) && (wiring.bridge(node, event.device) === device || event.device === device),
      ) ?? last(here)
    )
  }
  const bridge = wiring.bridge(node, device)
  const bridged = (event: Event) =>
    bridge !== undefined &&
    event.packet.hops === packet.hops &&
    (event.direction === 'out' ? event.device === bridge : wiring.bridge(node, event.device) === bridge)
  const routed = (event: Event) => event.direction === 'in' && event.packet.hops > packet.hops
  const found =
    last(event => here(event) && (bridged(event) || routed(event))) ??
    // What tc sends elsewhere keeps its hops; what a node sends once again, it has not got from anybody.
    last(event => here(event) && event.direction === 'in' && !isFirst(node, seen))
  return found && !isAnswer(packet, found.packet) ? found : undefined
}

function isFirst(node: string, [first]: readonly Event[]): boolean {
  return first?.node === node && first.direction === 'out'
}

/** The frames of a journey that nothing came of, the last first. */
export function leavesOf({ events }: Journey): Event[] {
  const inner = new Set(events.map(({ before }) => before))
  return events.filter(event => !inner.has(event)).reverse()
}

/** The frames from the first to one. */
export function pathTo(event: Event): Event[] {
  const path: Event[] = []
  for (let at: Event | undefined = event; at; at = at.before) path.unshift(at)
  return path
}
