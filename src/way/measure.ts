/** Measuring the way of a trial's packet: what is taken up before the probe runs, and what comes of it afterwards. */
import { captureObserver } from '../evidence/capture.js'
import { conntrackEventObserver } from '../evidence/conntrack-event.js'
import { traceObserver } from '../evidence/trace.js'
import type { EvidenceContext } from '../model/evidence.js'
import type { MeasuredWay } from '../model/report.js'
import type { Topology } from '../model/topology.js'
import { capturedWay, type Drop, type Ends, type Sought, type Translation } from './captured.js'
import type { Wiring } from './journeys.js'

/** The node that a probe is seen from, and the address that its packets are sent to. */
export interface Probed {
  readonly from: string
  readonly to?: string | undefined
}

/** Takes up a way; what is returned says which it was, from whether it must have been lost, and where it is proved to have been. */
export function watchWay(
  { from, to }: Probed,
  topology: Topology,
  { view, mac }: Pick<EvidenceContext, 'view' | 'mac'>,
): (fate: Pick<Sought, 'lost' | 'at'>) => MeasuredWay | undefined {
  const capture = view(captureObserver)
  if (typeof capture === 'string' || to === undefined) return () => undefined
  const traced = view(traceObserver)
  const trace = typeof traced === 'string' ? undefined : traced
  trace?.trace.drain()
  const tracked = view(conntrackEventObserver)
  const events = typeof tracked === 'string' ? undefined : tracked(from)
  const lines = () => (events === undefined || typeof events === 'string' ? [] : events.lines())
  const before = {
    frames: capture.frames().length,
    drops: trace?.trace.join.drops.length ?? 0,
    lines: lines().length,
  }
  return fate => {
    trace?.trace.drain()
    const drops = (trace?.trace.join.drops ?? [])
      .slice(before.drops)
      .flatMap(({ packet, ...drop }): Drop[] =>
        packet.owner === trace?.owner
          ? [
              {
                node: packet.node,
                device: packet.device,
                from: packet.lookups[0]?.from,
                says: [drop.function, drop.reason].filter(Boolean).join(' '),
              },
            ]
          : [],
      )
    const sent = { from, to, translations: translationsOf(lines().slice(before.lines)), ...fate }
    return capturedWay(capture.frames().slice(before.frames), sent, wiringOf(topology, mac), drops)
  }
}

/** What a node made of packets, from the lines of new entries of its connection tracking, as `conntrack -E` has them. */
function translationsOf(lines: readonly string[]): Translation[] {
  return lines.flatMap(line => {
    const [before, back] = [...line.matchAll(/src=(\S+) dst=(\S+)(?: sport=(\d+) dport=(\d+))?/g)].map(
      ([, from = '', to = '', sport, dport]): Ends => ({
        from: { address: from, ...(sport === undefined ? {} : { port: Number(sport) }) },
        to: { address: to, ...(dport === undefined ? {} : { port: Number(dport) }) },
      }),
    )
    return before && back ? [{ before, after: { from: back.to, to: back.from } }] : []
  })
}

/** What the topology was built with; what a probe adds to it meanwhile nobody captures. */
function wiringOf({ nodes, links }: Topology, mac: EvidenceContext['mac']): Wiring {
  const ends = new Map(
    links.flatMap(([a, b]) => [
      [`${a.node}:${a.device}`, b],
      [`${b.node}:${b.device}`, a],
    ]),
  )
  return {
    peer: (node, device) => ends.get(`${node}:${device}`),
    bridge: (node, device) =>
      Object.entries(nodes[node]?.bridges ?? {}).find(([, { ports }]) => ports.includes(device))?.[0],
    mac,
    owns: (node, address) =>
      Object.values(nodes[node]?.addresses ?? {})
        .flat()
        .some(text => text.split(/[/ ]/)[0] === address) || /^127\.|^::1$/.test(address),
  }
}
