/** What the kernel says of where a packet would go: route lookups, neighbours and bridges' forwarding tables, by rtnetlink. */
import { macText } from '../base/addresses.js'
import type { EvidenceContext } from '../model/evidence.js'
import type { Topology } from '../model/topology.js'
import { addressText } from '../world/libc.js'
import { learntPort, neighbourOn } from '../world/neighbours.js'
import type { Netns } from '../world/netns.js'
import { outputDevice, routeFor } from '../world/route-lookup.js'
import { attributes, NetlinkError, NLM_F, RTM } from '../world/rtnetlink.js'
import type { Place, Wiring } from './journeys.js'
import type { Ends, Packet } from './packet.js'
import { type Translation, translate } from './translations.js'
import type { Hop, LinkStop, Says } from './walk.js'

/** What is known of a packet besides whom it is from and to. */
export interface Asked {
  readonly protocol: Packet['protocol'] | undefined
  /** Whether the probe says whom it is from; else its node chooses, by the route. */
  readonly isSourceGiven: boolean
  /** What its own node marks it with. */
  readonly mark?: number | undefined
  /** Traffic class, or type of service. */
  readonly tos?: number | undefined
}

const NUMBERS: Readonly<Record<Packet['protocol'], number>> = {
  icmp: 1,
  tcp: 6,
  udp: 17,
  icmpv6: 58,
}
const RTN = { unicast: 1, local: 2 }
const RTA = { gateway: 5, via: 18 }
const FRA_FWMARK = 10
/** linux/if_link.h: IFLA_LINKINFO, IFLA_INFO_DATA, IFLA_BR_NF_CALL_IPTABLES. */
const IFLA = { linkInfo: 18, data: 2, nfCallIptables: 36 }
const LO_INDEX = 1

/** Asks the nodes of a topology that stands. */
export class KernelSays implements Says {
  readonly #marked = new Map<string, boolean>()
  readonly #devices = new Map<string, ReadonlyMap<number, string>>()

  /** `translations` are a node's, the newest first. */
  constructor(
    private readonly topology: Topology,
    private readonly context: Pick<EvidenceContext, 'netns' | 'index' | 'mac'>,
    private readonly wiring: Wiring,
    private readonly translations: (node: string) => readonly Translation[],
    private readonly asked: Asked,
  ) {}

  route(node: string, packet: Ends, input: string | undefined): Hop | undefined {
    const netns = this.context.netns(node)
    const own = input === undefined
    // What tc sends elsewhere, and what iptables has marked, a lookup does not know of.
    if (this.topology.nodes[node]?.tc?.length) return undefined
    if (!(own && this.asked.mark !== undefined) && this.#dependsOnMark(node)) return undefined
    if (this.#isChance(node, packet, own)) return undefined
    const found = this.#lookUp(netns, packet, own ? undefined : this.context.index(node, input))
    if (!found) return undefined
    const { type, device, via } = found
    if (type === RTN.local) return { local: true }
    const name = device === undefined ? undefined : this.#devicesOf(node).get(device)
    return type === RTN.unicast && name !== undefined && device !== LO_INDEX
      ? { local: false, device: name, via: via ?? packet.to.address }
      : undefined
  }

  translated(node: string, packet: Ends): Ends | undefined {
    for (const one of this.translations(node)) {
      const made = translate(packet, one)
      if (made) return made
    }
    return undefined
  }

  bridge(node: string, device: string): string | undefined {
    return this.wiring.bridge(node, device)
  }

  bridged(node: string, bridge: string, packet: Ends): Ends | undefined {
    const made = this.translated(node, packet)
    return made && this.#callsIptables(node, bridge) ? made : undefined
  }

  link(node: string, device: string, via: string): readonly LinkStop[] | undefined {
    const mac = this.#neighbour(node, device, via)
    const owners = mac === undefined ? [] : this.#withMac(mac)
    const isOwner =
      owners.length > 0
        ? (place: Place) => owners.some(one => one.node === place.node && one.device === place.device)
        : (place: Place) => this.#addresses(place).includes(via)
    const queue: LinkStop[][] = [[{ node, device, direction: 'out' }]]
    const seen = new Set<string>()
    for (const path of queue) {
      const last = path.at(-1)
      if (!last) continue
      const key = `${last.node}:${last.device} ${last.direction}`
      if (seen.has(key)) continue
      seen.add(key)
      const bridge = this.wiring.bridge(last.node, last.device)
      if (last.direction === 'in') {
        const place = { node: last.node, device: bridge ?? last.device }
        if (isOwner(place)) return bridge === undefined ? path : [...path, { ...place, direction: 'in' }]
      }
      for (const next of this.#next(last, bridge, mac)) queue.push([...path, next])
    }
    return undefined
  }

  /** Where a frame gets from a device over its link, or through the bridge that it is a port of. */
  #next(
    { node, device, direction }: LinkStop,
    bridge: string | undefined,
    mac: Buffer | undefined,
  ): LinkStop[] {
    const through = direction === 'in' ? bridge : device
    const ports = through === undefined ? undefined : this.topology.nodes[node]?.bridges?.[through]?.ports
    if (ports) {
      const learnt = mac === undefined ? undefined : this.#learnt(node, through ?? '', mac)
      return ports
        .filter(port => learnt === undefined || port === learnt)
        .map(port => ({ node, device: port, direction: 'out' }))
    }
    if (direction === 'in') return []
    const peer = this.wiring.peer(node, device)
    return peer ? [{ node: peer.node, device: peer.device, direction: 'in' }] : []
  }

  /** Whether bridged packets pass iptables: by the namespace's setting, or by the bridge's own (br_nf_pre_routing()). */
  #callsIptables(node: string, bridge: string): boolean {
    const netns = this.context.netns(node)
    if (netns.readSysctl('net.bridge.bridge-nf-call-iptables') === '1') return true
    const header = Buffer.alloc(16)
    header.writeInt32LE(this.context.index(node, bridge), 4)
    const [link] = netns.route().ask({ type: RTM.getLink, flags: 0, body: header })
    const info = attributes(attributes(link?.subarray(16)).get(IFLA.linkInfo))
    return attributes(info.get(IFLA.data)).get(IFLA.nfCallIptables)?.[0] === 1
  }

  /** Whether a policy rule of a node asks for a mark. */
  #dependsOnMark(node: string): boolean {
    const known = this.#marked.get(node)
    if (known !== undefined) return known
    const rules = this.context
      .netns(node)
      .route()
      .ask({ type: RTM.getRule, flags: NLM_F.dump, body: Buffer.alloc(12) })
    const marked = rules.some(rule => attributes(rule.subarray(12)).has(FRA_FWMARK))
    this.#marked.set(node, marked)
    return marked
  }

