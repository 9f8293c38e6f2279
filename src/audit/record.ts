/** A machine's namespaces as a topology: what a bug report needs, as a scenario to be completed. */
import type { NodeDefinition, TopologyDefinition } from '../model/topology.js'
import { DEVICE_SYSCTLS, type Facts } from './facts.js'
import { recordTables } from './record-nft.js'
import { linkOptionsOf, trafficControlOf } from './record-options.js'
import type { Rule } from './rules.js'
import { tablesOf } from './tables.js'

/** What was recorded. */
export interface Recorded {
  readonly topology: TopologyDefinition
  /** What a topology has no words for, or was changed on the way. */
  readonly left: readonly string[]
}

/** Sysctls that are recorded where they differ from what a new namespace has. */
const USUAL: Readonly<Record<string, string>> = {
  'net.ipv4.ip_forward': '0',
  'net.ipv4.ip_local_port_range': '32768 60999',
  'net.ipv4.ip_no_pmtu_disc': '0',
  'net.ipv4.tcp_mtu_probing': '0',
  'net.ipv4.tcp_timestamps': '1',
  'net.ipv4.fib_multipath_hash_policy': '0',
  'net.bridge.bridge-nf-call-iptables': '1',
  'net.bridge.bridge-nf-call-ip6tables': '1',
  'net.netfilter.nf_conntrack_tcp_be_liberal': '0',
  'net.netfilter.nf_conntrack_tcp_loose': '1',
  'net.netfilter.nf_conntrack_tcp_timeout_established': '432000',
}
/** Those of IPv6 of the namespace, where it has addresses. */
const OF_IPV6: Readonly<Record<string, string>> = { 'net.ipv6.conf.all.forwarding': '0' }
/** Those of IPv6 of a device that decide about its addresses, all 1 by themselves (ipv6_devconf, net/ipv6/addrconf.c). */
const OF_IPV6_DEVICES = ['accept_dad', 'enhanced_dad', 'accept_ra', 'accept_ra_pinfo', 'autoconf']
const USUAL_MTU = '1500'
/** The kernel's own rules. */
const OWN_RULES = ['lookup local', 'lookup main', 'lookup default']

/** A device of a namespace. */
interface Device {
  readonly facts: Facts
  readonly node: string
  readonly name: string
  readonly option: (what: string) => string | undefined
}

/**
 * Records namespaces that were read. Devices that lead out of them lead to nodes of their own. `listings` have what nft lists of a namespace, by
 * its name: without one, that there are rules is all that is said of them.
 */
export function record(hosts: readonly Facts[], listings: ReadonlyMap<string, string> = new Map()): Recorded {
  const left: string[] = []
  const nodes: Record<string, NodeDefinition> = {}
  const names = new Map<Facts, string>()
  for (const facts of hosts) {
    const name = unique(nodeName(facts.netns), [...names.values()])
    names.set(facts, name)
  }
  const devices = hosts.flatMap(facts => devicesOf(facts, names.get(facts) ?? ''))
  for (const facts of hosts) {
    const node = names.get(facts) ?? ''
    const own = devices.filter(device => device.facts === facts)
    nodes[node] = nodeOf(facts, own, listings.get(facts.netns), what => left.push(`${node}: ${what}`))
  }
  const links: TopologyDefinition['links'][number][] = []
  const done = new Set<Device>()
  for (const device of devices) {
    if (done.has(device) || device.name === 'lo' || device.option('kind') === 'bridge') continue
    const peer = peerOf(device, devices)
    done.add(device)
    if (peer && peer.node !== device.node) {
      done.add(peer)
      links.push([endOf(device), endOf(peer)])
      continue
    }
    const kind = device.option('kind') ?? 'other'
    if (peer)
      left.push(
        `${device.node}: ${device.name} and ${peer.name} are a veth pair of one namespace: each leads out`,
      )
    else if (kind !== 'veth') left.push(`${device.node}: ${device.name} is no veth (${kind})`)
    const outside = unique(`behind-${device.name}`, Object.keys(nodes))
    nodes[outside] = { is: `what ${device.name} of ${device.node} leads to` }
    links.push([endOf(device), `${outside}:eth0`])
  }
  return { topology: { nodes, links }, left }
}

/** A name that can be a node's. */
function nodeName(netns: string): string {
  const [, pid, command] = /^process (\d+) \((.*)\)$/.exec(netns) ?? []
  const text = netns === 'this' ? 'host' : pid === undefined ? netns : `${command}-${pid}`
  return text.replace(/[^A-Za-z0-9-]+/g, '-').replace(/^-+|-+$/g, '') || 'node'
}

function unique(name: string, taken: readonly string[]): string {
  let one = name.replace(/[^A-Za-z0-9-]+/g, '-')
  for (let number = 2; taken.includes(one); number++) one = `${name}-${number}`
  return one
}

