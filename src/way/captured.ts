/**
 * The way of a probe's packet from the frames that went over every device meanwhile. A packet is told from all others by what no
 * router, bridge or translation changes in it, and followed from device to device over the links, bridges and nodes of the topology;
 * what answers it is sent by where it got, with its addresses exchanged.
 */
import type { CapturedFrame } from '../evidence/capture.js'
import type { MeasuredWay, Stop } from '../model/report.js'
import { type Event, type Journey, journeysOf, leavesOf, pathTo, type Wiring } from './journeys.js'
import { endText, isAnswer, isMessage, isSolicitation, isToMany, type Packet, same } from './packet.js'

/** From whom and to whom something is. */
export type Ends = Pick<Packet, 'from' | 'to'>

/** What is to be known of a probe. */
export interface Sought {
  /** The node that it is seen from. */
  readonly from: string
  /** The address that its packets are sent to. */
  readonly to: string
  /** What that node's own connection tracking made of packets meanwhile. */
  readonly translations: readonly Translation[]
  /** Whether something of it must have been lost. */
  readonly lost: boolean
  /** Where it was lost, where evidence has proved that. */
  readonly at: { readonly node: string; readonly device?: string } | undefined
}

/** From whom and to whom a packet is, before and after. */
export interface Translation {
  readonly before: Ends
  readonly after: Ends
}

/** What the kernel gave up, as far as it says where. */
export interface Drop {
  readonly node: string | undefined
  readonly device: string
  /** The address that the packet was from; undefined where that is not known. */
  readonly from: string | undefined
  readonly says: string
}

/** Where a packet of the probe got, and where the first word back did. */
interface Course {
  /** As it was sent. */
  readonly root: Packet
  readonly out: Event
  readonly back: Event | undefined
  /** Where everything else got that was sent back. */
  readonly backs: readonly Event[]
}

/** The way; undefined where nothing was captured that the probe can have sent. */
export function capturedWay(
  frames: readonly CapturedFrame[],
  sought: Sought,
  wiring: Wiring,
  drops: readonly Drop[],
): MeasuredWay | undefined {
  const journeys = journeysOf(frames, wiring)
  const courses = sentOf(journeys, sought)
    .map(journey => courseOf(journey, journeys, sought, wiring))
    .filter(({ root, back }) => !isSolicitation(root) || !back)
  const chosen =
    (sought.lost ? firstLost(courses, sought, wiring) : undefined) ??
    // Of a node that has more frames than are kept, the last ones are missing.
    courses.find(({ root, back }) => back && isHome(back, root, wiring)) ??
    courses.find(({ back }) => back) ??
    courses.find(({ out }) => isDelivered(out, wiring)) ??
    courses[0]
  if (!chosen) return undefined
  const { root, out, back } = chosen
  const fate = sought.lost ? fateOf(chosen, sought, wiring, drops) : undefined
  return {
    measured: 'captures',
    protocol: out.packet.protocol,
    stops: stopsOf(pathTo(out), beforeOf(root, sought)),
    ...(back ? { answer: stopsOf(pathTo(back), undefined) } : {}),
    ...(fate ? { lost: fate } : {}),
  }
}

/**
 * What a probe sent: to its address; by another node, where the one that it is seen from must get it; to what nftables made of the
 * address as it left. Where there was nobody to send it to, asking for the neighbour is all that there was.
 */
function sentOf(journeys: readonly Journey[], { from, to, translations, lost }: Sought): Journey[] {
  const translated = translations.flatMap(({ before, after }) =>
    before.to.address === to ? [after.to.address] : [],
  )
  const addresses = [to, ...translated]
  const sent = journeys.filter(({ root }) => root.direction === 'out')
  const own = sent.filter(({ root }) => root.node === from)
  const isTo = ({ root: { packet } }: Journey) => isMessage(packet) && addresses.includes(packet.to.address)
  const groups = [
    own.filter(isTo),
    sent.filter(isTo),
    own.filter(({ root }) => root.packet.begins),
    lost ? own.filter(({ root }) => isSolicitation(root.packet)) : [],
  ]
  return groups.find(({ length }) => length > 0) ?? []
}

/** Where a packet got, and what came back to where it was sent from. */
function courseOf(journey: Journey, all: readonly Journey[], sought: Sought, wiring: Wiring): Course {
  const answersTo = (leaf: Event) =>
    all.filter(
      ({ root }) => root.node === leaf.node && root.direction === 'out' && isAnswer(root.packet, leaf.packet),
    )
  const out =
    leavesOf(journey).find(leaf => answersTo(leaf).length > 0) ?? endOf(journey, undefined, sought, wiring)
  const root = journey.root.packet
  const backs = answersTo(out).map(answer => endOf(answer, journey.root.node, sought, wiring))
  return { root, out, back: backs.find(event => isHome(event, root, wiring)) ?? backs[0], backs }
}

/**
 * Of all places that a packet got to, the one that counts: where it is proved to have been lost, where it was for, where it was
 * not only flooded to.
 */
