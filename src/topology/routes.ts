/** Routes and next hops as a topology writes them: what is wrong with one, and its parts. */
import { type Prefix, parseAddress, parsePrefix } from '../base/addresses.js'
import type { NextHop, NextHopObject, Route } from '../model/steps.js'
import { type Complaint, shown } from './lines.js'

const ROUTE_TYPES = [
  'unicast',
  'local',
  'broadcast',
  'multicast',
  'throw',
  'unreachable',
  'prohibit',
  'blackhole',
]

/** What is wrong with a route as `ip route add` takes it, in a node with these devices. */
export function routeProblem(route: string, devices: ReadonlySet<string>): Complaint | undefined {
  const wrong = (why: string): Complaint => ({
    problem: `route ${shown(route)} ${why}`,
    remedy: 'write it as default via 172.16.0.1, or 198.51.100.0/24 dev eth0',
  })
  const words = route.split(' ')
  // ip -batch takes quotes, # and a backslash at the end for more than letters: the next line would become part of this.
  const odd = words.find(word => !/^[A-Za-z0-9][\w.:/%@-]*$/.test(word) && !/^:[\w:./]*$/.test(word))
  if (odd !== undefined) return wrong(`holds ${shown(odd)}, which is no word of a route`)
  const [to = '', ...options] = words.filter((word, index) => index > 0 || !ROUTE_TYPES.includes(word))
  const destination = parsePrefix(to)
  if (to !== 'default' && !destination) return wrong(`begins with ${shown(to)}, which is no destination`)
  if (destination && hasHostBits(destination)) return wrong('has bits beyond the length of its prefix')
  for (const [index, word] of options.entries()) {
    const value = options[index + 1] ?? ''
    const gateway = value === 'inet' || value === 'inet6' ? (options[index + 2] ?? '') : value
    if (word === 'via' && !parseAddress(gateway))
      return wrong(`goes via ${shown(gateway)}, which is no address`)
    if (word === 'dev' && !devices.has(value))
      return wrong(`names ${shown(value)}, which is no device of this node`)
    if ((word === 'mtu' || word === 'advmss') && value !== 'lock' && !isMetric(value))
      return wrong(`has ${word} ${shown(value)}, which is no number of bytes from 1 to 65535`)
    if (word === 'rto_min' && !isTime(value))
      return wrong(`has rto_min ${shown(value)}, which is no time in whole milliseconds, as 20ms`)
  }
  return undefined
}

/** An MTU or MSS of a route, in bytes. */
function isMetric(text: string): boolean {
  return /^[1-9][0-9]{0,4}$/.test(text) && Number(text) <= 65535
}

/** A time of a route, in whole milliseconds. */
function isTime(text: string): boolean {
  return /^[1-9][0-9]{0,5}ms$/.test(text)
}

/** A valid route in its parts. */
export function parseRoute(text: string): Route {
  const words = text.split(' ')
  const type = ROUTE_TYPES.find(name => name === words[0])
  const [to = '', ...options] = type === undefined ? words : words.slice(1)
  const parts: Partial<Route> = {}
  const more: string[] = []
  for (let at = 0; at < options.length; ) {
    const rest = options.slice(at)
    // What follows a word that is not known may be its value: that is ip(8)'s own business.
    const part = more.length === 0 ? routePart(rest) : undefined
    if (part && Object.keys(part.says).every(key => !(key in parts))) {
      Object.assign(parts, part.says)
      at += part.words
    } else {
      more.push(...rest.slice(0, 2))
      at += 2
    }
  }
  return {
    to,
    ...parts,
    ...(more.length > 0 ? { more } : {}),
    ...(type === undefined || type === 'unicast' ? {} : { type }),
  }
}

