/** Reading one network namespace of a machine: by netlink, /proc and the programs that list rules; nothing is changed, loaded or sent. */

import { withSlashes } from '../base/sysctl-key.js'
import { lastLines } from '../base/text.js'
import { missingTool } from '../base/tools.js'
import type { Unread } from '../model/audit.js'
import { readAddresses } from '../state/addresses.js'
import { readFeatures } from '../state/features.js'
import { readLinks } from '../state/links.js'
import { readNextHops, readPolicyRules, readRoutes } from '../state/routes.js'
import { readTrafficControl } from '../state/traffic-control.js'
import { runCommand } from '../world/command.js'
import { addressText } from '../world/libc.js'
import type { Netns } from '../world/netns.js'
import { attributes, type NetlinkSocket, NLM_F, RTM } from '../world/rtnetlink.js'
import { type FactSource, Facts } from './facts.js'
import { moduleIsThere, modulesThere } from './modules.js'
import { LISTS, parseNft } from './nft-json.js'
import { type Chain, chainKey, parseSaved } from './rules.js'
import { bothUnread, unreadOf } from './unread.js'

const TIMEOUT_MS = 20_000
/** Nothing may be loaded by looking: what iptables-save would call to load a module does nothing. */
const NO_MODPROBE = ['-M', '/bin/false']

/** What facts call the rules of each program, by family. */
const SETS: Readonly<Record<string, string>> = { ip: 'iptables', ip6: 'ip6tables', bridge: 'ebtables' }

/** What was read of a namespace, before it is known what is at the other ends of its links. */
export interface RawHost {
  readonly netns: string
  readonly configuration: ReadonlyMap<string, string>
  readonly chains: readonly Chain[]
  readonly unread: ReadonlyMap<FactSource, Unread>
  readonly sysctl: (key: string) => string | undefined
  /** What `nft -s list ruleset` prints, where somebody asked for it. */
  readonly listing?: string
  /** Those that are there and could not be read, as far as somebody has asked for them: with slashes. */
  readonly unreadSysctls: ReadonlySet<string>
  /** Ports of bridges by the addresses of neighbours behind them, as the bridge has learnt them. */
  readonly neighbours: ReadonlyMap<string, string>
}

/**
 * Reads one. What cannot be read is named in `unread`; throws nothing but what is a fault of the lab. Without `rules` no program is asked: of
 * a namespace that only matters for what is at the other ends of its links. With `listing` nft is asked for its own words as well.
 */
export async function readHost(netns: Netns, { rules = true, listing = false } = {}): Promise<RawHost> {
  const unread = new Map<FactSource, Unread>()
  const tell = (source: FactSource, what: string, error: unknown) => {
    unread.set(source, bothUnread(unread.get(source), unreadOf(what, error)))
  }
  const configuration = new Map<string, string>()
  const neighbours = new Map<string, string>()
  const unreadSysctls = new Set<string>()
  try {
    const socket = netns.route()
    readLinks(socket, configuration, true)
    const names = new Map<number, string>()
    for (const [name, value] of configuration) {
      const [, device] = /^link (\S+) index$/.exec(name) ?? []
      if (device !== undefined) names.set(Number(value), device)
    }
    const nameOf = (index: number) => names.get(index) ?? `index ${index}`
    readAddresses(socket, nameOf, configuration, true)
    readRoutes(socket, nameOf, configuration, true)
    readNextHops(socket, nameOf, configuration)
    readPolicyRules(socket, configuration)
    readTrafficControl(socket, nameOf, configuration)
    readPorts(socket, nameOf, neighbours)
    try {
      readFeatures(netns.ethtool(), names, configuration)
    } catch (error) {
      tell('features', 'features of devices', error)
    }
  } catch (error) {
    tell('network', 'links, addresses and routes', error)
  }
  for (const [name] of [...configuration]) {
    const [, device] = /^address \S*:\S* dev (\S+)$/.exec(name) ?? []
    if (device === undefined || configuration.has(`link ${device} advertised`)) continue
    const heard = /^Icmp6InRouterAdvertisements\s+([1-9])/m.test(
      readQuietly(netns, `dev_snmp6/${device}`) ?? '',
    )
    configuration.set(`link ${device} advertised`, heard ? 'yes' : 'no')
  }
  for (const protocol of ['udp', 'tcp'])
    for (const port of listeners(netns, protocol)) configuration.set(`listener ${protocol} ${port}`, 'there')
  for (const name of modulesThere())
    if (/^(nf_|br_|ip_|xt_)/.test(name)) configuration.set(`module ${name}`, 'there')
  const tellRules = (what: string, error: unknown) => tell('rules', what, error)
  const chains = rules ? await readRules(netns, tellRules) : []
  const text = rules && listing ? await readListing(netns, tellRules) : undefined
  return {
    netns: netns.name,
    configuration,
    chains,
    unread,
    sysctl: sysctlsOf(netns, (key, error) => {
      unreadSysctls.add(key)
      tell('sysctls', key, error)
    }),
    unreadSysctls,
    neighbours,
    ...(text === undefined ? {} : { listing: text }),
  }
}

