/** What becomes of a packet in rules, as nf_hook_slow(), ipt_do_table() and nft_do_chain() go through them. */
import { type Chain, chainKey, fits, type KnownPacket, type Rule, type RuleSets } from './rules.js'

/** Deeper than the kernel lets chains jump (NFT_JUMP_STACK_SIZE, include/net/netfilter/nf_tables.h). */
const DEPTH = 16
/** More ways through rules than these are not looked at. */
const MOST_WAYS = 20_000
const FINAL = new Set(['ACCEPT', 'DROP', 'REJECT', 'DNAT', 'SNAT', 'MASQUERADE', 'REDIRECT', 'QUEUE'])

/** A way to a rule: the rules that jump there, and it. */
export interface Way {
  readonly path: readonly Rule[]
  readonly rule: Rule
}

/** What it comes to: a target, or `policy ACCEPT`; and the rule that says so. */
export interface Verdict {
  readonly verdict: string
  readonly rule?: Rule
}

/** Whether a chain is asked about packets of a family. */
function asks({ family }: Chain, wanted: string): boolean {
  return family === wanted || (family === 'inet' && wanted !== 'bridge')
}

/** The chains that a hook begins with, in their order. */
export function baseChains(
  sets: RuleSets,
  { family, hook, nat }: { readonly family: string; readonly hook: string; readonly nat: boolean },
): Chain[] {
  return [...sets.values()]
    .filter(chain => chain.hook === hook && asks(chain, family) && (chain.type === 'nat') === nat)
    .sort((a, b) => (a.priority ?? 0) - (b.priority ?? 0))
}

/** Every way from a hook to a rule with one of these targets, of which none is known not to fit the packet. */
export function waysTo(sets: RuleSets, chains: readonly Chain[], targets: ReadonlySet<string>): Way[] {
  const found: Way[] = []
  const visit = (chain: Chain, path: readonly Rule[]) => {
    for (const rule of chain.rules) {
      if (found.length >= MOST_WAYS) return
      if (targets.has(rule.target)) found.push({ path, rule })
      const next = sets.get(chainKey({ ...chain, name: rule.target }))
      if (next && path.length < DEPTH && !path.some(({ chain: before }) => before === next))
        visit(next, [...path, rule])
    }
  }
  for (const chain of chains) visit(chain, [])
  return found
}

/** Whether a packet may come this way. */
export function mayCome({ path, rule }: Way, packet: KnownPacket): boolean {
  return [...path, rule].every(one => fits(one, packet) !== 'no')
}

/**
 * What the first rule says that surely is about the packet; the policy where there is none. A rule that may be about it is passed; where it
 * would have kept the packet from its translation, that is a `maybe`.
 */
function verdictIn(sets: RuleSets, chain: Chain, packet: KnownPacket): Verdict {
  const doubt = { is: false }
  const found = follow(sets, chain, packet, 0, doubt)
  if (found === 'back') return { verdict: `policy ${chain.policy ?? 'ACCEPT'}` }
  return chain.type === 'nat' && doubt.is ? { ...found, verdict: `maybe ${found.verdict}` } : found
}

function follow(
  sets: RuleSets,
  chain: Chain,
  packet: KnownPacket,
  depth: number,
  doubt: { is: boolean },
): Verdict | 'back' {
  for (const rule of chain.rules) {
    const answer = fits(rule, packet)
    if (answer === 'maybe' && (rule.target === 'RETURN' || rule.target === 'ACCEPT')) doubt.is = true
    if (answer !== 'yes') continue
    if (rule.target === 'RETURN') return 'back'
    if (FINAL.has(rule.target)) return { verdict: rule.target === 'REJECT' ? 'DROP' : rule.target, rule }
    const next = sets.get(chainKey({ ...chain, name: rule.target }))
    if (!next || depth > DEPTH) continue
    const inner = follow(sets, next, packet, depth + 1, doubt)
    if (inner !== 'back') return inner
    if (rule.goto) return 'back'
  }
  // ebtables gives chains of one's own a policy, too; that of a hook is told by it.
  if (chain.hook === undefined && /ACCEPT|DROP/.test(chain.policy ?? ''))
    return { verdict: chain.policy ?? 'ACCEPT' }
  return 'back'
}

/** What becomes of a packet in all base chains of a hook: the first that drops it, or the last that has a word for it; `none` without any. */
export function verdictAt(sets: RuleSets, chains: readonly Chain[], packet: KnownPacket): Verdict {
  let last: Verdict = { verdict: 'none' }
  for (const chain of chains) {
    const own = verdictIn(sets, chain, packet)
    if (/DROP/.test(own.verdict)) return own
    if (own.rule || last.verdict === 'none') last = own
    // Of NAT the first word counts: the others are not asked any more.
    if (chain.type === 'nat' && own.rule && own.verdict !== 'ACCEPT') return own
  }
  return last
}
