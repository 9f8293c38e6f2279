/** Refuses a topology that could not be built, before anything is made; each complaint names the field and the remedy. */

import { type Prefix, parseAddress, parsePrefix } from '../base/addresses.js'
import { parsePolicyRule } from '../model/policy-rule.js'
import { type Problem, shapeProblems } from '../model/shape.js'
import { LOADED_SETS } from '../model/steps.js'
import type { Node, Topology } from '../model/topology.js'
import {
  lineProblem,
  linkOptionsProblem,
  nftProblem,
  ruleProblem,
  shown,
  sysctlProblem,
  tableProblem,
  tcProblem,
} from './lines.js'
import { parseNextHopObject, routeProblem } from './routes.js'
import { topologyShape } from './shape.js'

/** A netns name is a file name under /run/netns, and the lab puts a dash and a number behind it. */
const NODE_NAME = /^[a-z0-9]([a-z0-9_-]{0,30}[a-z0-9])?$/
/** dev_valid_name() in net/core/dev.c: no slash, colon or white space, not `.` or `..`, at most IFNAMSIZ-1 bytes. */
const MAX_DEVICE_NAME = 15

/** What veth takes (veth_setup(), drivers/net/veth.c: ETH_MIN_MTU, ETH_MAX_MTU), and IPv6 needs (IPV6_MIN_MTU, RFC 8200). */
const [LEAST_MTU, LEAST_MTU_IPV6, MOST_MTU] = [68, 1280, 65535]

/** Features of veth that every kernel from 5.10 on lets change, by their names in net/ethtool/common.c. */
const FEATURES = [
  'rx-gro',
  'tx-checksum-ip-generic',
  'tx-checksum-sctp',
  'tx-generic-segmentation',
  'tx-scatter-gather',
  'tx-tcp-segmentation',
  'tx-tcp6-segmentation',
  'tx-udp-segmentation',
]

/**
 * The words of ip-link(8). Where it takes the name of a device, it takes these first, and many of them however short
 * they are cut (matches(), iproute2's lib/utils.c): a bridge named `br` is half of `brd`.
 */
const IP_WORDS =
  'add address addrgenmode alias allmulticast altname arp broadcast brd carrier dev down dynamic group gro_max_size gso_max_segs gso_max_size help index link link-netns link-netnsid master mode mtu multicast name netns nomaster numrxqueues numtxqueues parentbus parentdev promisc protodown protodown_reason qlen set show state trailers txqlen txqueuelen type up vf vrf xdp xdpdrv xdpgeneric xdpoffload'.split(
    ' ',
  )

