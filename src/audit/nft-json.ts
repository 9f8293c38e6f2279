/** Tables of nftables that no iptables keeps, from what `nft -j list ruleset` says. */
import { z } from 'zod'
import { type Chain, chainKey, type Field, type Match, nftRule, type Rule } from './rules.js'

const listing = z.object({ nftables: z.array(z.record(z.string(), z.unknown())) })
const chainShape = z.object({
  family: z.string(),
  table: z.string(),
  name: z.string(),
  type: z.string().optional(),
  hook: z.string().optional(),
  prio: z.number().optional(),
  policy: z.string().optional(),
})
const ruleShape = z.object({
  family: z.string(),
  table: z.string(),
  chain: z.string(),
  expr: z.array(z.record(z.string(), z.unknown())).default([]),
})

/** Tables that iptables-nft, ip6tables-nft and ebtables-nft keep, and list themselves: in better words than nft has for them. */
const OF_IPTABLES = new Set(['filter', 'nat', 'mangle', 'raw', 'security', 'broute'])
const HOOK_CHAINS = new Set(['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'])
/** Programs that list what iptables-nft, ip6tables-nft and ebtables-nft keep, by family. */
export const LISTS: Readonly<Record<string, string>> = {
  ip: 'iptables-nft-save',
  ip6: 'ip6tables-nft-save',
  bridge: 'ebtables-nft-save',
}

/**
 * Reads it, without the tables that iptables keeps in families whose own program lists them. Throws ZodError or SyntaxError where it is
 * something else.
 */
export function parseNft(text: string, listed: ReadonlySet<string>): Chain[] {
  const { nftables } = listing.parse(JSON.parse(text === '' ? '{"nftables":[]}' : text))
  const chains = new Map<string, Chain>()
  for (const entry of nftables) {
    if (!('chain' in entry)) continue
    const chain = chainShape.parse(entry.chain)
    if (listed.has(chain.family) && ofIptables(chain.family, chain.table, nftables)) continue
    const made: Chain = {
      set: 'nft',
      family: chain.family as Chain['family'],
      table: `${chain.family} ${chain.table}`,
      name: chain.name,
      ...(chain.hook === undefined
        ? {}
        : {
            hook: chain.hook.toUpperCase(),
            priority: chain.prio ?? 0,
            type: chain.type ?? 'filter',
            policy: (chain.policy ?? 'accept').toUpperCase(),
          }),
      rules: [],
    }
    chains.set(chainKey(made), made)
  }
  for (const entry of nftables) {
    if (!('rule' in entry)) continue
    const { family, table, chain: name, expr } = ruleShape.parse(entry.rule)
    const chain = chains.get(chainKey({ set: 'nft', table: `${family} ${table}`, name }))
    chain?.rules.push(nftRule(chain, meaning(expr)))
  }
  return [...chains.values()]
}

/** Whether a table is one that iptables-save lists: of its name and family, with its own chains. */
function ofIptables(family: string, table: string, all: readonly Record<string, unknown>[]): boolean {
  if (!OF_IPTABLES.has(table)) return false
  const chains = all.flatMap(entry => {
    const chain = chainShape.safeParse(entry.chain).data
    return chain?.family === family && chain.table === table && chain.hook !== undefined ? [chain] : []
  })
  return (
    chains.length > 0 &&
    chains.every(({ name, hook }) => HOOK_CHAINS.has(name) && name === hook?.toUpperCase())
  )
}

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
function meaning(
  expr: readonly Record<string, unknown>[],
): Pick<Rule, 'matches' | 'others' | 'target' | 'goto' | 'options' | 'text'> {
  const matches = new Map<Field, Match>()
  const others: string[] = []
  let [target, goto, options] = ['', false, '']
  for (const one of expr) {
    const [kind = '', body] = Object.entries(one)[0] ?? []
    if (kind === 'match') {
      const { field, match, text, implies } = matchOf(body as Record<string, unknown>)
      if (field) matches.set(field, match)
      else others.push(text)
      if (implies && !matches.has('proto')) matches.set('proto', { values: [implies], not: false })
    } else if (kind === 'accept' || kind === 'drop' || kind === 'return') target = kind.toUpperCase()
    else if (kind === 'reject') target = 'DROP'
    else if (kind === 'jump' || kind === 'goto') {
      target = String((body as { target?: unknown } | null)?.target ?? '')
      goto = kind === 'goto'
    } else if (kind === 'dnat' || kind === 'snat' || kind === 'masquerade' || kind === 'redirect') {
      target = kind.toUpperCase()
      options = natOptions(kind, body)
    } else if (kind === 'mangle' || kind === 'ct helper') {
      target = target || kind.toUpperCase()
      options = `${options} ${JSON.stringify(body)}`.trim()
    } else if (!['counter', 'comment', 'log'].includes(kind)) others.push(kind)
  }
  return { matches, others, target, goto, options, text: asText(matches, others, target, options) }
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
  const values = valuesOf(right, place)
  const match = { values, not }
  // fib daddr . iif type: what the address is to the device that it came by.
  const byDevice = place === 'fib daddr iif type'
  const field = byDevice ? 'localToDevice' : Object.hasOwn(LEFT, place) ? LEFT[place] : undefined
  const implies = /^(udp|tcp) /.exec(place)?.[1]
  return {
    ...(field === undefined || values.length === 0 ? {} : { field }),
    match: byDevice ? { values: values.includes('LOCAL') ? ['yes'] : ['no'], not } : match,
    text: `${place} ${String(op)} ${values.join(',')}`,
    ...(implies === undefined ? {} : { implies }),
  }
}

function placeOf(left: unknown): string {
  const [kind, body] = Object.entries((left ?? {}) as Record<string, unknown>)[0] ?? []
  const own = (body ?? {}) as Record<string, unknown>
  if (kind === 'meta' || kind === 'ct') return `${kind} ${String(own.key)}`
  if (kind === 'payload') return `${String(own.protocol)} ${String(own.field)}`
  if (kind === 'fib') return ['fib', ...[own.flags ?? []].flat(), String(own.result)].join(' ')
  if (kind === '&') {
    // meta mark & mask
    const [inner] = body as readonly unknown[]
    return placeOf(inner)
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
    const { addr, len } = body as { addr: string; len: number }
    return [`${addr}/${len}`]
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
