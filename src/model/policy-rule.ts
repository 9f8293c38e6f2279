/** Policy rules, as `ip rule add` takes them: which of a node's routing tables decides about which packets. */
import { parsePrefix } from '../base/addresses.js'

/** A policy rule. */
export interface PolicyRule {
  readonly family: 'inet' | 'inet6'
  /** Whether it is for the packets that do not match. */
  readonly not?: true
  /** Prefix of the source address, or the address. */
  readonly from?: string
  readonly to?: string
  readonly fwmark?: number
  /** Bits of the mark that are compared; all of them when left out. */
  readonly fwmask?: number
  /** Device that the packet came in on; `lo` for what the node itself sends. */
  readonly iif?: string
  readonly oif?: string
  /** The whole traffic class, of which the kernel compares what it likes. */
  readonly tos?: number
  /** The table that is asked: `main`, or its number. */
  readonly table: string
  /** What the table finds is passed over where its prefix is no longer than this. */
  readonly suppressPrefixlength?: number
  /** Its place among the rules, the lowest first; the kernel puts it before the others that somebody made when left out. */
  readonly priority?: number
}

const TABLE = /^(main|local|default|[1-9]\d{0,8})$/
const WHOLE_MARK = 0xffffffff

/** Reads a rule in the words of ip-rule(8), with `-6` in front where it is for IPv6; a text that is none gives what is wrong with it. */
export function parsePolicyRule(text: string): PolicyRule | string {
  const words = text.split(' ')
  const family = words[0] === '-6' ? 'inet6' : 'inet'
  if (family === 'inet6') words.shift()
  const not = words[0] === 'not'
  if (not) words.shift()
  const found: { -readonly [K in keyof PolicyRule]?: PolicyRule[K] } = {
    family,
    ...(not ? { not: true } : {}),
  }
  for (let at = 0; at < words.length; at += 2) {
    const [word = '', value = ''] = [words[at], words[at + 1]]
    const field = FIELDS[word]
    if (!field) return `holds '${word}', which is no word of a rule here`
    const parts = field.read(value, family)
    if (!parts) return `has '${word} ${value}', and ${field.wants}`
    if (Object.keys(parts).some(key => key in found)) return `says '${word}' twice`
    Object.assign(found, parts)
  }
  return found.table === undefined ? 'names no table' : (found as PolicyRule)
}

interface Field {
  readonly wants: string
  /** The parts of a rule that a value stands for; undefined for one that cannot be. */
  read(value: string, family: PolicyRule['family']): Partial<PolicyRule> | undefined
}

const table: Field = {
  wants: 'a table is main, local, default or a number',
  read: value => (TABLE.test(value) ? { table: value } : undefined),
}
const tos: Field = {
  wants: 'a traffic class is 0 to 0xff',
  read: value => numbered(value, 0xff, number => ({ tos: number })),
}
const priority: Field = {
  wants: 'a priority is a number',
  read: value => numbered(value, 0xffffffff, number => ({ priority: number })),
}
const address = (part: 'from' | 'to'): Field => ({
  wants: 'it is for an address or a prefix of its family, or all',
  read(value, family) {
    if (value === 'all') return {}
    const kind = parsePrefix(value)?.address.kind()
    return kind === (family === 'inet' ? 'ipv4' : 'ipv6') ? { [part]: value } : undefined
  },
})
const device = (part: 'iif' | 'oif'): Field => ({
  wants: 'it is for a device',
  read: value => (/^[\w.-]{1,15}$/.test(value) ? { [part]: value } : undefined),
})

const FIELDS: Readonly<Record<string, Field>> = {
  from: address('from'),
  to: address('to'),
  fwmark: {
    wants: 'a mark is a number, or a number and a mask: 0x80/0x80',
    read(value) {
      const [mark = '', mask, ...more] = value.split('/')
      if (more.length > 0) return undefined
      return numbered(mark, WHOLE_MARK, fwmark =>
        mask === undefined ? { fwmark } : numbered(mask, WHOLE_MARK, fwmask => ({ fwmark, fwmask })),
      )
    },
  },
  iif: device('iif'),
  oif: device('oif'),
  tos,
  dsfield: tos,
  lookup: table,
  table,
  suppress_prefixlength: {
    wants: 'the length of a prefix is 0 to 128',
    read: value => numbered(value, 128, number => ({ suppressPrefixlength: number })),
  },
  priority,
  pref: priority,
}

function numbered<T>(text: string, most: number, use: (number: number) => T): T | undefined {
  const number = /^(0x[\da-f]{1,8}|0|[1-9]\d{0,8})$/i.test(text) ? Number(text) : Number.NaN
  return number <= most ? use(number) : undefined
}

/** A rule in the words of ip-rule(8), without its family and priority: `from 10.0.1.20 fwmark 0x80/0x80 lookup 2`. */
export function policyRuleWords(rule: PolicyRule): string[] {
  const { not, from, to, fwmark, fwmask, iif, oif, tos, table, suppressPrefixlength } = rule
  const mask = fwmask === undefined || fwmask === WHOLE_MARK ? '' : `/0x${fwmask.toString(16)}`
  return [
    ...(not ? ['not'] : []),
    ...(from === undefined ? [] : ['from', from]),
    ...(to === undefined ? [] : ['to', to]),
    ...(fwmark === undefined ? [] : ['fwmark', `0x${fwmark.toString(16)}${mask}`]),
    ...(iif === undefined ? [] : ['iif', iif]),
    ...(oif === undefined ? [] : ['oif', oif]),
    ...(tos === undefined || tos === 0 ? [] : ['tos', `0x${tos.toString(16)}`]),
    'lookup',
    table,
    ...(suppressPrefixlength === undefined ? [] : ['suppress_prefixlength', String(suppressPrefixlength)]),
  ]
}

/** A rule as `ip rule add` takes it. */
export function policyRuleLine(rule: PolicyRule): string[] {
  const { priority } = rule
  return [...policyRuleWords(rule), ...(priority === undefined ? [] : ['priority', String(priority)])]
}