/** Every problem of a topology; none means that it can be compiled. Never throws, whatever it is given. */
export function validateTopology(topology: Topology): Problem[] {
  const misshapen = shapeProblems(
    topologyShape,
    topology,
    'topology',
    'the type Topology (src/model/topology.ts) says what belongs there',
  )
  if (misshapen.length > 0) return misshapen
  const problems: Problem[] = []
  const complain = (field: string, problem: string, remedy: string) =>
    problems.push({ field, problem, remedy })
  const devices = new Map<string, Set<string>>()
  const nodes = Object.entries(topology.nodes)
  if (nodes.length === 0) complain('topology.nodes', 'there is no node', 'add at least one')

  for (const [name] of nodes) {
    devices.set(name, new Set(['lo']))
    if (!NODE_NAME.test(name))
      complain(
        `topology.nodes.${name}`,
        `${shown(name)} is no valid network namespace name here`,
        'use lower-case letters, digits, dashes and underscores, at most 32 of them',
      )
  }

  const addDevice = (field: string, node: string, device: string) => {
    const known = devices.get(node)
    if (!known) {
      complain(
        field,
        `the link ends in ${shown(node)}, which is no node`,
        `nodes are: ${nodes.map(([n]) => n).join(', ')}`,
      )
      return
    }
    const bad = deviceNameProblem(device)
    if (bad)
      complain(
        field,
        `device name ${shown(device)} ${bad}`,
        `use at most ${MAX_DEVICE_NAME} letters, digits, dots and dashes`,
      )
    if (known.has(device))
      complain(field, `node '${node}' has two devices named ${shown(device)}`, 'rename one of them')
    known.add(device)
  }

  topology.links.forEach((link, index) => {
    for (const [side, end] of link.entries()) {
      addDevice(`topology.links[${index}][${side}]`, end.node, end.device)
      for (const field of ['mac', 'documentMac'] as const) {
        const mac = end[field]
        if (mac !== undefined && !isUnicastMac(mac))
          complain(
            `topology.links[${index}][${side}].${field}`,
            `${shown(mac)} is no unicast MAC address`,
            'write it as fa:16:3e:00:00:01',
          )
      }
      for (const feature of Object.keys(end.features ?? {}))
        if (!FEATURES.includes(feature))
          complain(
            `topology.links[${index}][${side}].features`,
            `${shown(feature)} is no feature of veth that can be switched`,
            `features are: ${FEATURES.join(', ')}`,
          )
      if (end.mtu !== undefined) {
        const least = topology.nodes[end.node]?.ipv6 ? LEAST_MTU_IPV6 : LEAST_MTU
        if (!Number.isInteger(end.mtu) || end.mtu < least || end.mtu > MOST_MTU)
          complain(
            `topology.links[${index}][${side}].mtu`,
            `${end.mtu} bytes are no MTU of '${end.node}'`,
            `use ${least} to ${MOST_MTU}${least === LEAST_MTU_IPV6 ? ': below 1280 the kernel takes IPv6 off the device' : ''}`,
          )
      }
    }
  })
  for (const [name, node] of nodes)
    for (const bridge of Object.keys(node.bridges ?? {}))
      addDevice(`topology.nodes.${name}.bridges.${bridge}`, name, bridge)

  for (const index of closingLinks(topology))
    complain(
      `topology.links[${index}]`,
      'it closes a loop of bridges, in which every broadcast would circle for ever',
      'leave it out, or take one of its ends out of its bridge: there is no spanning tree here',
    )
  const silent = withoutCarrier(topology)
  for (const [name, node] of nodes) {
    const field = `topology.nodes.${name}`
    problems.push(...nodeProblems(field, name, node, devices.get(name) ?? new Set()))
    const advertising = node.routerAdvertisements?.device
    if (advertising !== undefined && silent.has(`${name}:${advertising}`))
      complain(
        `${field}.routerAdvertisements.device`,
        `${shown(advertising)} has no carrier, as an end of its link is left down`,
        'advertise on another device, or leave out down: true',
      )
    for (const route of node.routes ?? []) {
      const device = / dev (\S+)/.exec(route)?.[1]
      // fib_check_nh() in net/ipv4/fib_semantics.c: -ENETDOWN.
      if (topology.links.flat().some(end => end.down && end.node === name && end.device === device))
        complain(
          `${field}.routes`,
          `route ${shown(route)} is by ${shown(device ?? '')}, which is left down`,
          'the kernel refuses it: leave it out, or leave out down: true',
        )
    }
  }
  return problems
}

/** Devices that have no carrier, as `node:device`: both ends of a link of which one is left down, and bridges with no other ports. */
function withoutCarrier({ nodes, links }: Topology): Set<string> {
  const silent = new Set(
    links.flatMap(ends =>
      ends.some(({ down }) => down) ? ends.map(end => `${end.node}:${end.device}`) : [],
    ),
  )
  // A bridge that never had a port has a carrier.
  for (const [name, { bridges = {} }] of Object.entries(nodes))
    for (const [bridge, { ports }] of Object.entries(bridges))
      if (ports.length > 0 && ports.every(port => silent.has(`${name}:${port}`)))
        silent.add(`${name}:${bridge}`)
  return silent
}