function devicesOf(facts: Facts, node: string): Device[] {
  const names = new Set(facts.beginningWith('link').map(([name]) => name.split(' ')[1] ?? ''))
  return [...names].map(name => ({ facts, node, name, option: what => facts.get(`link ${name} ${what}`) }))
}

/** The other end of a veth pair, where no third device says that it is it. */
function peerOf(device: Device, all: readonly Device[]): Device | undefined {
  const [index, other] = [device.option('index'), device.option('other-end')]
  if (other === undefined) return undefined
  const [peer, ...more] = all.filter(
    one => one !== device && one.option('index') === other && one.option('other-end') === index,
  )
  return more.length === 0 ? peer : undefined
}

function endOf({ node, name, option }: Device): TopologyDefinition['links'][number][0] {
  const mtu = option('mtu') ?? USUAL_MTU
  const [mac, up] = [option('address'), option('up')]
  return {
    end: `${node}:${name}`,
    ...(mac === undefined || mac.length !== 17 ? {} : { mac }),
    ...(mtu === USUAL_MTU || Number(mtu) > 65_535 ? {} : { mtu: Number(mtu) }),
    ...(up === 'off' ? { down: true } : {}),
  }
}

function nodeOf(
  facts: Facts,
  devices: readonly Device[],
  listing: string | undefined,
  leave: (what: string) => void,
): NodeDefinition {
  const addresses = addressesOf(facts, leave)
  const written = (rule: Rule) => rule.text
  const [iptables, ip6tables] = [tablesOf(facts, 'iptables', written), tablesOf(facts, 'ip6tables', written)]
  const ipv6 =
    Object.keys(ip6tables).length > 0 ||
    Object.values(addresses).some(list => list.some(address => address.includes(':')))
  const bridges = Object.fromEntries(
    devices.flatMap(({ name, option }) => {
      if (option('kind') !== 'bridge') return []
      const ports = devices.filter(port => port.option('master') === name).map(port => port.name)
      const mac = option('address-of') === 'its own' ? option('address') : undefined
      return [[name, { ports, ...(mac === undefined ? {} : { mac }) }]]
    }),
  )
  for (const { name, option } of devices)
    if (option('kind') === 'bridge' && (option('mtu') ?? USUAL_MTU) !== USUAL_MTU)
      leave(`${name}: mtu ${option('mtu')} of a bridge`)
  const linkOptions = linkOptionsOf(devices, leave)
  const tc = trafficControlOf(facts, leave)
  const tables = new Set<string>()
  const mixed = new Set<string>()
  for (const { set, table, rules } of facts.sets.values()) {
    if (set !== 'nft') continue
    tables.add(table)
    // A rule that iptables-nft has put there is listed in words that nft cannot load.
    if (rules.some(({ others }) => others.includes('xt'))) mixed.add(table)
  }
  const nft =
    listing === undefined ? undefined : recordTables(listing, table => tables.has(table) && !mixed.has(table))
  if (nft) for (const table of mixed) leave(`table ${table} of nftables, which has rules of iptables in it`)
  for (const what of nft?.left ?? []) leave(what)
  for (const set of new Set([...facts.sets.values()].map(chain => chain.set)))
    if (set !== 'iptables' && set !== 'ip6tables' && !(set === 'nft' && nft)) leave(`rules of ${set}`)
  for (const { what, why } of facts.unread.values()) leave(`not read: ${what}: ${why}`)
  const some = <T extends object>(field: string, value: T) =>
    Object.keys(value).length > 0 ? { [field]: value } : {}
  return {
    is: `the namespace ${facts.netns}`,
    ...(ipv6 ? { ipv6 } : {}),
    ...some('bridges', bridges),
    ...some('addresses', addresses),
    ...some('nextHops', nextHopsOf(facts)),
    ...some('routes', routesOf(facts, ipv6, leave)),
    ...some('rules', rulesOf(facts, ipv6)),
    ...some('sysctls', sysctlsOf(facts, devices, ipv6)),
    ...some('iptables', iptables),
    ...some('ip6tables', ip6tables),
    ...some('nft', nft?.lines ?? []),
    ...some('linkOptions', linkOptions),
    ...some('tc', tc),
  }
}

function addressesOf(facts: Facts, leave: (what: string) => void): Record<string, string[]> {
  const found: Record<string, string[]> = {}
  for (const [name, value] of facts.beginningWith('address')) {
    const [, address = '', device = ''] = /^address (\S+) dev (\S+)$/.exec(name) ?? []
    const words = value.split(' ')
    if (words.includes('link') || (device === 'lo' && /^(127\.0\.0\.1\/8|::1\/128)$/.test(address))) continue
    if (words.includes('dynamic'))
      leave(`${device}: ${address} is static here, and was given by DHCP or a router`)
    const flags = words.filter(word => word === 'nodad' || word === 'noprefixroute')
    const list = found[device] ?? []
    found[device] = list
    list.push([address, ...flags].join(' '))
  }
  // The first one of IPv4 is the device's primary; those of IPv6 have no order.
  for (const list of Object.values(found))
    list.sort((a, b) => (a.includes(':') && b.includes(':') ? (a < b ? -1 : 1) : 0))
  return found
}

