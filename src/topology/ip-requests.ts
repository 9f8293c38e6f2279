/**
 * The lines of `ip -batch` that build topologies, as rtnetlink requests: what ip(8) would send, without starting it. A
 * word that is not known here makes the whole input undefined, and ip(8) itself gets it.
 */
import ipaddr from 'ipaddr.js'
import { AF_INET, AF_INET6 } from '../world/libc.js'
import { attribute, NLM_F, type RouteRequest, RTM } from '../world/rtnetlink.js'

/** What the lines name by name and netlink by number. */
export interface Names {
  /** Index of a device of the namespace that the requests are for; undefined when it is not known. */
  readonly index: (device: string) => number | undefined
  /** An open descriptor of another namespace, by its name under /run/netns. */
  readonly netns: (name: string) => number | undefined
}

const NEW = NLM_F.create | NLM_F.exclusive
const IFF_UP = 1
/** linux/if_link.h, linux/if_addr.h, linux/rtnetlink.h, linux/veth.h. */
const IFLA = { address: 1, name: 3, master: 10, linkInfo: 18, netnsFd: 28, txQueues: 31, rxQueues: 32 }
const IFLA_INFO = { kind: 1, data: 2 }
const IFLA_BR = { forwardDelay: 1, stpState: 5 }
const VETH_INFO_PEER = 1
const IFA = { address: 1, local: 2 }
const IFA_F_NODAD = 2
const RTA = { destination: 1, device: 4, gateway: 5 }
const RT_TABLE_MAIN = 254
const RTPROT_BOOT = 3
const RTN_UNICAST = 1
const SCOPE = { universe: 0, link: 253, host: 254 }

/** The requests for the lines of a batch; undefined when one of them is not known here. */
export function ipRequests(lines: readonly string[], names: Names): RouteRequest[] | undefined {
  const requests: RouteRequest[] = []
  for (const line of lines) {
    const [object, action, ...words] = line.trim().split(/\s+/)
    const request =
      object === 'link' && (action === 'add' || action === 'set')
        ? link(action, words, names)
        : object === 'addr' && action === 'add'
          ? address(words, names)
          : object === 'route' && action === 'add'
            ? route(words, names)
            : undefined
    if (!request) return undefined
    requests.push(request)
  }
  return requests
}

interface Device {
  name?: string
  index: number
  up: boolean
  attributes: Buffer[]
  rest: readonly string[]
}

/** The words that describe one device, up to `type` or to the end. */
function device(words: readonly string[], names: Names): Device | undefined {
  const found: Device = { index: 0, up: false, attributes: [], rest: [] }
  const add = (type: number, value: Buffer | number | string | undefined): boolean => {
    if (value !== undefined) found.attributes.push(attribute(type, value))
    return value !== undefined
  }
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? ''
    if (word === 'type') {
      found.rest = words.slice(at + 1)
      return found
    }
    if (word === 'up') {
      found.up = true
      continue
    }
    const takesValue = ['name', 'index', 'netns', 'address', 'numtxqueues', 'numrxqueues', 'master']
    if (!takesValue.includes(word)) {
      if (at > 0) return undefined
      found.name = word
      continue
    }
    const value = words[++at]
    if (value === undefined) return undefined
    const number = /^\d+$/.test(value) ? Number(value) : undefined
    if (word === 'name') found.name = value
    else if (word === 'index' && number !== undefined) found.index = number
    else if (word === 'netns' && add(IFLA.netnsFd, names.netns(value))) continue
    else if (word === 'address' && add(IFLA.address, mac(value))) continue
    else if (word === 'numtxqueues' && add(IFLA.txQueues, number)) continue
    else if (word === 'numrxqueues' && add(IFLA.rxQueues, number)) continue
    else if (word === 'master' && add(IFLA.master, names.index(value))) continue
    else return undefined
  }
  return found
}

function link(action: 'add' | 'set', words: readonly string[], names: Names): RouteRequest | undefined {
  const found = device(words, names)
  if (!found?.name) return undefined
  if (action === 'set') {
    const index = names.index(found.name)
    if (index === undefined || found.rest.length > 0) return undefined
    return { type: RTM.newLink, flags: 0, body: interfaceInfo({ ...found, index }, []) }
  }
  const info = linkInfo(found.rest, names)
  return info && { type: RTM.newLink, flags: NEW, body: interfaceInfo(found, [named(found), info]) }
}

