/** The way of a probe's packet through a topology: as it was measured, else from the model alone, as far as the place where it is lost. */

import type { DrawnTopology, MeasuredWay, Stop, Story } from '../model/report.js'
import type { Place } from './words.js'

type Topology = DrawnTopology
type LinkEnd = Topology['links'][number][0]
/** What is told of a probe. */
type Probe = Pick<Story['probes'][string], 'from' | 'to'>

/** A packet's way: each device (a node alone where it is routed) in the order in which the packet gets there. */
export interface Way {
  readonly stops: readonly Place[]
  /** Whether the last stop is where the packet is lost. */
  readonly lost: boolean
  /** By what it is known; undefined where it is assumed. */
  readonly measured?: MeasuredWay['measured']
}

/** How a way that was measured is known, in words. */
const MEASURED: Readonly<Record<MeasuredWay['measured'], string>> = {
  captures: 'captured on every device',
  lookups: 'by the kernel’s own lookups',
}

/** A way that was measured, through everything that is drawn between its stops. */
export function drawnWay({ nodes }: Topology, { measured, stops, answer = [], lost }: MeasuredWay): Way {
  const places = [...stops, ...answer].flatMap((stop, index, all): Place[] => {
    const { node, device } = stop
    const before = all[index - 1]
    if (before?.node !== node) return [{ node, device }]
    const bridges = nodes[node]?.bridges ?? {}
    if (Object.hasOwn(bridges, device) || Object.hasOwn(bridges, before.device)) return [{ node, device }]
    const [bridge] =
      Object.entries(bridges).find(
        ([, { ports }]) => ports.includes(device) && ports.includes(before.device),
      ) ?? []
    return [
      { node, device: bridge },
      { node, device },
    ]
  })
  if (lost) places.push({ node: lost.node, device: lost.device ?? places.at(-1)?.device })
  return { stops: withoutRepeats(places), lost: lost !== undefined, measured }
}

/** A way that was measured, stop by stop, each with what was translated before it. */
export function wayWords({ stops, answer = [], lost }: MeasuredWay): string[] {
  const words = (some: readonly Stop[]) =>
    some.map(({ node, device, source, destination }) =>
      [
        `${node} ${device}`,
        ...(source ? [`from ${source.from} now ${source.to}`] : []),
        ...(destination ? [`to ${destination.from} now ${destination.to}`] : []),
      ].join(', '),
    )
  const [first, ...back] = words(answer)
  return [
    ...words(stops),
    ...(first === undefined ? [] : [`answer: ${first}`, ...back]),
    ...(lost
      ? [`lost: ${[lost.node, lost.device].filter(Boolean).join(' ')}${lost.says ? ` (${lost.says})` : ''}`]
      : []),
  ]
}

/** How a way is known, in words. */
export function howMeasured({ measured, protocol }: MeasuredWay): string {
  return [...(protocol ? [protocol] : []), MEASURED[measured]].join(', ')
}

/** A way that was measured in a line, with how it is known. */
export function describeWay(way: MeasuredWay): string {
  return `the way (${howMeasured(way)}): ${wayWords(way).join(' → ')}`
}

/**
 * The way of a probe's packet: to the address that it is sent to, on to where DNAT sends it, and back with the answer as
 * far as the place where it is lost. Without such a place, to where it must get. Empty when nobody has the address.
 */
export function wayOf(topology: Topology, probe: Probe, lostAt: Place | undefined): Way {
  const start = probe.from
  const visits = [start, ...targets(topology, probe)]
  const end = visits.at(-1)
  // What the answer's sender gets wrong, or its receiver does not know, is lost on the way back, or where it never went.
  if (lostAt && end !== lostAt.node && !routeThrough(topology, visits).includes(lostAt.node))
    visits.push(lostAt.node)
  else if (lostAt && lostAt.node === start && end !== start) visits.push(start)
  const stops = visits.flatMap((node, index): Place[] => {
    const next = visits[index + 1]
    return next === undefined ? [] : leg(topology, node, next)
  })
  // It starts at the device that it leaves by, and ends at the one that it comes in on, unless it is lost in between.
  while (stops[0] && stops[0].device === undefined) stops.shift()
  if (stops.at(-1)?.device === undefined && lostAt?.device !== undefined) stops.pop()
  if (!lostAt) return { stops: withoutRepeats(stops), lost: false }
  const at = stops.findLastIndex(({ node, device }) => node === lostAt.node && device === lostAt.device)
  const inNode = stops.findLastIndex(({ node }) => node === lostAt.node)
  const kept = at >= 0 ? stops.slice(0, at + 1) : [...stops.slice(0, inNode + 1), lostAt]
  return { stops: withoutRepeats(kept), lost: true }
}