/** What is wrong within a node that has these devices. */
function nodeProblems(field: string, name: string, node: Node, known: ReadonlySet<string>): Problem[] {
  const problems: Problem[] = []
  const complain = (where: string, problem: string, remedy: string) =>
    problems.push({ field: `${field}.${where}`, problem, remedy })
  const refuse = (where: string, complaint: Pick<Problem, 'problem' | 'remedy'> | undefined) => {
    if (complaint) problems.push({ field: `${field}.${where}`, ...complaint })
  }
  /** Refuses a device that the node does not have, and `lo` where it would not do. */
  const needDevice = (where: string, device: string, lo: boolean) => {
    const has = [...known].filter(candidate => lo || candidate !== 'lo')
    if (!has.includes(device))
      complain(
        where,
        known.has(device) ? "'lo' cannot be that" : `${shown(device)} is no device of '${name}'`,
        `it has: ${has.join(', ')}`,
      )
  }
  const needIpv6 = (where: string, text: string) => {
    if (!node.ipv6)
      complain(where, `${shown(text)} is IPv6, which is off in '${name}'`, `set ${field}.ipv6 to true`)
  }

  // The address of lo is nothing but zeros until it is set, and may be set to that.
  if (node.loopbackMac !== undefined && node.loopbackMac !== NO_MAC)
    refuseMac('loopbackMac', node.loopbackMac)
  const bridges = Object.entries(node.bridges ?? {})
  const ports = new Set<string>()
  for (const [bridge, { ports: list, mac }] of bridges) {
    if (mac !== undefined) refuseMac(`bridges.${bridge}.mac`, mac)
    for (const port of list) {
      const where = `bridges.${bridge}.ports`
      needDevice(where, port, false)
      // br_add_if() in net/bridge/br_if.c: -ELOOP.
      if (bridges.some(([other]) => other === port))
        complain(where, `${shown(port)} is a bridge`, 'a bridge is no port of another: join them by a link')
      if (ports.has(port)) complain(where, `${shown(port)} is a port twice`, 'a device has one bridge')
      ports.add(port)
    }
  }

  const seen = new Map<string, string>()
  for (const [device, addresses] of Object.entries(node.addresses ?? {})) {
    const where = `addresses.${device}`
    needDevice(where, device, true)
    for (const text of addresses) {
      const prefix = parseInterfaceAddress(text)
      if (!prefix) {
        complain(
          where,
          `${shown(text)} is no address with a prefix length`,
          `write 172.16.0.148/24, with or without ${ADDRESS_FLAGS.join(', ')} behind it`,
        )
        continue
      }
      if (prefix.address.kind() === 'ipv6') {
        needIpv6(where, text)
        // ipv6_add_addr() in net/ipv6/addrconf.c; IPv4 takes all of these.
        const range = prefix.address.range()
        if (range === 'unspecified' || range === 'multicast' || (range === 'loopback' && device !== 'lo'))
          complain(
            where,
            `the kernel refuses the ${range} address ${text}`,
            'give the device a unicast address',
          )
      }
      const address = prefix.address.toString()
      const other = seen.get(address)
      if (other !== undefined)
        complain(where, `${address} is on '${other}' already`, 'give each device its own address')
      seen.set(address, device)
    }
  }
  for (const [a, b] of overlapping(node.addresses ?? {}))
    complain('addresses', `${a} and ${b} overlap on different devices`, 'use different subnets, or a /32')

  for (const [index, route] of (node.routes ?? []).entries()) {
    refuse('routes', lineProblem(route) ?? routeProblem(route, known))
    if (node.routes?.indexOf(route) !== index)
      complain('routes', `${shown(route)} is there twice`, 'leave one out')
    if (route.includes(':')) needIpv6('routes', route)
  }
  const objects = new Set<number>()
  for (const text of node.nextHops ?? []) {
    const read = parseNextHopObject(text, known)
    if ('problem' in read) {
      refuse('nextHops', read)
      continue
    }
    const missing = read.group?.find(id => !objects.has(id))
    if (missing !== undefined)
      complain('nextHops', `${shown(text)} is of ${missing}, which is no next hop before it`, 'add it above')
    if (objects.has(read.id))
      complain('nextHops', `id ${read.id} is there twice`, 'give each an id of its own')
    objects.add(read.id)
    if (read.via?.includes(':')) needIpv6('nextHops', text)
  }
  for (const [index, text] of (node.rules ?? []).entries()) {
    const rule = parsePolicyRule(text)
    if (typeof rule === 'string') {
      complain('rules', `policy rule ${shown(text)} ${rule}`, 'write it as from 10.0.1.20 lookup 2')
      continue
    }
    if (node.rules?.indexOf(text) !== index)
      complain('rules', `${shown(text)} is there twice`, 'leave one out')
    for (const device of [rule.iif, rule.oif]) if (device !== undefined) needDevice('rules', device, true)
    if (rule.family === 'inet6') needIpv6('rules', text)
  }
  for (const line of node.nft ?? []) refuse('nft', nftProblem(line))
  for (const line of node.linkOptions ?? []) refuse('linkOptions', linkOptionsProblem(line, known))
  for (const line of node.tc ?? []) refuse('tc', tcProblem(line))
  for (const set of LOADED_SETS)
    for (const [table, rules] of Object.entries(node[set] ?? {})) {
      const where = `${set}.${table}`
      refuse(where, tableProblem(table))
      for (const rule of rules) refuse(where, ruleProblem(rule))
      if (set === 'ip6tables') needIpv6(where, table)
    }
  for (const [key, value] of Object.entries(node.sysctls ?? {})) refuse('sysctls', sysctlProblem(key, value))

  const served = new Set<number>()
  for (const { port, address } of node.services ?? []) {
    refusePort('services', port)
    if (served.has(port))
      complain(
        'services',
        `port ${port} is served twice`,
        'give each service a port of its own, UDP beside TCP, too',
      )
    served.add(port)
    if (address !== undefined && parseAddress(address)?.kind() !== 'ipv4')
      complain('services', `${shown(address)} is no IPv4 address`, 'leave it out to listen on all of them')
  }
  const hold = node.packetHold
  if (hold) {
    needDevice('packetHold.device', hold.device, true)
    refusePort('packetHold.port', hold.port)
    if (!Number.isInteger(hold.queue) || hold.queue < 0 || hold.queue > 65535)
      complain('packetHold.queue', `queue ${hold.queue} is out of range`, 'use 0 to 65535')
  }
  const advertises = node.routerAdvertisements
  if (advertises) {
    needDevice('routerAdvertisements.device', advertises.device, false)
    const prefix = advertises.prefix.includes('/') ? parsePrefix(advertises.prefix) : undefined
    if (prefix?.address.kind() !== 'ipv6')
      complain(
        'routerAdvertisements.prefix',
        `${shown(advertises.prefix)} is no prefix`,
        'write 2001:db8:1::/64',
      )
    needIpv6('routerAdvertisements', advertises.prefix)
  }
  return problems

  function refuseMac(where: string, mac: string) {
    if (!isUnicastMac(mac))
      complain(where, `${shown(mac)} is no unicast MAC address`, 'write it as fa:16:3e:00:00:01')
  }
  function refusePort(where: string, port: number) {
    if (!Number.isInteger(port) || port < 1 || port > 65535)
      complain(where, `port ${port} is out of range`, 'use 1 to 65535')
  }
}

