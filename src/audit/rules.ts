/** Rules of iptables, ebtables and nftables in one form: what each matches, and what it does. */
import { parsePrefix } from '../base/addresses.js'

/** Something that a rule matches: a value, or any of several, or none of them. */
export interface Match {
  readonly values: readonly string[]
  readonly not: boolean
}

/** What a rule can match that a packet can be held against. */
export const FIELDS = [
  ...(['in', 'out', 'src', 'dst', 'proto', 'sport', 'dport', 'icmp', 'mark', 'ct'] as const),
  ...(['srcType', 'dstType', 'bridged', 'mac', 'toMac', 'etherType', 'localToDevice'] as const),
] as const
export type Field = (typeof FIELDS)[number]

/** One rule. */
export interface Rule {
  readonly chain: Chain
  /** Its place in the chain, from 1. */
  readonly position: number
  /** In the words of iptables-save, or of nft. */
  readonly text: string
  readonly matches: ReadonlyMap<Field, Match>
  /** Matches that no packet here is held against: whether they fit is not known. */
  readonly others: readonly string[]
  /** `ACCEPT`, `DROP`, `DNAT`, a chain; empty for a rule that only counts. */
  readonly target: string
  /** Whether the target is a chain that is not come back from. */
  readonly goto: boolean
  readonly options: string
}

/** One chain. */
export interface Chain {
  /** Whose it is: `iptables`, `ip6tables-legacy`, `ebtables`, `nft`. */
  readonly set: string
  readonly family: 'ip' | 'ip6' | 'inet' | 'bridge' | 'arp' | 'netdev'
  /** With the family for tables of nftables: `ip own`. */
  readonly table: string
  readonly name: string
  /** Where a base chain hangs on to, as iptables has it: `FORWARD`. */
  readonly hook?: string
  readonly priority?: number
  readonly type?: string
  readonly policy?: string
  readonly rules: Rule[]
}

/** Chains by set, table and name. */
export type RuleSets = ReadonlyMap<string, Chain>

/** How a chain is found. */
export function chainKey({ set, table, name }: Pick<Chain, 'set' | 'table' | 'name'>): string {
  return `${set} ${table} ${name}`
}

/** What a rule is called among the facts: `rule iptables nat POSTROUTING 1`. */
export function ruleName({ chain, position }: Rule): string {
  return `rule ${chainKey(chain)} ${position}`
}

const HOOKS = ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING']
/** NF_IP_PRI_* (linux/netfilter_ipv4.h), of tables of iptables. */
const PRIORITIES: Readonly<Record<string, number>> = {
  raw: -300,
  mangle: -150,
  nat: -100,
  filter: 0,
  security: 50,
}

/** Words of a line of iptables-save: what is in double quotes is one. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/"((?:\\.|[^"\\])*)"|(\S+)/g)].map(
    ([, quoted, plain]) => quoted?.replace(/\\(.)/g, '$1') ?? plain ?? '',
  )
}

/** Options of iptables with one value that a packet can be held against. */
const VALUED: Readonly<Record<string, Field>> = {
  '-i': 'in',
  '-o': 'out',
  '-s': 'src',
  '-d': 'dst',
  '-p': 'proto',
  '--dport': 'dport',
  '--dports': 'dport',
  '--sport': 'sport',
  '--sports': 'sport',
  '--icmp-type': 'icmp',
  '--icmpv6-type': 'icmp',
  '--mark': 'mark',
  '--ctstate': 'ct',
  '--state': 'ct',
  '--src-type': 'srcType',
  '--dst-type': 'dstType',
  '--in-interface': 'in',
  '--out-interface': 'out',
}
/** Those of ebtables, which have other meanings there. */
const OF_FRAMES: Readonly<Record<string, Field>> = {
  '-i': 'in',
  '-o': 'out',
  '-s': 'mac',
  '-d': 'toMac',
  '-p': 'etherType',
  '--ip-src': 'src',
  '--ip-dst': 'dst',
  '--ip6-src': 'src',
  '--ip6-dst': 'dst',
}
/** Lists are separated by commas; in addresses of iptables-save there is none. */
const asValues = (field: Field, text: string) =>
  field === 'dport' || field === 'sport' || field === 'ct' ? text.split(',') : [text]

