/** Operations on a node's links, addresses and routes as rtnetlink requests: what ip(8) would send, without starting it. */
import type { NetworkOperation, NewDevice, NextHop, Route } from '../model/steps.js'
import { AF_INET, AF_INET6 } from '../world/libc.js'
import { attribute, NLM_F, type RouteRequest, RTA, RTM, RTNH_F_ONLINK } from '../world/rtnetlink.js'
import { bytesOf, nextHopRequest, ruleRequest, tableNumber } from './rule-requests.js'

/** What operations name by name and netlink by number. */
export interface Names {
  /** Index of a device of the namespace that the requests are for; undefined when it is not known. */
  readonly index: (device: string) => number | undefined
  /** An open descriptor of another namespace, by its name under /run/netns. */
  readonly netns: (name: string) => number | undefined
}

const NEW = NLM_F.create | NLM_F.exclusive
const IFF_UP = 1
/** linux/if_link.h, linux/if_addr.h, linux/rtnetlink.h, linux/veth.h. */
const IFLA = {
  address: 1,
  name: 3,
  mtu: 4,
  master: 10,
  linkInfo: 18,
  netnsFd: 28,
  txQueues: 31,
  rxQueues: 32,
}
const IFLA_INFO = { kind: 1, data: 2 }
const IFLA_BR = { forwardDelay: 1, stpState: 5 }
const VETH_INFO_PEER = 1
const IFA = { address: 1, local: 2, flags: 8 }
const IFA_F = { nodad: 0x02, noprefixroute: 0x200 }
const RTAX = { lock: 1, mtu: 2, advmss: 8, rtoMin: 13 }
const RTPROT_BOOT = 3
const RTN_UNICAST = 1
const SCOPE = { universe: 0, link: 253, host: 254 }

/** The requests for operations; undefined when one of them is not known here, or names a device or namespace that is not. */
export function ipRequests(
  operations: readonly NetworkOperation[],
  names: Names,
): RouteRequest[] | undefined {
  const requests: RouteRequest[] = []
  for (const operation of operations) {
    const made = request(operation, names)
    if (!made) return undefined
    requests.push(made)
  }
  return requests
}

function request(operation: NetworkOperation, names: Names): RouteRequest | undefined {
  switch (operation.op) {
    case 'add-veth': {
      const { end, peer, peerNetns, bridge } = operation
      const master = bridge === undefined ? 0 : names.index(bridge)
      const netns = names.netns(peerNetns)
      if (master === undefined || netns === undefined) return undefined
      const other = interfaceInfo(peer, false, [...ONE_QUEUE, attribute(IFLA.netnsFd, netns)])
      return {
        type: RTM.newLink,
        flags: NEW,
        body: interfaceInfo(end, bridge !== undefined, [
          ...ONE_QUEUE,
          ...(bridge === undefined ? [] : [attribute(IFLA.master, master)]),
          linkInfo('veth', attribute(VETH_INFO_PEER, other)),
        ]),
      }
    }
    case 'add-bridge': {
      const options = [attribute(IFLA_BR.stpState, 0), attribute(IFLA_BR.forwardDelay, 0)]
      const info = linkInfo('bridge', Buffer.concat(options))
      return { type: RTM.newLink, flags: NEW, body: interfaceInfo(operation.bridge, false, [info]) }
    }
    case 'set-link': {
      const index = names.index(operation.device)
      const master = operation.bridge === undefined ? 0 : names.index(operation.bridge)
      if (index === undefined || master === undefined) return undefined
      const { mac, bridge, up = false } = operation
      return {
        type: RTM.newLink,
        flags: 0,
        body: interfaceInfo(
          { index, ...(mac === undefined ? {} : { mac }) },
          up,
          bridge === undefined ? [] : [attribute(IFLA.master, master)],
        ),
      }
    }
    case 'add-address': {
      const index = names.index(operation.device)
      return index === undefined ? undefined : addressRequest(operation, index)
    }
    case 'add-next-hop':
      return nextHopRequest(operation.nextHop, names)
    case 'add-route':
      return routeRequest(operation.route, names)
    case 'add-rule':
      return ruleRequest(operation.rule)
  }
}

/** struct ifinfomsg and the attributes behind it. A device that is not called by its name is by its index. */
function interfaceInfo(
  { name, index = 0, mac, mtu }: Partial<NewDevice>,
  up: boolean,
  more: readonly Buffer[],
): Buffer {
  const header = Buffer.alloc(16)
  header.writeInt32LE(index, 4)
  if (up) {
    header.writeUInt32LE(IFF_UP, 8)
    header.writeUInt32LE(IFF_UP, 12)
  }
  return Buffer.concat([
    header,
    ...(mac === undefined ? [] : [attribute(IFLA.address, Buffer.from(mac.replaceAll(':', ''), 'hex'))]),
    ...(name === undefined ? [] : [attribute(IFLA.name, name)]),
    ...(mtu === undefined ? [] : [attribute(IFLA.mtu, mtu)]),
    ...more,
  ])
}

const ONE_QUEUE = [attribute(IFLA.txQueues, 1), attribute(IFLA.rxQueues, 1)]

function linkInfo(kind: string, data: Buffer): Buffer {
  const info = [attribute(IFLA_INFO.kind, kind), attribute(IFLA_INFO.data, data)]
  return attribute(IFLA.linkInfo, Buffer.concat(info))
}