function endOf(
  journey: Journey,
  goal: string | undefined,
  { lost, at }: Sought,
  { mac, owns }: Wiring,
): Event {
  const leaves = leavesOf(journey)
  const isThere = ({ node, device }: Event) => lost && node === at?.node && device === at.device
  const isFor = ({ node, packet, direction }: Event) =>
    direction === 'in' && (goal === undefined ? owns(node, packet.to.address) : node === goal)
  const addressed = ({ node, device, packet, direction }: Event) =>
    direction === 'out' || isToMany(packet) || ['', packet.destinationMac].includes(mac(node, device))
  return (
    leaves.find(isThere) ??
    leaves.find(event => isFor(event) && addressed(event)) ??
    leaves.find(isFor) ??
    leaves.find(addressed) ??
    leaves[0] ??
    journey.root
  )
}

/**
 * A packet that did not get where it was for, or whose answer did not get home: where there are several, one that ended where
 * one is proved to have been lost. Undefined where that was not how it failed.
 */
function firstLost(courses: readonly Course[], { at }: Sought, wiring: Wiring): Course | undefined {
  const home = (event: Event, { root }: Course) => isHome(event, root, wiring)
  // What was sent once again got home in the end.
  const homeAgain = new Set(
    courses.flatMap(course =>
      course.backs.filter(back => home(back, course)).map(({ packet }) => packet.print),
    ),
  )
  const lost = [
    ...courses.filter(course => !course.back && !isDelivered(course.out, wiring)),
    ...courses.flatMap(course =>
      course.backs
        .filter(back => !home(back, course) && !homeAgain.has(back.packet.print))
        .map(back => ({ ...course, back })),
    ),
    // A connection's later words need no answer of their own.
    ...courses.filter(({ root }) => !courses.some(other => other.back && same(other.root.from, root.from))),
  ]
  const isThere = ({ node }: Event) => node === at?.node
  const isExactlyThere = (event: Event) => isThere(event) && event.device === at?.device
  const end = ({ out, back = out }: Course) => back
  // What is refused with a word, as a reset is, was lost nevertheless; of a connection, a later word than those that got through.
  const refused = courses.findLast(({ out }) => isExactlyThere(out))
  return (
    lost.find(course => isExactlyThere(end(course))) ??
    lost.find(course => isThere(end(course))) ??
    (refused && { ...refused, back: undefined }) ??
    lost[0]
  )
}

function isDelivered({ node, direction, packet }: Event, { owns }: Wiring): boolean {
  return direction === 'in' && owns(node, packet.to.address)
}

/** Whether what came back got to where the other one was sent from, and reads there as an answer to it. */
function isHome({ node, direction, packet }: Event, root: Packet, { owns }: Wiring): boolean {
  const known = packet.protocol === 'icmp' || packet.protocol === 'icmpv6' || isAnswer(packet, root)
  return direction === 'in' && known && owns(node, root.from.address) && owns(node, packet.to.address)
}

/** Where it was lost, with what the kernel said of it there; what got where it was for was lost there only if that is known. */
function fateOf(
  { root, out, back }: Course,
  { at }: Sought,
  wiring: Wiring,
  drops: readonly Drop[],
): MeasuredWay['lost'] {
  const { node, device, packet } = back ?? out
  const here = drops.filter(
    drop =>
      (drop.node === undefined || drop.node === node) &&
      (drop.from === undefined || drop.from === packet.from.address),
  )
  const drop = here.find(one => one.device === device) ?? here[0]
  if (drop) return { node, device: drop.device, says: drop.says }
  if (at?.node === node) return { node, device: at.device ?? device }
  const arrived = back ? isHome(back, root, wiring) : isDelivered(out, wiring)
  return arrived ? undefined : { node, device }
}

/** What its own node made a packet of, as it left. */
function beforeOf(root: Packet, { to, translations }: Sought): Ends | undefined {
  const tracked = translations.find(({ after }) => isBetween(root, after))?.before
  if (tracked || root.to.address === to || isSolicitation(root)) return tracked
  return { from: root.from, to: { ...root.to, address: to } }
}

function isBetween(packet: Ends, { from, to }: Ends): boolean {
  return same(packet.from, from) && same(packet.to, to)
}

/** `before` is what the first of them was made of. */
function stopsOf(path: readonly Event[], before: Ends | undefined): Stop[] {
  return path.map(({ node, device, direction, packet }, index) => ({
    ...{ node, device, direction },
    ...changes(path[index - 1]?.packet ?? before, packet),
  }))
}

/** What was translated between two stops. */
function changes(before: Ends | undefined, after: Packet): Pick<Stop, 'source' | 'destination'> {
  const change = (from: Packet['from'], to: Packet['to']) => {
    const words = { from: endText(from, after.protocol), to: endText(to, after.protocol) }
    return words.from === words.to ? undefined : words
  }
  const source = before && change(before.from, after.from)
  const destination = before && change(before.to, after.to)
  return { ...(source ? { source } : {}), ...(destination ? { destination } : {}) }
}
