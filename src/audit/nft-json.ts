/** Tables of nftables that no iptables keeps, from what `nft -j list ruleset` says. */
import { z } from 'zod'
import { meanings } from './nft-meaning.js'
import { type Chain, chainKey, nftRule } from './rules.js'

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
const setShape = z.object({
  family: z.string(),
  table: z.string(),
  name: z.string(),
  elem: z.array(z.unknown()).default([]),
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
  const sets = new Map<string, readonly unknown[]>()
  for (const entry of nftables) {
    const set = setShape.safeParse(entry.set ?? entry.map).data
    if (set) sets.set(`${set.family} ${set.table} ${set.name}`, set.elem)
  }
  for (const entry of nftables) {
    if (!('rule' in entry)) continue
    const { family, table, chain: name, expr } = ruleShape.parse(entry.rule)
    const chain = chains.get(chainKey({ set: 'nft', table: `${family} ${table}`, name }))
    if (!chain) continue
    for (const meaning of meanings(expr, set => sets.get(`${family} ${table} ${set}`)))
      chain.rules.push(nftRule(chain, meaning))
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