/** What the first words of a route's options say, and how many they are; undefined where only ip(8) knows. */
function routePart(
  options: readonly string[],
): { readonly says: Partial<Route>; readonly words: number } | undefined {
  const [word = '', value = ''] = options
  const number = /^\d{1,9}$/.test(value) ? Number(value) : undefined
  const pair = (says: Partial<Route> | undefined | false) => (says ? { says, words: 2 } : undefined)
  switch (word) {
    case 'via':
      return pair(parseAddress(value) && { via: value })
    case 'dev':
      return pair({ device: value })
    case 'table':
      return pair(/^(main|local|default|[1-9]\d{0,8})$/.test(value) && { table: value })
    case 'metric':
      return pair(number !== undefined && { metric: number })
    case 'src':
      return pair(parseAddress(value) && { source: value })
    case 'nhid':
      return pair(number !== undefined && { nextHopId: number })
    case 'mtu':
    case 'advmss':
      return pair(isMetric(value) && { [word]: Number(value) })
    case 'rto_min':
      return pair(isTime(value) && { rtoMin: Number.parseInt(value, 10) })
    case 'onlink':
      return { says: { onlink: true }, words: 1 }
    case 'nexthop': {
      const nextHops = parseNextHops(options)
      return nextHops && { says: { nextHops }, words: options.length }
    }
    default:
      return undefined
  }
}

/** Next hops to the end of a route; undefined where one of them says more than its way and weight. */
function parseNextHops(words: readonly string[]): NextHop[] | undefined {
  const hops: NextHop[] = []
  for (let at = 0; at < words.length; ) {
    if (words[at++] !== 'nexthop') return undefined
    const hop: { -readonly [K in keyof NextHop]: NextHop[K] } = {}
    for (; at < words.length && words[at] !== 'nexthop'; at += 2) {
      const [word, value = ''] = [words[at], words[at + 1]]
      if (word === 'via' && hop.via === undefined && parseAddress(value)) hop.via = value
      else if (word === 'dev' && hop.device === undefined && value !== '') hop.device = value
      else if (
        word === 'weight' &&
        hop.weight === undefined &&
        /^([1-9]\d?|1\d\d|2[0-4]\d|25[0-6])$/.test(value)
      )
        hop.weight = Number(value)
      else return undefined
    }
    if (hop.via === undefined && hop.device === undefined) return undefined
    hops.push(hop)
  }
  return hops
}

/** Reads a next hop object as `ip nexthop add` takes it, in a node with these devices; a text that is none gives what is wrong with it. */
export function parseNextHopObject(text: string, devices: ReadonlySet<string>): NextHopObject | Complaint {
  const wrong = (why: string): Complaint => ({
    problem: `next hop ${shown(text)} ${why}`,
    remedy: 'write it as id 1 via 10.1.1.1 dev eth0, or id 9 group 1/2',
  })
  const [word, id = '', ...options] = text.split(' ')
  if (word !== 'id' || !/^[1-9]\d{0,8}$/.test(id)) return wrong('begins with no id')
  const found: { -readonly [K in keyof NextHopObject]: NextHopObject[K] } = { id: Number(id) }
  for (let at = 0; at < options.length; at += 2) {
    const [option = '', value = ''] = [options[at], options[at + 1]]
    if (option === 'via' && parseAddress(value)) found.via = value
    else if (option === 'dev' && devices.has(value)) found.device = value
    else if (option === 'group' && /^[1-9]\d{0,8}(\/[1-9]\d{0,8})*$/.test(value))
      found.group = value.split('/').map(Number)
    else return wrong(`has ${shown(`${option} ${value}`)}, which is no part of it here`)
  }
  const way = found.device !== undefined
  return way === (found.group === undefined) ? found : wrong('must have a device, or be a group')
}

/** Whether an IPv4 prefix has bits set beyond its length, which fib_table_insert() (net/ipv4/fib_trie.c) refuses. */
function hasHostBits({ address, length }: Prefix): boolean {
  const bytes = address.toByteArray()
  if (bytes.length !== 4) return false
  const value = Buffer.from(bytes).readUInt32BE()
  return length < 32 && value % 2 ** (32 - length) !== 0
}
