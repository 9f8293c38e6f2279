/** Routes, next hop objects and policy rules that somebody configured, as rtnetlink says them. */
import { type PolicyRule, policyRuleWords } from '../model/policy-rule.js'
import { AF_INET6, addressText } from '../world/libc.js'
import {
  attributes,
  NetlinkError,
  type NetlinkSocket,
  NLM_F,
  RTA,
  RTM,
  RTNH_F_ONLINK,
} from '../world/rtnetlink.js'

const RTPROT = { kernel: 2, ra: 9, redirect: 1 }
const PROTOCOLS: Readonly<Record<number, string>> = {
  1: 'redirect',
  2: 'kernel',
  3: 'boot',
  4: 'static',
  9: 'ra',
  16: 'dhcp',
}
const LOCAL_TABLE = 255
/** struct rta_cacheinfo (linux/rtnetlink.h): rta_clntref and rta_lastuse before it. */
const RTA_EXPIRES_AT = 8
const RTM_F_CLONED = 0x200
const TABLES: Readonly<Record<number, string>> = { 253: 'default', 254: 'main', 255: 'local' }
const TYPES: readonly string[] = [
  'unspec',
  'unicast',
  'local',
  'broadcast',
  'anycast',
  'multicast',
  'blackhole',
  'unreachable',
  'prohibit',
  'throw',
]

/**
 * Routes that somebody made: not the kernel's own, nor those that a router advertised. With `every` those as well, but for the table
 * `local`, with who made them and whether they end.
 */
export function readRoutes(
  socket: NetlinkSocket,
  nameOf: (index: number) => string,
  into: Map<string, string>,
  every = false,
): void {
  for (const message of socket.ask({ type: RTM.getRoute, flags: NLM_F.dump, body: Buffer.alloc(12) })) {
    const protocol = message[5] ?? 0
    const cloned = (message.readUInt32LE(8) & RTM_F_CLONED) !== 0
    const isOwn = protocol === RTPROT.kernel || protocol === RTPROT.ra || protocol === RTPROT.redirect
    if (cloned || (isOwn && !every)) continue
    const found = attributes(message.subarray(12))
    const length = message[1] ?? 0
    const destination = found.get(RTA.destination)
    const to = destination ? `${addressText(destination)}/${length}` : 'default'
    const table = found.get(RTA.table)?.readUInt32LE() ?? message[4] ?? 0
    if (every && table === LOCAL_TABLE) continue
    const device = found.get(RTA.device)?.readUInt32LE()
    const gateway = found.get(RTA.gateway)
    const priority = found.get(RTA.priority)?.readUInt32LE()
    const source = found.get(RTA.source)
    const nextHopId = found.get(RTA.nextHopId)?.readUInt32LE()
    const rest = [
      ...(gateway ? [`via ${addressText(gateway)}`] : []),
      ...(device === undefined ? [] : [`dev ${nameOf(device)}`]),
      ...(source ? [`src ${addressText(source)}`] : []),
      ...((message.readUInt32LE(8) & RTNH_F_ONLINK) === 0 ? [] : ['onlink']),
      ...(nextHopId === undefined ? [] : [`nhid ${nextHopId}`]),
      ...(nextHopId === undefined ? waysOf(found.get(RTA.multipath), nameOf) : []),
      ...metricsOf(found.get(RTA.metrics)),
      TYPES[message[7] ?? 0] ?? String(message[7]),
      ...(every ? [`proto ${PROTOCOLS[protocol] ?? protocol}`] : []),
      ...(every && (found.get(RTA.cacheInfo)?.readInt32LE(RTA_EXPIRES_AT) ?? 0) > 0 ? ['expires'] : []),
    ]
    const family = message[0] === AF_INET6 ? ' inet6' : ''
    const name = `route ${to}${family} table ${TABLES[table] ?? table}${priority === undefined ? '' : ` metric ${priority}`}`
    into.set(name, [into.get(name), rest.join(' ')].filter(Boolean).join('; '))
  }
}

/** RTAX_* (linux/rtnetlink.h) in the words of ip-route(8), by their numbers; the rest is said in hexadecimal. */
const METRICS: Readonly<Record<number, string>> = {
  2: 'mtu',
  3: 'window',
  7: 'cwnd',
  8: 'advmss',
  10: 'hoplimit',
  11: 'initcwnd',
  13: 'rto_min',
  14: 'initrwnd',
  15: 'quickack',
}

/** The metrics of a route: `mtu 1400 rto_min lock 20`. */
function metricsOf(nested: Buffer | undefined): string[] {
  const RTAX_LOCK = 1
  const found = attributes(nested)
  const locked = found.get(RTAX_LOCK)?.readUInt32LE() ?? 0
  return [...found].flatMap(([type, value]) => {
    if (type === RTAX_LOCK) return []
    const name = METRICS[type]
    if (name === undefined || value.length !== 4) return [`metric ${type}=${value.toString('hex')}`]
    return [`${name}${((locked >> type) & 1) === 1 ? ' lock' : ''} ${value.readUInt32LE()}`]
  })
}