/** What is known of a namespace, with what is at the other ends of its links as far as that was read as well. */
export function factsOf(raw: RawHost, all: readonly RawHost[]): Facts {
  const sets = new Map(raw.chains.map(chain => [chainKey(chain), chain]))
  const ports = new Map(raw.neighbours)
  const configuration = new Map(raw.configuration)
  for (const { device, peer } of otherEnds(raw, all)) {
    for (const name of peer.host.configuration.keys()) {
      const [, address, at] = /^address ([^/\s]+)\/\d+ dev (\S+)$/.exec(name) ?? []
      if (address !== undefined && at === peer.device) ports.set(address, device)
    }
    for (const key of OF_PEERS) {
      const values = ['all', peer.device].map(place => peer.host.sysctl(`net/ipv6/conf/${place}/${key}`))
      if (values.every(value => value !== undefined))
        configuration.set(`peer ${device} ${key}`, String(Math.max(...values.map(Number))))
    }
  }
  return new Facts(raw.netns, configuration, sets, raw.unread, raw.sysctl, ports, raw.unreadSysctls)
}

/** What nft lists of each namespace, as far as it was asked for. */
export function listingsOf(hosts: readonly RawHost[]): Map<string, string> {
  return new Map(hosts.flatMap(({ netns, listing }) => (listing === undefined ? [] : [[netns, listing]])))
}

/** Sysctls at the other end of a veth pair by which what comes out of a port fails, the greater of `all` and the device's own. */
const OF_PEERS = ['enhanced_dad', 'accept_dad', 'disable_ipv6']

/** The other ends of veth pairs in other namespaces, by the pair's indexes where these are of two namespaces alone. */
function otherEnds(raw: RawHost, all: readonly RawHost[]) {
  const ends = (host: RawHost) =>
    [...host.configuration].flatMap(([name, other]) => {
      const [, device] = /^link (\S+) other-end$/.exec(name) ?? []
      const own = device === undefined ? undefined : host.configuration.get(`link ${device} index`)
      return device === undefined || own === undefined ? [] : [{ host, device, own, other }]
    })
  const others = new Map<string, ReturnType<typeof ends>>()
  for (const end of all.filter(host => host !== raw).flatMap(ends)) {
    const key = `${end.own} ${end.other}`
    others.set(key, [...(others.get(key) ?? []), end])
  }
  return ends(raw).flatMap(({ device, own, other }) => {
    const [peer, ...more] = others.get(`${other} ${own}`) ?? []
    return peer && more.length === 0 ? [{ device, peer }] : []
  })
}

const AF_BRIDGE = 7
const NDA = { destination: 1, linkAddress: 2 }
const NUD_PERMANENT = 0x80

/** Which port of a bridge a neighbour is behind: what ARP has learnt of it, and what the bridge has learnt of its MAC address. */
function readPorts(
  socket: NetlinkSocket,
  nameOf: (index: number) => string,
  into: Map<string, string>,
): void {
  const dump = (family: number) => {
    const body = Buffer.alloc(12)
    body[0] = family
    return socket.ask({ type: RTM.getNeighbour, flags: NLM_F.dump, body })
  }
  const ports = new Map<string, string>()
  for (const message of dump(AF_BRIDGE)) {
    const mac = attributes(message.subarray(12)).get(NDA.linkAddress)
    const isOwn = (message.readUInt16LE(8) & NUD_PERMANENT) !== 0
    if (mac && !isOwn) ports.set(mac.toString('hex'), nameOf(message.readInt32LE(4)))
  }
  for (const message of dump(0)) {
    const found = attributes(message.subarray(12))
    const [address, mac] = [found.get(NDA.destination), found.get(NDA.linkAddress)]
    const port = mac && ports.get(mac.toString('hex'))
    if (address && port !== undefined) into.set(addressText(address), port)
  }
}

