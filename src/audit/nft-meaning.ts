/** What a rule of nftables matches and does, from its expressions as `nft -j` has them (libnftables-json(5)). */
import type { Field, Match, Rule } from './rules.js'

/** What the left side of a match is, by its place in nft's JSON. */
const LEFT: Readonly<Record<string, Field>> = {
  'meta iifname': 'in',
  'meta iif': 'in',
  'meta oifname': 'out',
  'meta oif': 'out',
  'meta l4proto': 'proto',
  'meta mark': 'mark',
  'meta protocol': 'etherType',
  'ip saddr': 'src',
  'ip daddr': 'dst',
  'ip6 saddr': 'src',
  'ip6 daddr': 'dst',
  'ip protocol': 'proto',
  'ip6 nexthdr': 'proto',
  'ether saddr': 'mac',
  'ether daddr': 'toMac',
  'ether type': 'etherType',
  'udp dport': 'dport',
  'tcp dport': 'dport',
  'th dport': 'dport',
  'udp sport': 'sport',
  'tcp sport': 'sport',
  'ct state': 'ct',
  'ct status': 'ct',
  'fib saddr type': 'srcType',
  'fib daddr type': 'dstType',
}

/** What a rule matches and does. */
type Meaning = Pick<Rule, 'matches' | 'others' | 'target' | 'goto' | 'options' | 'text'>
/** The elements of a set or map of the rule's table, by its name. */
type Elements = (name: string) => readonly unknown[] | undefined

/** What a rule comes to: one meaning, or one for each element of the verdict map that it looks up. */
export function meanings(expr: readonly Record<string, unknown>[], elements: Elements): Meaning[] {
  const matches = new Map<Field, Match>()
  const others: string[] = []
  let [target, goto, options] = ['', false, '']
  for (const one of expr) {
    const [kind = '', body] = Object.entries(one)[0] ?? []
    if (kind === 'match') {
      const { op, left, right } = (body ?? {}) as Record<string, unknown>
      addMatch({ op, left, right: resolved(right, elements) }, matches, others)
    } else if (kind === 'vmap') {
      const looked = lookedUp(body, elements)
      if (looked) return looked.map(one => ofElement(one, matches, others))
      others.push('vmap')
    } else if (Object.hasOwn(VERDICTS, kind)) ({ target, goto } = verdictOf(one))
    else if (kind === 'dnat' || kind === 'snat' || kind === 'masquerade' || kind === 'redirect') {
      target = kind.toUpperCase()
      options = natOptions(kind, body)
    } else if (kind === 'mangle' || kind === 'ct helper') {
      target = target || kind.toUpperCase()
      options = `${options} ${JSON.stringify(body)}`.trim()
    } else if (!['counter', 'comment', 'log'].includes(kind)) others.push(kind)
  }
  return [{ matches, others, target, goto, options, text: asText(matches, others, target, options) }]
}

/** Statements that end a chain, or lead to another one, and what they are in iptables. */
const VERDICTS: Readonly<Record<string, string>> = {
  accept: 'ACCEPT',
  drop: 'DROP',
  return: 'RETURN',
  reject: 'DROP',
  jump: '',
  goto: '',
}

function verdictOf(statement: unknown): Pick<Meaning, 'target' | 'goto'> {
  const [kind = '', body] = Object.entries((statement ?? {}) as Record<string, unknown>)[0] ?? []
  const chain = (body as { target?: unknown } | null)?.target
  return { target: VERDICTS[kind] || String(chain ?? ''), goto: kind === 'goto' }
}

/** An element of a verdict map: what the key must be, and what then. */
interface Looked {
  readonly keys: readonly (readonly [left: unknown, right: unknown])[]
  readonly verdict: unknown
}

/** The elements of a verdict map, each with the parts of its key; undefined where they are not known. */
function lookedUp(body: unknown, elements: Elements): Looked[] | undefined {
  const { key, data } = (body ?? {}) as { key?: unknown; data?: unknown }
  const list = typeof data === 'string' ? elements(data.replace(/^@/, '')) : membersOf(data)
  if (!Array.isArray(list)) return undefined
  const lefts = partsOf(key)
  const found = list.flatMap((element: unknown) => {
    if (!Array.isArray(element)) return []
    const [value, verdict] = element as readonly unknown[]
    const rights = partsOf(bare(value))
    return rights.length === lefts.length
      ? [{ keys: lefts.map((left, at) => [left, rights[at]] as const), verdict }]
      : []
  })
  // `*` is for what no other element is for.
  return found.sort((a, b) => Number(isRest(a)) - Number(isRest(b)))
}

const isRest = ({ keys }: Looked) => keys.every(([, right]) => right === '*')

function ofElement(
  { keys, verdict }: Looked,
  before: ReadonlyMap<Field, Match>,
  unknown: readonly string[],
): Meaning {
  const [matches, others] = [new Map(before), [...unknown]]
  for (const [left, right] of keys) if (right !== '*') addMatch({ op: '==', left, right }, matches, others)
  const { target, goto } = verdictOf(verdict)
  return { matches, others, target, goto, options: '', text: asText(matches, others, target, '') }
}

function addMatch(body: Record<string, unknown>, matches: Map<Field, Match>, others: string[]): void {
  const { field, match, text, implies } = matchOf(body)
  if (field) matches.set(field, match)
  else others.push(text)
  if (implies && !matches.has('proto')) matches.set('proto', { values: [implies], not: false })
}