/** Who makes a route that nobody configured. */
const MADE = ['proto kernel', 'proto ra', 'proto redirect']

function routesOf(facts: Facts, ipv6: boolean, leave: (what: string) => void): string[] {
  const routes = facts.beginningWith('route').flatMap(([name, value]) => {
    const [, to = '', family, table = 'main', metric] =
      /^route (\S+)( inet6)? table (\S+?)(?: metric (\d+))?$/.exec(name) ?? []
    return value.split('; ').flatMap(text => {
      if (MADE.some(word => text.includes(word))) {
        if (text.includes('proto ra')) leave(`route ${to}: a router has advertised it`)
        return []
      }
      if (family !== undefined && !ipv6) return []
      const words = text
        .replace(/ ?proto \S+/, '')
        .replace(/ ?\bexpires\b/, '')
        .replace(/rto_min(?: lock)? (\d+)/, 'rto_min $1ms')
      const [, way = '', type = 'unicast'] = /^(.*?) ?(\S+)$/.exec(words) ?? []
      return [
        [
          ...(type === 'unicast' ? [] : [type]),
          to,
          way,
          ...(table === 'main' ? [] : [`table ${table}`]),
          ...(metric === undefined ? [] : [`metric ${metric}`]),
        ]
          .filter(Boolean)
          .join(' '),
      ]
    })
  })
  return inOrder(routes)
}

/** Routes in an order in which they can be made: a next hop has to be reachable first. */
export function inOrder(routes: readonly string[]): string[] {
  const sorted = routes.toSorted()
  const byOther = (route: string) => / via | nhid /.test(route)
  return [...sorted.filter(route => !byOther(route)), ...sorted.filter(byOther)]
}

function rulesOf(facts: Facts, ipv6: boolean): string[] {
  return facts.beginningWith('ip').flatMap(([name, value]) => {
    const [, family, priority] = /^ip rule (inet6?) (\d+)$/.exec(name) ?? []
    if (priority === undefined || (family === 'inet6' && !ipv6)) return []
    return value
      .split('; ')
      .flatMap(text =>
        OWN_RULES.includes(text) && ['0', '32766', '32767'].includes(priority)
          ? []
          : [`${family === 'inet6' ? '-6 ' : ''}${text} priority ${priority}`],
      )
  })
}

/** Bytes of struct nexthop_grp (linux/nexthop.h), of which the first four are the id. */
const GROUP_BYTES = 8

function nextHopsOf(facts: Facts): string[] {
  return facts.beginningWith('nexthop').map(([name, value]) => {
    const id = name.split(' ')[1]
    const [, hex] = /^group ([0-9a-f]+)$/.exec(value) ?? []
    if (hex === undefined) return `id ${id} ${value}`
    const bytes = Buffer.from(hex, 'hex')
    const ids = Array.from({ length: bytes.length / GROUP_BYTES }, (_, at) =>
      bytes.readUInt32LE(at * GROUP_BYTES),
    )
    return `id ${id} group ${ids.join('/')}`
  })
}

function sysctlsOf(facts: Facts, devices: readonly Device[], ipv6: boolean): Record<string, string> {
  const found: Record<string, string> = {}
  const get = (key: string) => facts.get(`sysctl ${key}`)
  for (const [key, usual] of Object.entries({ ...USUAL, ...(ipv6 ? OF_IPV6 : {}) })) {
    const value = get(key)
    if (value !== undefined && value !== usual) found[key] = value
  }
  for (const key of DEVICE_SYSCTLS) {
    const base = get(`net.ipv4.conf.default.${key}`) ?? '0'
    for (const [place, usual] of [
      ['all', '0'],
      ['default', '0'],
      ...devices.map(({ name }) => [name, name === 'lo' ? '0' : base] as const),
    ] as const) {
      const value = get(`net/ipv4/conf/${place}/${key}`)
      // A device with a dot in its name takes slashes.
      const name = place.includes('.') ? `net/ipv4/conf/${place}/${key}` : `net.ipv4.conf.${place}.${key}`
      if (value !== undefined && value !== usual) found[name] = value
    }
  }
  for (const key of ipv6 ? OF_IPV6_DEVICES : [])
    for (const { name } of devices) {
      const value = get(`net/ipv6/conf/${name}/${key}`)
      const place = name.includes('.') ? `net/ipv6/conf/${name}/${key}` : `net.ipv6.conf.${name}.${key}`
      if (name !== 'lo' && value !== undefined && value !== '1') found[place] = value
    }
  return found
}