/** Modules that count or remember, and match whatever comes: nfacct_mt() (net/netfilter/xt_nfacct.c), recent_mt() with `--set`. */
function alwaysFits(module: string, words: readonly string[]): boolean {
  return module === 'nfacct' || (module === 'recent' && words.includes('--set') && !words.includes('!'))
}

/** One rule from its words behind the chain. */
function ruleFrom(chain: Chain, text: string): Rule {
  const words = wordsOf(text)
  const table = chain.family === 'bridge' ? OF_FRAMES : VALUED
  const matches = new Map<Field, Match>()
  const others: string[] = []
  let [target, goto, options, not, module] = ['', false, '', false, '']
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? ''
    const value = words[at + 1] ?? ''
    const field = Object.hasOwn(table, word) ? table[word] : undefined
    if (word === '!') {
      not = true
      continue
    }
    if (word === '-j' || word === '-g') {
      target = value
      goto = word === '-g'
      options = words.slice(at + 2).join(' ')
      break
    }
    if (word === '-m') {
      module = value
      at++
    } else if (word === '--comment') at++
    else if (word === '--physdev-is-bridged') matches.set('bridged', { values: ['yes'], not })
    else if (field !== undefined) {
      // `! -s` stands before the option, and in ebtables `-s !` behind it.
      const behind = value === '!'
      const given = behind ? (words[at + 2] ?? '') : value
      matches.set(field, { values: asValues(field, given), not: not || behind })
      at += behind ? 2 : 1
    } else if (word === '--tcp-flags') {
      others.push(`--tcp-flags ${value} ${words[at + 2]}`)
      at += 2
    } else if (word.startsWith('-')) {
      const hasValue = value !== '' && !value.startsWith('-') && value !== '!'
      if (!alwaysFits(module, words)) others.push(`${not ? '! ' : ''}${word}${hasValue ? ` ${value}` : ''}`)
      if (hasValue) at++
    }
    not = false
  }
  return { chain, position: chain.rules.length + 1, text, matches, others, target, goto, options }
}

/** Reads what iptables-save, ip6tables-save or ebtables-save print. Lines that are none of theirs are left out. */
export function parseSaved(text: string, set: string, family: Chain['family']): Chain[] {
  const chains = new Map<string, Chain>()
  let table = ''
  for (const line of text.split('\n')) {
    if (line.startsWith('*')) table = line.slice(1).trim()
    const [, name, policy] = /^:(\S+) (\S+)/.exec(line) ?? []
    if (name !== undefined) {
      const isHook = HOOKS.includes(name) && policy !== '-'
      chains.set(`${table} ${name}`, {
        set,
        family,
        table,
        name,
        ...(isHook
          ? {
              hook: name,
              priority:
                table === 'nat' && /^(INPUT|POSTROUTING)$/.test(name) ? 100 : (PRIORITIES[table] ?? 0),
              type: table === 'nat' && family !== 'bridge' ? 'nat' : 'filter',
              policy: policy ?? 'ACCEPT',
            }
          : family === 'bridge' && policy !== undefined
            ? { policy }
            : {}),
        rules: [],
      })
    }
    const [, own, words = ''] = /^(?:\[\d+:\d+\] )?-A (\S+) ?(.*)$/.exec(line) ?? []
    const chain = chains.get(`${table} ${own}`)
    if (own !== undefined && chain) chain.rules.push(ruleFrom(chain, words.replace(/ -c \d+ \d+(?= |$)/, '')))
  }
  return [...chains.values()]
}

/** A rule of a table of nftables, from what nft says of it. */
export function nftRule(
  chain: Chain,
  found: Pick<Rule, 'matches' | 'others' | 'target' | 'goto' | 'options' | 'text'>,
): Rule {
  return { chain, position: chain.rules.length + 1, ...found }
}

/** A packet as far as it is known: values by field. */
export type KnownPacket = Partial<Readonly<Record<Field, string>>>
/** Whether something fits. */
export type Fits = 'yes' | 'no' | 'maybe'

/** Whether a rule matches a packet. */
export function fits(rule: Pick<Rule, 'matches' | 'others'>, packet: KnownPacket): Fits {
  let answer: Fits = rule.others.length > 0 ? 'maybe' : 'yes'
  for (const [field, match] of rule.matches) {
    const one = fitsOne(field, match, packet)
    if (one === 'no') return 'no'
    if (one === 'maybe') answer = 'maybe'
  }
  return answer
}

