/**
 * The way of a probe's packet from the frames that went over every device meanwhile. A packet is told from all others by what no
 * router, bridge or translation changes in it, and followed from device to device over the links, bridges and nodes of the topology;
 * what answers it is sent by where it got, with its addresses exchanged.
 */
import type { CapturedFrame } from '../evidence/capture.js'
import type { MeasuredWay } from '../model/report.js'
import { type Event, type Journey, journeysOf, leavesOf, pathTo, type Wiring } from './journeys.js'
import { type End, type Ends, isAnswer, isBetween, isMessage, isToMany, type Packet, same } from './packet.js'
import { stopsOf } from './stops.js'
import type { Translation } from './translations.js'

/** What is to be known of a probe. */
export interface Sought {
  /** The node that it is seen from. */
  readonly from: string
  /** The address that its packets are sent to. */
  readonly to: string
  /** Whether nothing is sent back: what is, is not for the probe. */
  readonly oneWay: boolean
  /** What that node's own connection tracking made of packets meanwhile. */
  readonly translations: readonly Translation[]
  /** Whether something of it must have been lost. */
  readonly lost: boolean
  /** Where it was lost, where evidence has proved that. */
  readonly at: { readonly node: string; readonly device?: string } | undefined
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
  const words = new Map<string, Journey[]>()
  for (const journey of journeys) {
    const { root } = journey
    const key = wordKey(root.node, root.packet.to)
    if (root.direction === 'out') words.set(key, [...(words.get(key) ?? []), journey])
  }
  const courses = sentOf(journeys, sought, wiring).map(journey => courseOf(journey, words, sought, wiring))
  const chosen =
    (sought.lost ? firstLost(courses, sought, wiring) : undefined) ??
    // Of a node that has more frames than are kept, the last ones are missing.
    (sought.oneWay ? undefined : courses.find(({ root, back }) => back && isHome(back, root, wiring))) ??
    (sought.oneWay ? undefined : courses.find(({ back }) => back)) ??
    courses.find(({ out }) => isDelivered(out, wiring)) ??
    courses[0]
  if (!chosen) return undefined
  const { root, out, back } = chosen
  const { node, device, direction } = back ?? out
  // What got there in the end, and here came in nowhere, is of a node that has more frames than are kept.
  if (!sought.lost && direction === 'out' && wiring.peer(node, device)) return undefined
  const fate = sought.lost ? fateOf(chosen, sought, wiring, drops) : undefined
  return {
    measured: 'captures',
    protocol: out.packet.protocol,
    stops: stopsOf(pathTo(out), out.packet.protocol, beforeOf(root, sought)),
    ...(back ? { answer: stopsOf(pathTo(back), out.packet.protocol) } : {}),
    ...(fate ? { lost: fate } : {}),
  }
}

/**
 * What a probe sent: to its address; by another node, where the one that it is seen from must get it; to what nftables made of the
 * address as it left. What a bridge only passes on begins at no port of its.
 */
function sentOf(
  journeys: readonly Journey[],
  { from, to, translations }: Sought,
  { bridge }: Wiring,
): Journey[] {
  const translated = translations.flatMap(({ before, after }) =>
    before.to.address === to ? [after.to.address] : [],
  )
  const addresses = [to, ...translated]
  const sent = journeys.filter(
    ({ root }) =>
      root.direction === 'out' && isMessage(root.packet) && bridge(root.node, root.device) === undefined,
  )
  const own = sent.filter(({ root }) => root.node === from)
  const isTo = ({ root }: Journey) => addresses.includes(root.packet.to.address)
  const groups = [own.filter(isTo), sent.filter(isTo), own.filter(({ root }) => root.packet.begins)]
  return groups.find(({ length }) => length > 0) ?? []
}

/** What a node says to somebody. */
function wordKey(node: string, { address, port }: End): string {
  return `${node} ${address} ${port}`
}

/** Where a packet got, and what came back to where it was sent from; `words` are journeys by `wordKey`. */
function courseOf(
  journey: Journey,
  words: ReadonlyMap<string, readonly Journey[]>,
  sought: Sought,
  wiring: Wiring,
): Course {
  const answersTo = ({ node, packet }: Event) =>
    (words.get(wordKey(node, packet.from)) ?? []).filter(({ root }) => isAnswer(root.packet, packet))
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
  // What left, and came in nowhere, may only be missing: of a node that has more frames than are kept.
  const cameIn = lost.filter(course => end(course).direction === 'in')
  const there = [cameIn, lost].map(
    some => some.find(course => isExactlyThere(end(course))) ?? some.find(course => isThere(end(course))),
  )
  return there[0] ?? there[1] ?? (refused && { ...refused, back: undefined }) ?? cameIn[0] ?? lost[0]
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
  if (tracked || root.to.address === to) return tracked
  return { from: root.from, to: { ...root.to, address: to } }
}