/** Ports that somebody listens on (or has bound): the second column of /proc/net/udp, in state 7, and of /proc/net/tcp, in state 0A. */
function listeners(netns: Netns, protocol: string): Set<number> {
  const found = new Set<number>()
  for (const file of [protocol, `${protocol}6`])
    for (const line of (readQuietly(netns, file) ?? '').split('\n').slice(1)) {
      const [, local = '', , state] = line.trim().split(/\s+/)
      if (state === (protocol === 'udp' ? '07' : '0A'))
        found.add(Number.parseInt(local.split(':')[1] ?? '', 16))
    }
  return found
}

function readQuietly(netns: Netns, file: string): string | undefined {
  try {
    return netns.readProc(file)
  } catch {
    return undefined
  }
}

function sysctlsOf(
  netns: Netns,
  tell: (key: string, error: unknown) => void,
): (key: string) => string | undefined {
  const known = new Map<string, string | undefined>()
  return asked => {
    const key = withSlashes(asked)
    if (known.has(key)) return known.get(key)
    let value: string | undefined
    try {
      value = netns.readSysctl(key)?.replace(/\s+/g, ' ')
    } catch (error) {
      tell(key, error)
    }
    known.set(key, value)
    return value
  }
}

/** What a program prints. Throws Error with its own words where it is not there, or fails. */
async function printed(netns: Netns, argv: readonly string[]): Promise<string> {
  const missing = missingTool(argv[0] ?? '')
  if (missing !== undefined) throw new Error(missing)
  const options = { node: netns.name, netns, timeoutMs: TIMEOUT_MS }
  const { exitCode, signal, stdout, stderr } = await runCommand(argv, options)
  if (signal !== undefined) throw new Error(`it was ended by ${signal}`)
  if (exitCode !== 0)
    throw new Error(stderr.trim() === '' ? `it exited with status ${exitCode}` : lastLines(stderr, 1))
  if (/incompatible/.test(stderr)) throw new Error(lastLines(stderr, 1))
  return stdout
}

/** What nft lists, without counters; nothing where nf_tables is not there. */
async function readListing(
  netns: Netns,
  tell: (what: string, error: unknown) => void,
): Promise<string | undefined> {
  if (!moduleIsThere('nf_tables')) return undefined
  try {
    return await printed(netns, ['nft', '--stateless', 'list', 'ruleset'])
  } catch (error) {
    tell('nft', error)
    return undefined
  }
}

/** The rules of all their keepers. A program is asked only where the kernel has what it would ask for. */
async function readRules(netns: Netns, tell: (what: string, error: unknown) => void): Promise<Chain[]> {
  // All at once, and what is wrong with them in one order.
  const list = async (
    argv: readonly string[],
    read: (text: string) => Chain[],
  ): Promise<() => readonly Chain[]> => {
    try {
      const chains = read(await printed(netns, argv))
      return () => chains
    } catch (error) {
      return () => {
        tell(argv[0] ?? '', error)
        return []
      }
    }
  }
  const found: Promise<() => readonly Chain[]>[] = []
  if (moduleIsThere('nf_tables')) {
    const listed = Object.entries(LISTS).filter(([, program]) => missingTool(program) === undefined)
    for (const [family, program] of listed)
      found.push(
        list([program, ...(family === 'bridge' ? [] : ['-c', ...NO_MODPROBE])], text =>
          parseSaved(text, SETS[family] ?? family, family as Chain['family']),
        ),
      )
    const families = new Set(listed.map(([family]) => family))
    found.push(list(['nft', '-j', 'list', 'ruleset'], text => parseNft(text, families)))
  }
  for (const [names, program, set, family] of [
    ['ip_tables_names', 'iptables-legacy-save', 'iptables-legacy', 'ip'],
    ['ip6_tables_names', 'ip6tables-legacy-save', 'ip6tables-legacy', 'ip6'],
  ] as const) {
    try {
      // A table that nobody has used here would be made by asking for it.
      if ((netns.readProc(names) ?? '').trim() === '') continue
    } catch (error) {
      tell(program, error)
      continue
    }
    found.push(list([program, '-c', ...NO_MODPROBE], text => parseSaved(text, set, family)))
  }
  if (modulesThere().some(name => /^ebtable_/.test(name)))
    found.push(list(['ebtables-legacy-save'], text => parseSaved(text, 'ebtables-legacy', 'bridge')))
  return (await Promise.all(found)).flatMap(take => take())
}