/** Nodes that the packet is sent to, one after the other. */
function targets(topology: Topology, { from: start, to }: Probe): string[] {
  // A neighbour solicitation goes to everybody on the bridge, and where that reflects it, back to its sender.
  if (to === undefined) {
    const peer = topology.links.flatMap(link => otherEnd(link, start) ?? [])[0]
    return peer ? [peer.node, start] : []
  }
  const owners = ownersOf(topology, to).filter(node => node !== start)
  const owner = owners[0]
  if (owner === undefined) return []
  const translated = dnatTarget(topology, owner, to)
  const [next] = translated === undefined ? [] : ownersOf(topology, translated)
  return next === undefined ? [owner] : [owner, next]
}

function ownersOf({ nodes }: Topology, address: string): string[] {
  return Object.entries(nodes).flatMap(([name, { addresses = {} }]) =>
    Object.values(addresses)
      .flat()
      .some(text => text.split(/[/ ]/)[0] === address)
      ? [name]
      : [],
  )
}

function dnatTarget({ nodes }: Topology, node: string, address: string): string | undefined {
  const rules = nodes[node]?.iptables?.nat ?? []
  const to = [`-d ${address} `, `-d ${address}/32 `]
  const rule = rules.find(text => text.includes('-j DNAT') && to.some(words => text.includes(words)))
  return rule && /--to-destination ([\d.]+)/.exec(rule)?.[1]
}

function otherEnd([a, b]: readonly [LinkEnd, LinkEnd], node: string): LinkEnd | undefined {
  if (a.node === node) return b
  return b.node === node ? a : undefined
}

/** Every node between the visits, and they themselves. */
function routeThrough(topology: Topology, visits: readonly string[]): string[] {
  return visits.flatMap((node, index) => {
    const next = visits[index + 1]
    return next === undefined ? [node] : [node, ...leg(topology, node, next).map(stop => stop.node)]
  })
}

/** The stops from one node to another over as few links as possible. */
function leg(topology: Topology, from: string, to: string): Place[] {
  const before = new Map<string, { readonly out: LinkEnd; readonly into: LinkEnd }>()
  const queue = [from]
  for (const node of queue)
    for (const [a, b] of topology.links)
      for (const [out, into] of [
        [a, b],
        [b, a],
      ] as const)
        if (out.node === node && into.node !== from && !before.has(into.node)) {
          before.set(into.node, { out, into })
          queue.push(into.node)
        }
  const hops: { readonly out: LinkEnd; readonly into: LinkEnd }[] = []
  for (let node = to; node !== from; ) {
    const hop = before.get(node)
    if (!hop) return []
    hops.unshift(hop)
    node = hop.out.node
  }
  return hops.flatMap(({ out, into }) => [
    bridgeOf(topology, out) ?? { node: out.node },
    { node: out.node, device: out.device },
    { node: into.node, device: into.device },
    bridgeOf(topology, into) ?? { node: into.node },
  ])
}

function bridgeOf({ nodes }: Topology, { node, device }: LinkEnd): Place | undefined {
  const bridge = Object.entries(nodes[node]?.bridges ?? {}).find(([, { ports }]) => ports.includes(device))
  return bridge && { node, device: bridge[0] }
}

function withoutRepeats(stops: readonly Place[]): Place[] {
  return stops.filter(({ node, device }, index) => {
    const last = stops[index - 1]
    return last?.node !== node || last.device !== device
  })
}
