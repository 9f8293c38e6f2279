/** Whether the rules of a topology are those that it was loaded with, and those that its toggles claim to have put there. */

import type { Policy } from '../model/configuration.js'
import type { ExperimentPlan, ToggleClaim } from '../model/plan.js'
import { RULE_SETS, type RuleSet } from '../model/steps.js'
import { asListed } from './rule-book.js'

/** What the kernel says of a chain. */
export interface ListedChain {
  readonly rules: readonly string[]
  /** Left out where there is no such chain, or it is none that the kernel itself calls. */
  readonly policy?: Policy
}
type WantedChain = Required<ListedChain>

const SAID: Readonly<Record<string, string>> = { ip6tables: 'ip6tables', otherIptables: 'the other iptables' }

/** Chains that iptables-restore empties with each table that it loads. */
const HOOKS: Readonly<Record<string, readonly string[]>> = {
  filter: ['INPUT', 'FORWARD', 'OUTPUT'],
  nat: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'],
  mangle: ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'],
  raw: ['PREROUTING', 'OUTPUT'],
}

/** What they are then, by `set table chain`. */
const EMPTY = RULE_SETS.flatMap(set =>
  Object.entries(HOOKS).flatMap(([table, chains]) =>
    chains.map((chain): [string, WantedChain] => [
      `${set} ${table} ${chain}`,
      { rules: [], policy: 'ACCEPT' },
    ]),
  ),
)

/** A rule or a policy that is other than it should be. */
export interface WrongRule {
  /** The set that it is in, or is not. */
  readonly set: RuleSet
  /** A sentence. */
  readonly says: string
}

/**
 * The first rule or policy of a node that is other than it should be; undefined where there is none. `listed` has the
 * rules of a chain in the words of iptables-save, and its policy where it has one.
 */
export function wrongRule(
  node: string,
  { rules: loaded }: Pick<ExperimentPlan, 'rules'>,
  claims: readonly ToggleClaim[],
  listed: (set: RuleSet, table: string, chain: string) => ListedChain,
): WrongRule | undefined {
  for (const [key, wanted] of chainsOf(node, loaded, claims)) {
    const [own = '', table = '', chain = ''] = key.split(' ')
    const set = own as RuleSet
    const there = listed(set, table, chain)
    const name = `${table} ${chain}${set === 'iptables' ? '' : ` of ${SAID[set] ?? set}`}`
    if (there.policy !== undefined && there.policy !== wanted.policy)
      return { set, says: `the policy of ${name} in node ${node} is ${there.policy}, not ${wanted.policy}` }
    const last = Math.max(there.rules.length, wanted.rules.length)
    for (let at = 0; at < last; at++) {
      const [is, should] = [there.rules[at], wanted.rules[at]]
      if (plain(is) !== plain(should))
        return {
          set,
          says: `rule ${at + 1} of ${name} in node ${node} is ${quoted(is) ?? 'not there'}, ${should === undefined ? 'and there should be none' : `not ${quoted(should)}`}`,
        }
    }
  }
  return undefined
}

/** The chains that a node must have, by `set table chain`: what it was loaded with, and what is claimed in its place among that. */
function chainsOf(
  node: string,
  loaded: ExperimentPlan['rules'],
  claims: readonly ToggleClaim[],
): Map<string, WantedChain> {
  const wanted = new Map(EMPTY)
  for (const { node: of, set, table, chain, rules, policy = 'ACCEPT' } of loaded)
    if (of === node) wanted.set(`${set} ${table} ${chain}`, { rules, policy })
  for (const { claim } of claims) {
    if (claim.node !== node || !('chain' in claim)) continue
    const key = `${claim.set ?? 'iptables'} ${claim.table} ${claim.chain}`
    const { rules, policy } = wanted.get(key) ?? { rules: [], policy: 'ACCEPT' as const }
    if ('policy' in claim) wanted.set(key, { rules, policy: claim.policy })
    else if ('words' in claim.rule)
      wanted.set(key, {
        rules: rules.toSpliced(claim.rule.position - 1, 0, claim.rule.words.join(' ')),
        policy,
      })
  }
  return wanted
}

function quoted(rule: string | undefined): string | undefined {
  return rule === undefined ? undefined : `'${rule}'`
}

/** A rule without what iptables-save adds to it: the length of a prefix that is one address, and the names of its matches. */
function plain(rule: string | undefined): string | undefined {
  return rule === undefined
    ? undefined
    : asListed(rule.split(' '))
        .replace(/(^| )-m \S+/g, '')
        .trim()
}
