/** Addresses, routes, rules and neighbours that somebody configured, as rtnetlink says them. */
import { ipv6Text } from '../world/libc.js'
import { attributes, type NetlinkSocket, NLM_F, RTM } from '../world/rtnetlink.js'

const IFA = { address: 1, local: 2, flags: 8 }
const IFA_F_PERMANENT = 0x80
const IFA_F_NODAD = 0x02
const IFA_F_NOPREFIXROUTE = 0x200
const SCOPE_LINK = 253
const AF_INET6 = 10

/** Addresses that stay: not those that a router advertised, nor the link-local ones, which come and go with the device. */
export function readAddresses(
  socket: NetlinkSocket,
  nameOf: (index: number) => string,
  into: Map<string, string>,
): void {
  for (const message of socket.ask({ type: RTM.getAddress, flags: NLM_F.dump, body: Buffer.alloc(8) })) {
    const found = attributes(message.subarray(8))
    const flags = found.get(IFA.flags)?.readUInt32LE() ?? message[2] ?? 0
    const own = found.get(IFA.local) ?? found.get(IFA.address)
    const isLinkLocal = message[0] === AF_INET6 && message[3] === SCOPE_LINK
    if (!own || (flags & IFA_F_PERMANENT) === 0 || isLinkLocal) continue
    const words = [
      ...((flags & IFA_F_NODAD) === 0 ? [] : ['nodad']),
      ...((flags & IFA_F_NOPREFIXROUTE) === 0 ? [] : ['noprefixroute']),
    ]
    const name = nameOf(message.readUInt32LE(4))
    into.set(`address ${textOf(own)}/${message[1]} dev ${name}`, words.join(' ') || 'there')
  }
}

const RTA = {
  destination: 1,
  device: 4,
  gateway: 5,
  priority: 6,
  source: 7,
  metrics: 8,
  multipath: 9,
  table: 15,
}
const RTPROT = { kernel: 2, ra: 9, redirect: 1 }
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

/** Routes that somebody made: not the kernel's own, nor those that a router advertised. */
export function readRoutes(
  socket: NetlinkSocket,
  nameOf: (index: number) => string,
  into: Map<string, string>,
): void {
  for (const message of socket.ask({ type: RTM.getRoute, flags: NLM_F.dump, body: Buffer.alloc(12) })) {
    const protocol = message[5] ?? 0
    const cloned = (message.readUInt32LE(8) & RTM_F_CLONED) !== 0
    if (cloned || protocol === RTPROT.kernel || protocol === RTPROT.ra || protocol === RTPROT.redirect)
      continue
    const found = attributes(message.subarray(12))
    const length = message[1] ?? 0
    const destination = found.get(RTA.destination)
    const to = destination ? `${textOf(destination)}/${length}` : 'default'
    const table = found.get(RTA.table)?.readUInt32LE() ?? message[4] ?? 0
    const device = found.get(RTA.device)?.readUInt32LE()
    const gateway = found.get(RTA.gateway)
    const priority = found.get(RTA.priority)?.readUInt32LE()
    const source = found.get(RTA.source)
    const rest = [
      ...(gateway ? [`via ${textOf(gateway)}`] : []),
      ...(device === undefined ? [] : [`dev ${nameOf(device)}`]),
      ...(source ? [`src ${textOf(source)}`] : []),
      ...[RTA.metrics, RTA.multipath].flatMap(type => found.get(type)?.toString('hex') ?? []),
      TYPES[message[7] ?? 0] ?? String(message[7]),
    ]
    const family = message[0] === AF_INET6 ? ' inet6' : ''
    const name = `route ${to}${family} table ${TABLES[table] ?? table}${priority === undefined ? '' : ` metric ${priority}`}`
    into.set(name, [into.get(name), rest.join(' ')].filter(Boolean).join('; '))
  }
}

/** Policy rules, by family and preference. */
export function readPolicyRules(socket: NetlinkSocket, into: Map<string, string>): void {
  const FRA_PRIORITY = 6
  for (const message of socket.ask({ type: RTM.getRule, flags: NLM_F.dump, body: Buffer.alloc(12) })) {
    const found = attributes(message.subarray(12))
    const preference = found.get(FRA_PRIORITY)?.readUInt32LE() ?? 0
    const family = { 2: 'inet', 10: 'inet6' }[message[0] ?? 0] ?? `family ${message[0]}`
    const rest = [...found].flatMap(([type, value]) =>
      type === FRA_PRIORITY ? [] : [`${type}=${value.toString('hex')}`],
    )
    const name = `ip rule ${family} ${preference}`
    const text = `${message.subarray(1, 12).toString('hex')} ${rest.join(' ')}`
    into.set(name, [into.get(name), text].filter(Boolean).join('; '))
  }
}

const NDA = { destination: 1, linkAddress: 2 }
const NUD_PERMANENT = 0x80
const NUD_NOARP = 0x40

/** Neighbours that somebody made; those that were learnt come and go. */
export function readNeighbours(
  socket: NetlinkSocket,
  nameOf: (index: number) => string,
  into: Map<string, string>,
): void {
  for (const message of socket.ask({ type: RTM.getNeighbour, flags: NLM_F.dump, body: Buffer.alloc(12) })) {
    const state = message.readUInt16LE(8)
    if ((state & NUD_PERMANENT) === 0 || (state & NUD_NOARP) !== 0) continue
    const found = attributes(message.subarray(12))
    const to = found.get(NDA.destination)
    if (!to || (to.length !== 4 && to.length !== 16)) continue
    const name = nameOf(message.readInt32LE(4))
    into.set(`neighbour ${textOf(to)} dev ${name}`, found.get(NDA.linkAddress)?.toString('hex') ?? 'there')
  }
}

function textOf(bytes: Buffer): string {
  return bytes.length === 4 ? bytes.join('.') : bytes.length === 16 ? ipv6Text(bytes) : bytes.toString('hex')
}