/** The ways of a route that has several (struct rtnexthop). */
function waysOf(ways: Buffer | undefined, nameOf: (index: number) => string): string[] {
  const found: string[] = []
  for (let at = 0; ways && at + 8 <= ways.length; ) {
    const length = ways.readUInt16LE(at)
    if (length < 8) break
    const gateway = attributes(ways.subarray(at + 8, at + length)).get(RTA.gateway)
    const via = gateway ? ` via ${addressText(gateway)}` : ''
    found.push(`nexthop${via} dev ${nameOf(ways.readInt32LE(at + 4))} weight ${(ways[at + 3] ?? 0) + 1}`)
    at += (length + 3) & ~3
  }
  return found
}

const NHA = { id: 1, group: 2, device: 5, gateway: 6 }

/** Next hop objects, by id. None on kernels before 5.3, which have none. */
export function readNextHops(
  socket: NetlinkSocket,
  nameOf: (index: number) => string,
  into: Map<string, string>,
): void {
  for (const message of askIfKnown(socket)) {
    const found = attributes(message.subarray(8))
    const device = found.get(NHA.device)?.readUInt32LE()
    const gateway = found.get(NHA.gateway)
    const group = found.get(NHA.group)
    const text = [
      ...(gateway ? [`via ${addressText(gateway)}`] : []),
      ...(device === undefined ? [] : [`dev ${nameOf(device)}`]),
      ...(group ? [`group ${group.toString('hex')}`] : []),
    ]
    into.set(`nexthop ${found.get(NHA.id)?.readUInt32LE()}`, text.join(' '))
  }
}

function askIfKnown(socket: NetlinkSocket): Buffer[] {
  try {
    return socket.ask({ type: RTM.getNextHop, flags: NLM_F.dump, body: Buffer.alloc(8) })
  } catch (error) {
    if (error instanceof NetlinkError) return []
    throw error
  }
}

/** FRA_* (linux/fib_rules.h). */
const FRA = {
  destination: 1,
  source: 2,
  iif: 3,
  priority: 6,
  fwmark: 10,
  suppressInterfaceGroup: 13,
  suppressPrefixlength: 14,
  table: 15,
  fwmask: 16,
  oif: 17,
  padding: 18,
  protocol: 21,
}
const TOLD: ReadonlySet<number> = new Set(Object.values(FRA))
const FR_ACT_TO_TBL = 1
const FIB_RULE_INVERT = 2
const NONE = 0xffffffff

/** Policy rules in the words of ip-rule(8), by family and preference: `ip rule inet 1024` is `fwmark 0x80/0x80 lookup main`. */
export function readPolicyRules(socket: NetlinkSocket, into: Map<string, string>): void {
  for (const message of socket.ask({ type: RTM.getRule, flags: NLM_F.dump, body: Buffer.alloc(12) })) {
    const found = attributes(message.subarray(12))
    const number = (type: number) => found.get(type)?.readUInt32LE()
    const family = { 2: 'inet', 10: 'inet6' }[message[0] ?? 0] ?? `family ${message[0]}`
    const prefix = (type: number, length = 0) => {
      const address = found.get(type)
      return address && `${addressText(address)}${length === address.length * 8 ? '' : `/${length}`}`
    }
    const name = (type: number) => found.get(type)?.toString('latin1').replace(/\0.*$/s, '')
    const table = number(FRA.table) ?? message[4] ?? 0
    const suppressed = number(FRA.suppressPrefixlength) ?? NONE
    const rule: { -readonly [K in keyof PolicyRule]: PolicyRule[K] | undefined } = {
      family: family === 'inet6' ? 'inet6' : 'inet',
      not: (message.readUInt32LE(8) & FIB_RULE_INVERT) === 0 ? undefined : true,
      from: prefix(FRA.source, message[2]),
      to: prefix(FRA.destination, message[1]),
      fwmark: number(FRA.fwmark),
      fwmask: number(FRA.fwmask),
      iif: name(FRA.iif),
      oif: name(FRA.oif),
      tos: message[3],
      table: TABLES[table] ?? String(table),
      suppressPrefixlength: suppressed === NONE ? undefined : suppressed,
    }
    const others = [...found].flatMap(([type, value]) =>
      TOLD.has(type) ? [] : [`attribute ${type} ${value.toString('hex')}`],
    )
    const action = message[7] === FR_ACT_TO_TBL ? [] : [`action ${message[7]}`]
    const text = [...policyRuleWords(rule as PolicyRule), ...action, ...others].join(' ')
    const what = `ip rule ${family} ${number(FRA.priority) ?? 0}`
    into.set(what, [into.get(what), text].filter(Boolean).join('; '))
  }
}