function addressRequest(
  { address, nodad, noprefixroute }: Extract<NetworkOperation, { readonly op: 'add-address' }>,
  index: number,
): RouteRequest | undefined {
  const prefix = bytesOf(address)
  if (!prefix) return undefined
  const header = Buffer.alloc(8)
  header[0] = prefix.family
  header[1] = prefix.length
  const flags = (nodad ? IFA_F.nodad : 0) | (noprefixroute ? IFA_F.noprefixroute : 0)
  header[2] = flags & 0xff
  // What ip(8) makes of an address without `scope`; the kernel works it out for IPv6 itself.
  header[3] = prefix.family === AF_INET && prefix.bytes[0] === 127 ? SCOPE.host : SCOPE.universe
  header.writeUInt32LE(index, 4)
  const body = [
    header,
    attribute(IFA.local, prefix.bytes),
    attribute(IFA.address, prefix.bytes),
    // What does not fit into the header.
    ...(flags > 0xff ? [attribute(IFA.flags, flags)] : []),
  ]
  return { type: RTM.newAddress, flags: NEW, body: Buffer.concat(body) }
}

function routeRequest(route: Route, names: Names): RouteRequest | undefined {
  const { type, to, table = 'main', metric, source, onlink, nextHops, nextHopId, more } = route
  if (type !== undefined || (more && more.length > 0)) return undefined
  const way = wayOf(route, names)
  const ways = (nextHops ?? []).map(hop => nextHopOf(hop, names))
  const from = source === undefined ? undefined : bytesOf(source)
  if (!way || !ways.every(one => one !== undefined) || (source !== undefined && !from)) return undefined
  const family = way.family ?? ways.find(one => one.family !== undefined)?.family ?? from?.family
  const everything = { family: family ?? AF_INET, bytes: Buffer.alloc(0), length: 0 }
  const destination = to === 'default' ? everything : bytesOf(to)
  if (!destination || (family !== undefined && family !== destination.family)) return undefined
  const number = tableNumber(table)
  if (number === undefined) return undefined
  const isWay = way.family !== undefined || ways.length > 0 || nextHopId !== undefined
  const header = Buffer.alloc(12)
  header[0] = destination.family
  header[1] = destination.length
  header[4] = number < 256 ? number : 0
  header[5] = RTPROT_BOOT
  header[6] = isWay || destination.family === AF_INET6 ? SCOPE.universe : SCOPE.link
  header[7] = RTN_UNICAST
  if (onlink) header.writeUInt32LE(RTNH_F_ONLINK, 8)
  const body = [
    header,
    ...(destination.length > 0 ? [attribute(RTA.destination, destination.bytes)] : []),
    ...(number < 256 ? [] : [attribute(RTA.table, number)]),
    ...way.attributes,
    ...(metric === undefined ? [] : [attribute(RTA.priority, metric)]),
    ...(from ? [attribute(RTA.source, from.bytes)] : []),
    ...routeMetrics(route),
    ...(ways.length > 0 ? [attribute(RTA.multipath, Buffer.concat(ways.map(({ bytes }) => bytes)))] : []),
    ...(nextHopId === undefined ? [] : [attribute(RTA.nextHopId, nextHopId)]),
  ]
  return { type: RTM.newRoute, flags: NEW, body: Buffer.concat(body) }
}

function routeMetrics({ mtu, advmss, rtoMin }: Pick<Route, 'mtu' | 'advmss' | 'rtoMin'>): Buffer[] {
  const metrics = [
    // As ip(8) has it: this one is never the kernel's to change.
    ...(rtoMin === undefined ? [] : [attribute(RTAX.lock, 1 << RTAX.rtoMin)]),
    ...(mtu === undefined ? [] : [attribute(RTAX.mtu, mtu)]),
    ...(advmss === undefined ? [] : [attribute(RTAX.advmss, advmss)]),
    ...(rtoMin === undefined ? [] : [attribute(RTAX.rtoMin, rtoMin)]),
  ]
  return metrics.length > 0 ? [attribute(RTA.metrics, Buffer.concat(metrics))] : []
}

/** The attributes that say where packets go next; undefined where a device or an address is not known. */
function wayOf(
  { via, device }: Pick<Route, 'via' | 'device'>,
  { index }: Names,
): { readonly family: number | undefined; readonly attributes: Buffer[] } | undefined {
  const gateway = via === undefined ? undefined : bytesOf(via)
  const at = device === undefined ? undefined : index(device)
  if ((via !== undefined && !gateway) || (device !== undefined && at === undefined)) return undefined
  return {
    family: gateway?.family,
    attributes: [
      ...(gateway ? [attribute(RTA.gateway, gateway.bytes)] : []),
      ...(at === undefined ? [] : [attribute(RTA.device, at)]),
    ],
  }
}

/** struct rtnexthop with its gateway. */
function nextHopOf(
  { via, device, weight = 1 }: NextHop,
  names: Names,
): { readonly family: number | undefined; readonly bytes: Buffer } | undefined {
  const way = wayOf(via === undefined ? {} : { via }, names)
  const at = device === undefined ? 0 : names.index(device)
  if (!way || at === undefined) return undefined
  const gateway = Buffer.concat(way.attributes)
  const header = Buffer.alloc(8)
  header.writeUInt16LE(header.length + gateway.length, 0)
  header[3] = weight - 1
  header.writeInt32LE(at, 4)
  return { family: way.family, bytes: Buffer.concat([header, gateway]) }
}