  /** Whether a node chooses among several next hops by what is not known: ports, or an address that it chooses itself. */
  #isChance(node: string, { from, to }: Ends, own: boolean): boolean {
    const { routes = [], nextHops = [] } = this.topology.nodes[node] ?? {}
    if (nextHops.length === 0 && !routes.some(route => route.includes('nexthop'))) return false
    if (own && !this.asked.isSourceGiven) return true
    const byPorts = this.context.netns(node).readSysctl('net.ipv4.fib_multipath_hash_policy') !== '0'
    return byPorts && (from.port === undefined || to.port === undefined)
  }

  #lookUp(
    netns: Netns,
    { from, to }: Ends,
    inputDevice: number | undefined,
  ):
    | { readonly type: number; readonly device: number | undefined; readonly via: string | undefined }
    | undefined {
    const { protocol, mark, tos } = this.asked
    const ports =
      from.port === undefined || to.port === undefined ? undefined : ([from.port, to.port] as const)
    try {
      const answer = routeFor(
        netns,
        {
          to: to.address,
          from: from.address === '' ? undefined : from.address,
          ...{ inputDevice, tos, mark: inputDevice === undefined ? mark : undefined },
          protocol: protocol && NUMBERS[protocol],
          ports,
        },
        0,
      )
      const found = attributes(answer?.subarray(12))
      // A next hop of the other family has its family before it.
      const via = found.get(RTA.gateway) ?? found.get(RTA.via)?.subarray(2)
      return {
        type: answer?.[7] ?? 0,
        device: outputDevice(answer),
        via: via && addressText(via),
      }
    } catch (error) {
      if (!(error instanceof NetlinkError)) throw error
      return undefined
    }
  }

  /** The MAC address that a node has for a neighbour on a device. */
  #neighbour(node: string, device: string, address: string): Buffer | undefined {
    return neighbourOn(this.context.netns(node), this.context.index(node, device), address)
  }

  /** The port behind which a bridge has learnt a MAC address to be. */
  #learnt(node: string, bridge: string, mac: Buffer): string | undefined {
    const port = learntPort(this.context.netns(node), this.context.index(node, bridge), mac)
    return port === undefined ? undefined : this.#devicesOf(node).get(port)
  }

  /** Devices that have a MAC address; that of a port is its bridge's, too, which has taken one of them. */
  #withMac(mac: Buffer): Place[] {
    const text = macText(mac)
    return this.topology.links
      .flat()
      .filter(({ node, device }) => this.context.mac(node, device) === text)
      .map(({ node, device }) => ({ node, device: this.wiring.bridge(node, device) ?? device }))
  }

  #addresses({ node, device }: Place): string[] {
    return (this.topology.nodes[node]?.addresses?.[device] ?? []).map(text => text.split(/[/ ]/)[0] ?? text)
  }

  #devicesOf(node: string): ReadonlyMap<number, string> {
    const known = this.#devices.get(node)
    if (known) return known
    const names = [
      ...this.topology.links.flat().flatMap(end => (end.node === node ? [end.device] : [])),
      ...Object.keys(this.topology.nodes[node]?.bridges ?? {}),
    ]
    const devices = new Map(names.map(name => [this.context.index(node, name), name]))
    this.#devices.set(node, devices)
    return devices
  }
}

/** The address that a node would send from; undefined where it has no route. */
export function sourceFor(
  netns: Netns,
  to: string,
  { mark, tos }: Pick<Asked, 'mark' | 'tos'>,
): string | undefined {
  const RTA_PREFSRC = 7
  try {
    const source = attributes(routeFor(netns, { to, mark, tos }, 0)?.subarray(12)).get(RTA_PREFSRC)
    return source && addressText(source)
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error
    return undefined
  }
}