/** Links that join bridges which are joined already, by their index. */
function closingLinks({ nodes, links }: Topology): number[] {
  const group = new Map<string, Set<string>>()
  return links.flatMap((link, index) => {
    const [a, b] = link.map(({ node, device }) => {
      const bridges = Object.entries(nodes[node]?.bridges ?? {})
      const bridge = bridges.find(([, { ports }]) => ports.includes(device))?.[0]
      return bridge === undefined ? undefined : `${node}:${bridge}`
    })
    if (a === undefined || b === undefined) return []
    const [left, right] = [group.get(a) ?? new Set([a]), group.get(b) ?? new Set([b])]
    if (left === right || a === b) return [index]
    const joined = new Set([...left, ...right])
    for (const bridge of joined) group.set(bridge, joined)
    return []
  })
}

function deviceNameProblem(name: string): string | undefined {
  if (Buffer.byteLength(name) > MAX_DEVICE_NAME) return `is longer than ${MAX_DEVICE_NAME} bytes`
  if (name === '' || name === '.' || name === '..' || /[/:\s\0]/.test(name)) return 'is refused by the kernel'
  if (!/^[A-Za-z0-9]/.test(name)) return 'would be read as an option'
  // `x+` means more to iptables, `x#` and `x"` to ip -batch, than the letters that they are.
  if (!/^[\w.-]+$/.test(name)) return 'has a character that ip, tc or iptables read otherwise'
  const word = IP_WORDS.find(candidate => candidate.startsWith(name))
  return word === undefined ? undefined : `would be read as '${word}' by ip(8)`
}

const NO_MAC = '00:00:00:00:00:00'

/** is_valid_ether_addr() in include/linux/etherdevice.h. */
function isUnicastMac(text: string): boolean {
  const written = /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(text)
  return written && text !== NO_MAC && (Number.parseInt(text.slice(0, 2), 16) & 1) === 0
}

/** An address with its prefix length, and the flags that may follow it, each once. */
function parseInterfaceAddress(text: string): Prefix | undefined {
  const [cidr = '', ...flags] = text.split(' ')
  const known = flags.every((flag, at) => ADDRESS_FLAGS.includes(flag) && flags.indexOf(flag) === at)
  return cidr.includes('/') && known ? parsePrefix(cidr) : undefined
}

const ADDRESS_FLAGS: readonly string[] = ['nodad', 'noprefixroute']

/** Pairs of subnets on different devices of one node that overlap; host prefixes and IPv6 link-local do not count. */
function overlapping(addresses: Readonly<Record<string, readonly string[]>>): [string, string][] {
  const all = Object.entries(addresses).flatMap(([device, list]) =>
    list.flatMap(text => {
      const prefix = parseInterfaceAddress(text)
      const host = prefix?.length === (prefix?.address.kind() === 'ipv4' ? 32 : 128)
      const linkLocal = prefix?.address.range() === 'linkLocal' && prefix.address.kind() === 'ipv6'
      return prefix && !host && !linkLocal ? [{ device, text, ...prefix }] : []
    }),
  )
  return all.flatMap((a, index) =>
    all.slice(index + 1).flatMap((b): [string, string][] => {
      if (a.device === b.device || a.address.kind() !== b.address.kind()) return []
      const overlap = a.address.match(b.address, Math.min(a.length, b.length))
      return overlap ? [[a.text, b.text]] : []
    }),
  )
}