/** The right side of a match: the elements of a set in place of its name, where they are known. */
function resolved(right: unknown, elements: Elements): unknown {
  if (typeof right !== 'string' || !right.startsWith('@')) return right
  const known = elements(right.slice(1))
  return known ? { set: known.map(bare) } : { unknown: right }
}

/** An element without what the set keeps of it (a time-out, a counter). */
function bare(element: unknown): unknown {
  const own = (element as { elem?: { val?: unknown } } | null)?.elem
  return own === undefined ? element : own.val
}

function partsOf(key: unknown): readonly unknown[] {
  const parts = (key as { concat?: unknown } | null)?.concat
  return Array.isArray(parts) ? (parts as readonly unknown[]) : [key]
}

function membersOf(data: unknown): unknown {
  return (data as { set?: unknown } | null)?.set
}

function matchOf(body: Record<string, unknown>): {
  readonly field?: Field
  readonly match: Match
  readonly text: string
  readonly implies?: string
} {
  const { op, left, right } = body
  const place = placeOf(left)
  const not = op === '!='
  const mask = maskOf(left)
  const values = valuesOf(right, place).map(value => (mask === undefined ? value : `${value}/${mask}`))
  const match = { values, not }
  // fib daddr . iif type: what the address is to the device that it came by.
  const byDevice = place === 'fib daddr iif type'
  const known = mask === undefined || place === 'meta mark'
  const field = byDevice ? 'localToDevice' : known && Object.hasOwn(LEFT, place) ? LEFT[place] : undefined
  const implies = /^(udp|tcp) /.exec(place)?.[1]
  return {
    ...(field === undefined || values.length === 0 ? {} : { field }),
    match: byDevice ? { values: values.includes('LOCAL') ? ['yes'] : ['no'], not } : match,
    text: `${place} ${String(op)} ${values.join(',')}`,
    ...(implies === undefined ? {} : { implies }),
  }
}

/** Of `meta mark & 0x4000` the number. */
function maskOf(left: unknown): string | undefined {
  const parts = (left as { '&'?: unknown } | null)?.['&']
  return Array.isArray(parts) ? String(parts[1]) : undefined
}

function placeOf(left: unknown): string {
  const [kind, body] = Object.entries((left ?? {}) as Record<string, unknown>)[0] ?? []
  const own = (body ?? {}) as Record<string, unknown>
  if (kind === 'meta' || kind === 'ct') return `${kind} ${String(own.key)}`
  if (kind === 'payload') return `${String(own.protocol)} ${String(own.field)}`
  if (kind === 'fib') return ['fib', ...[own.flags ?? []].flat(), String(own.result)].join(' ')
  if (kind === '&') {
    // meta mark & mask
    return placeOf(Array.isArray(body) ? body[0] : undefined)
  }
  return JSON.stringify(left) ?? ''
}

function valuesOf(right: unknown, place: string): string[] {
  const upper = /^(ct|fib)/.test(place)
  if (typeof right === 'string' || typeof right === 'number')
    return [upper ? String(right).toUpperCase() : String(right)]
  const [kind, body] = Object.entries((right ?? {}) as Record<string, unknown>)[0] ?? []
  if (Array.isArray(right)) return right.flatMap(one => valuesOf(one, place))
  if (kind === 'set' && Array.isArray(body)) return body.flatMap(one => valuesOf(one, place))
  if (kind === 'range' && Array.isArray(body)) return [body.join('-')]
  if (kind === 'prefix') {
    const { addr, len } = (body ?? {}) as { addr?: unknown; len?: unknown }
    return [`${String(addr)}/${String(len)}`]
  }
  if (kind === '|' && Array.isArray(body)) return body.flatMap(one => valuesOf(one, place))
  return []
}

function natOptions(kind: string, body: unknown): string {
  const { addr, port, flags } = (body ?? {}) as Record<string, unknown>
  const to = [addr, port].filter(part => part !== undefined).map(part => valuesOf(part, '')[0] ?? '')
  const random = [flags ?? []].flat().map(flag => `--${String(flag).replace('fully-random', 'random-fully')}`)
  const word = kind === 'dnat' ? '--to-destination' : '--to-source'
  return [...(to.length > 0 && kind !== 'masquerade' ? [word, to.join(':')] : []), ...random].join(' ')
}

const WORDS: Partial<Readonly<Record<Field, string>>> = {
  in: '-i',
  out: '-o',
  src: '-s',
  dst: '-d',
  proto: '-p',
  dport: '--dport',
  sport: '--sport',
  ct: '--ctstate',
  mark: '--mark',
  srcType: '--src-type',
  dstType: '--dst-type',
}

/** A rule in words like those of iptables-save, by which facts are matched whoever keeps the rule. */
function asText(
  matches: ReadonlyMap<Field, Match>,
  others: readonly string[],
  target: string,
  options: string,
): string {
  return [
    ...[...matches].map(([field, { values, not }]) =>
      [...(not ? ['!'] : []), WORDS[field] ?? field, values.join(',')].join(' '),
    ),
    ...others,
    ...(target === '' ? [] : ['-j', target]),
    ...(options === '' ? [] : [options]),
  ].join(' ')
}