/** The IFLA_LINKINFO of a new device: a veth pair or a bridge. */
function linkInfo(words: readonly string[], names: Names): Buffer | undefined {
  const [kind, ...options] = words
  const info = (data: Buffer) =>
    attribute(
      IFLA.linkInfo,
      Buffer.concat([attribute(IFLA_INFO.kind, kind ?? ''), attribute(IFLA_INFO.data, data)]),
    )
  if (kind === 'veth' && options[0] === 'peer') {
    const peer = device(options.slice(1), names)
    // veth_newlink() cannot open the peer: veth_open() finds no device at the other end yet.
    if (!peer?.name || peer.up || peer.rest.length > 0) return undefined
    return info(attribute(VETH_INFO_PEER, interfaceInfo(peer, [named(peer)])))
  }
  if (kind !== 'bridge') return undefined
  const data: Buffer[] = []
  for (let at = 0; at < options.length; at += 2) {
    const type = { stp_state: IFLA_BR.stpState, forward_delay: IFLA_BR.forwardDelay }[options[at] ?? '']
    const value = options[at + 1]
    if (type === undefined || value === undefined || !/^\d+$/.test(value)) return undefined
    data.push(attribute(type, Number(value)))
  }
  return info(Buffer.concat(data))
}

/** struct ifinfomsg and the attributes behind it. */
function interfaceInfo({ index, up, attributes }: Device, more: readonly Buffer[]): Buffer {
  const header = Buffer.alloc(16)
  header.writeInt32LE(index, 4)
  if (up) {
    header.writeUInt32LE(IFF_UP, 8)
    header.writeUInt32LE(IFF_UP, 12)
  }
  return Buffer.concat([header, ...attributes, ...more])
}

function named({ name = '' }: Device): Buffer {
  return attribute(IFLA.name, name)
}

function address(words: readonly string[], { index }: Names): RouteRequest | undefined {
  const nodad = words.includes('nodad')
  const [cidr = '', dev, name = '', ...more] = words.filter(word => word !== 'nodad')
  const parsed = prefix(cidr, undefined)
  const at = index(name)
  if (!parsed || dev !== 'dev' || at === undefined || more.length > 0) return undefined
  const header = Buffer.alloc(8)
  header[0] = parsed.family
  header[1] = parsed.length
  header[2] = nodad ? IFA_F_NODAD : 0
  // What ip(8) makes of an address without `scope`; the kernel works it out for IPv6 itself.
  header[3] = parsed.family === AF_INET && parsed.bytes[0] === 127 ? SCOPE.host : SCOPE.universe
  header.writeUInt32LE(at, 4)
  const body = [header, attribute(IFA.local, parsed.bytes), attribute(IFA.address, parsed.bytes)]
  return { type: RTM.newAddress, flags: NEW, body: Buffer.concat(body) }
}

function route(words: readonly string[], { index }: Names): RouteRequest | undefined {
  const [to = '', ...options] = words
  let gateway: Prefix | undefined
  let at: number | undefined
  for (let i = 0; i < options.length; i += 2) {
    const [word, value = ''] = [options[i], options[i + 1]]
    if (word === 'via') gateway = prefix(value, undefined)
    else if (word === 'dev') at = index(value)
    else return undefined
    if (word === 'via' ? !gateway : at === undefined) return undefined
  }
  const destination = prefix(to, gateway?.family)
  if (!destination || (gateway && gateway.family !== destination.family)) return undefined
  const header = Buffer.alloc(12)
  header[0] = destination.family
  header[1] = destination.length
  header[4] = RT_TABLE_MAIN
  header[5] = RTPROT_BOOT
  header[6] = gateway || destination.family === AF_INET6 ? SCOPE.universe : SCOPE.link
  header[7] = RTN_UNICAST
  const body = [
    header,
    ...(destination.length > 0 ? [attribute(RTA.destination, destination.bytes)] : []),
    ...(gateway ? [attribute(RTA.gateway, gateway.bytes)] : []),
    ...(at === undefined ? [] : [attribute(RTA.device, at)]),
  ]
  return { type: RTM.newRoute, flags: NEW, body: Buffer.concat(body) }
}

interface Prefix {
  readonly family: number
  readonly bytes: Buffer
  readonly length: number
}

/** An address with its prefix length, which is the address's own where none is written; `default` is everything. */
function prefix(text: string, family: number | undefined): Prefix | undefined {
  if (text === 'default') return { family: family ?? AF_INET, bytes: Buffer.alloc(0), length: 0 }
  const [base = '', length, ...more] = text.split('/')
  // A short form like 10.1 is read in ways of their own by ip(8) and by the library.
  const whole = base.includes(':') ? ipaddr.IPv6.isValid(base) : ipaddr.IPv4.isValidFourPartDecimal(base)
  if (!whole || more.length > 0 || base.includes('%')) return undefined
  const bytes = Buffer.from(ipaddr.parse(base).toByteArray())
  const bits = bytes.length * 8
  if (length !== undefined && !(/^\d{1,3}$/.test(length) && Number(length) <= bits)) return undefined
  return {
    family: bits === 32 ? AF_INET : AF_INET6,
    bytes,
    length: length === undefined ? bits : Number(length),
  }
}

function mac(text: string): Buffer | undefined {
  return /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(text)
    ? Buffer.from(text.replaceAll(':', ''), 'hex')
    : undefined
}
