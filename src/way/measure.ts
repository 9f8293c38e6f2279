/** Measuring the way of a trial's packet: what is taken up before the probe runs, and what comes of it afterwards. */
import { captureObserver } from '../evidence/capture.js'
import { conntrackEventObserver } from '../evidence/conntrack-event.js'
import { startTracing, traceObserver } from '../evidence/trace.js'
import type { EvidenceContext } from '../model/evidence.js'
import type { MeasuredWay } from '../model/report.js'
import type { Topology } from '../model/topology.js'
import type { Probe } from '../probes/index.js'
import { SystemError } from '../world/libc.js'
import { capturedWay, type Drop, type Sought } from './captured.js'
import type { Wiring } from './journeys.js'
import { KernelSays, sourceFor } from './kernel-says.js'
import { lookedUpWay } from './looked-up.js'
import { isBetween } from './packet.js'
import { type Translation, translationsOf } from './translations.js'

/** Of a rule of nft that sets an address without NAT. */
const WRITES_ADDRESSES = /\bip6? [sd]addr set\b/

/** Takes up the way of a probe; what is returned says which it was, from what came of it. */
export function watchWay(
  probe: Probe,
  topology: Topology,
  context: Pick<EvidenceContext, 'view' | 'mac' | 'index' | 'netns'>,
): (fate: Fate) => MeasuredWay | undefined {
  const { from, to } = probe
  const tracked = context.view(conntrackEventObserver)
  // Without them nobody knows what is translated.
  if (to === undefined || typeof tracked === 'string') return () => undefined
  const wiring = wiringOf(topology, context.mac)
  const lines = (node: string) => {
    const events = tracked(node)
    return typeof events === 'string' ? [] : events.lines()
  }
  const before = new Map(Object.keys(topology.nodes).map(node => [node, lines(node).length]))
  const captured = watchFrames(context)
  return fate => {
    const since = oncePerNode(node => translationsOf(lines(node).slice(before.get(node))))
    const sought = { from, to, oneWay: probe.oneWay, translations: since(from), ...fate }
    try {
      return captured?.(sought, wiring) ?? walked(probe, to, fate, topology, context, wiring, lines, since)
    } catch (error) {
      // What a kernel does not answer, as for a device that the probe has taken away, is no reason to fail a trial.
      if (error instanceof SystemError) return undefined
      throw error
    }
  }
}

/** What came of a probe. */
interface Fate extends Pick<Sought, 'lost' | 'at'> {
  /** Whether its packet is known to have got to where it was for. */
  readonly arrived: boolean
}

/** Takes up the frames of all devices; undefined where they are not captured. */
function watchFrames({
  view,
}: Pick<EvidenceContext, 'view'>): ((sought: Sought, wiring: Wiring) => MeasuredWay | undefined) | undefined {
  const capture = view(captureObserver)
  if (typeof capture === 'string') return undefined
  const traced = view(traceObserver)
  const trace = typeof traced === 'string' ? undefined : traced
  if (trace) startTracing(trace)
  const before = { frames: capture.frames().length, drops: trace?.trace.join.drops.length ?? 0 }
  return (sought, wiring) => {
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
    return capturedWay(capture.frames().slice(before.frames), sought, wiring, drops)
  }
}

/** The way by lookups. */
function walked(
  probe: Probe,
  to: string,
  fate: Fate,
  topology: Topology,
  context: Pick<EvidenceContext, 'mac' | 'index' | 'netns'>,
  wiring: Wiring,
  lines: (node: string) => readonly string[],
  since: (node: string) => readonly Translation[],
): MeasuredWay | undefined {
  const { from, oneWay, goesOn } = probe
  // What connection tracking makes of a packet that is not its entry's, or no longer, no event tells; nor what nft writes into one.
  if (fate.lost && (goesOn || topology.nodes[from]?.nft?.some(line => WRITES_ADDRESSES.test(line))))
    return undefined
  const { source, sourcePort, port, server, mark, trafficClass: tos } = probe.packet
  const own = source ?? sourceFor(context.netns(from), to, { mark, tos })
  const isOwn = ({ before }: Translation) =>
    before.to.address === to &&
    (before.from.address === own || (source === undefined && wiring.owns(from, before.from.address)))
  const entries = [from, ...Object.keys(topology.nodes).filter(node => node !== from)]
    .flatMap(since)
    .filter(isOwn)
  const entry = fate.lost ? entries.at(-1) : entries[0]
  if (!entry && own === undefined) return undefined
  const packet = entry?.before ?? {
    from: { address: own ?? '', ...(sourcePort === undefined ? {} : { port: sourcePort }) },
    to: { address: to, ...(port === undefined ? {} : { port }) },
  }
  // Whatever was tracked before is another packet's, unless that has the same ports.
  const before = sourcePort === undefined ? () => [] : (node: string) => translationsOf(lines(node))
  const isEntry = (one: Translation) => entry !== undefined && isBetween(one.before, entry.before)
  const known = oncePerNode(node => {
    const newestFirst = [...before(node), ...since(node)].reverse()
    return [...newestFirst.filter(isEntry), ...newestFirst]
  })
  const asked = { protocol: entry?.protocol, mark, tos, isSourceGiven: source !== undefined }
  const says = new KernelSays(topology, context, wiring, known, asked)
  const isNode = server !== undefined && Object.hasOwn(topology.nodes, server)
  return lookedUpWay(
    {
      ...{ from, packet, protocol: asked.protocol, oneWay, bridge: wiring.bridge },
      ...{ ...fate, server: isNode ? server : undefined },
    },
    says,
  )
}

/** What is asked once for each node. */
function oncePerNode<T>(ask: (node: string) => T): (node: string) => T {
  const answers = new Map<string, { readonly answer: T }>()
  return node => {
    const known = answers.get(node) ?? { answer: ask(node) }
    answers.set(node, known)
    return known.answer
  }
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