function fitsOne(field: Field, { values, not }: Match, packet: KnownPacket): Fits {
  const value = packet[field]
  if (value === undefined) {
    // What has ports or a type has a protocol.
    return 'maybe'
  }
  if (field === 'ct') return turned(fitsState(values, value.split(',')), not)
  return turned(values.some(one => equals(field, one, value)) ? 'yes' : 'no', not)
}

function turned(answer: Fits, not: boolean): Fits {
  if (!not || answer === 'maybe') return answer
  return answer === 'yes' ? 'no' : 'yes'
}

const STATES = ['NEW', 'ESTABLISHED', 'RELATED', 'INVALID', 'UNTRACKED']
/** A packet's words say its state, and of its status all that it has. */
function fitsState(wanted: readonly string[], has: readonly string[]): Fits {
  if (wanted.some(word => has.includes(word))) return 'yes'
  const knowsState = has.some(word => STATES.includes(word))
  return !knowsState && wanted.some(word => STATES.includes(word)) ? 'maybe' : 'no'
}

function equals(field: Field, wanted: string, value: string): boolean {
  if (field === 'in' || field === 'out')
    return /[+*]$/.test(wanted) ? value.startsWith(wanted.slice(0, -1)) : wanted === value
  if (field === 'src' || field === 'dst') return contains(wanted, value)
  if (field === 'dport' || field === 'sport') {
    const [low = 0, high = low] = wanted.split(/[:-]/).map(Number)
    return Number(value) >= low && Number(value) <= high
  }
  if (field === 'mark') {
    const [mark = 0, mask = 0xffffffff] = wanted.split('/').map(Number)
    const [own = 0] = value.split('/').map(Number)
    return (own & mask) >>> 0 === (mark & mask) >>> 0
  }
  if (field === 'mac' || field === 'toMac') return ofMacs(wanted.toLowerCase(), value.toLowerCase())
  if (field === 'icmp') return wanted === value || wanted === 'any' || wanted === value.split('/')[0]
  if (field === 'etherType') return etherType(wanted) === etherType(value)
  return wanted.toLowerCase() === value.toLowerCase()
}

/** ebtables says IPv4, nft ip. */
function etherType(word: string): string {
  return word.toLowerCase().replace('ipv4', 'ip').replace('ipv6', 'ip6').replace('0x0800', 'ip')
}

/** Prefixes in bits, by their texts: the same ones are asked about again and again. */
const prefixes = new Map<string, { readonly kind: string; readonly bits: string } | undefined>()

function bitsOf(text: string): { readonly kind: string; readonly bits: string } | undefined {
  if (prefixes.has(text)) return prefixes.get(text)
  const parsed = parsePrefix(text)
  const known = parsed && {
    kind: parsed.address.kind(),
    bits: parsed.address
      .toByteArray()
      .map(byte => byte.toString(2).padStart(8, '0'))
      .join('')
      .slice(0, parsed.length),
  }
  if (prefixes.size > 100_000) prefixes.clear()
  prefixes.set(text, known)
  return known
}

/** Whether a prefix, or a range as nft has it (`192.0.2.1-192.0.2.9`), has the whole of another prefix in it. */
export function contains(wanted: string, value: string): boolean {
  const inner = bitsOf(value)
  const [from, to] = wanted.includes('-') ? wanted.split('-').map(bitsOf) : []
  if (from && to && inner)
    return (
      from.kind === inner.kind &&
      from.bits <= inner.bits.padEnd(from.bits.length, '0') &&
      inner.bits.padEnd(to.bits.length, '1') <= to.bits
    )
  const outer = bitsOf(wanted)
  if (!outer || !inner || outer.kind !== inner.kind) return wanted === value
  return inner.bits.startsWith(outer.bits)
}

function ofMacs(wanted: string, value: string): boolean {
  const [base = '', mask] = wanted.split('/')
  const numbers = (text: string) => text.split(':').map(part => Number.parseInt(part, 16))
  // nft writes a prefix, ebtables a mask.
  const masks =
    mask === undefined
      ? [255, 255, 255, 255, 255, 255]
      : mask.includes(':')
        ? numbers(mask)
        : Array.from(
            { length: 6 },
            (_, at) => 255 & (0xff00 >> Math.min(8, Math.max(0, Number(mask) - 8 * at))),
          )
  const [a, b] = [numbers(base), numbers(value)]
  return masks.every((bit, at) => ((a[at] ?? 0) & bit) === ((b[at] ?? 0) & bit))
}
