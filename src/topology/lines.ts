/**
 * Lines of a topology that programs read: each must be one line, one command of the kind that it stands for, and nothing
 * that reaches beyond its namespace.
 */
import { type Prefix, parseAddress, parsePrefix } from '../base/addresses.js'
import type { Route } from '../model/steps.js'

/** What is wrong with a line, and what to do about it. */
interface Complaint {
  readonly problem: string
  readonly remedy: string
}

/** A value in a message: cut, and without what a terminal would obey. */
export function shown(text: string): string {
  const safe = text.replace(
    /\p{Cc}/gu,
    character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  return safe.length > 80 ? `'${safe.slice(0, 80)}…'` : `'${safe}'`
}

/** What is wrong with a text that must be one line. */
export function lineProblem(text: string): Complaint | undefined {
  if (/[\n\r\0]/.test(text))
    return { problem: `${shown(text)} holds a line break`, remedy: 'write one entry for each line' }
  return /\p{Cc}/u.test(text)
    ? { problem: `${shown(text)} holds a control character`, remedy: 'write it with spaces only' }
    : undefined
}

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
  }
  return undefined
}

/** An MTU or MSS of a route, in bytes. */
function isMetric(text: string): boolean {
  return /^[1-9][0-9]{0,4}$/.test(text) && Number(text) <= 65535
}

/** A valid route in its parts. */
export function parseRoute(text: string): Route {
  const words = text.split(' ')
  const type = ROUTE_TYPES.find(name => name === words[0])
  const [to = '', ...options] = type === undefined ? words : words.slice(1)
  let via: string | undefined
  let device: string | undefined
  let mtu: number | undefined
  let advmss: number | undefined
  const more: string[] = []
  for (let at = 0; at < options.length; at += 2) {
    const [word = '', value = ''] = [options[at], options[at + 1]]
    // What follows another option may be its value, or one of several next hops: that is ip(8)'s own business.
    if (more.length === 0 && word === 'via' && via === undefined && parseAddress(value)) via = value
    else if (more.length === 0 && word === 'dev' && device === undefined) device = value
    else if (more.length === 0 && word === 'mtu' && mtu === undefined && isMetric(value)) mtu = Number(value)
    else if (more.length === 0 && word === 'advmss' && advmss === undefined && isMetric(value))
      advmss = Number(value)
    else more.push(...options.slice(at, at + 2))
  }
  return {
    to,
    ...(via === undefined ? {} : { via }),
    ...(device === undefined ? {} : { device }),
    ...(mtu === undefined ? {} : { mtu }),
    ...(advmss === undefined ? {} : { advmss }),
    ...(more.length > 0 ? { more } : {}),
    ...(type === undefined || type === 'unicast' ? {} : { type }),
  }
}

/** What is wrong with a line for `tc -batch`. */
export function tcProblem(line: string): Complaint | undefined {
  const made = /^(qdisc|class|filter|chain|actions?) (add|replace|change|link) /.test(line)
  if (made && !line.endsWith('\\')) return lineProblem(line)
  return (
    lineProblem(line) ?? {
      problem: `${shown(line)} ${made ? 'goes on in the next line' : 'makes no part of traffic control'}`,
      remedy:
        'begin it with qdisc add, class add, filter add, chain add or actions add, and end it in one line',
    }
  )
}

const TABLES = ['filter', 'nat', 'mangle', 'raw']

/** What is wrong with the name of an iptables table. */
export function tableProblem(table: string): Complaint | undefined {
  return TABLES.includes(table)
    ? undefined
    : { problem: `${shown(table)} is no table of iptables here`, remedy: `tables are: ${TABLES.join(', ')}` }
}

/** What is wrong with a rule as iptables-save writes it. */
export function ruleProblem(rule: string): Complaint | undefined {
  const broken = lineProblem(rule)
  if (broken) return broken
  if (!/^-[AI] [A-Za-z][\w.:-]{0,27}( |$)/.test(rule))
    return { problem: `${shown(rule)} is no rule`, remedy: "write it as iptables-save does: '-A CHAIN …'" }
  const option = / (-M|--mod[a-z]*|-t|--tab[a-z]*)(?=$|[ =])/.exec(rule)?.[1]
  return option === undefined
    ? undefined
    : {
        problem: `${shown(rule)} holds ${option}, which is not part of a rule`,
        remedy:
          'leave it out: it names a program to run, or a table, which is the key that the rule stands under',
      }
}

/**
 * What is wrong with a sysctl. Keys become paths under /proc/sys, so that `net/../kernel/core_pattern` would be the
 * machine's own, and the program that it names would run as root.
 */
export function sysctlProblem(key: string, value: string | number): Complaint | undefined {
  const broken = lineProblem(`${key}=${value}`)
  if (broken) return broken
  const [first, ...steps] = key.split(/[./]/)
  if (first !== 'net' || steps.length < 2 || !steps.every(step => /^[A-Za-z0-9_@:-]+$/.test(step)))
    return {
      problem: `${shown(key)} is not a sysctl of a network namespace`,
      remedy: 'only net.* keys are per namespace; write one as net.ipv4.conf.eth0.rp_filter',
    }
  if (/^-?[\w.:,+-]+( [\w.:,+-]+)*$/.test(String(value)) && !/e\+/.test(String(value))) return undefined
  return { problem: `${shown(key)} gets ${shown(String(value))}`, remedy: 'write it as the kernel prints it' }
}

/** Whether an IPv4 prefix has bits set beyond its length, which fib_table_insert() (net/ipv4/fib_trie.c) refuses. */
function hasHostBits({ address, length }: Prefix): boolean {
  const bytes = address.toByteArray()
  if (bytes.length !== 4) return false
  const value = Buffer.from(bytes).readUInt32BE()
  return length < 32 && value % 2 ** (32 - length) !== 0
}
