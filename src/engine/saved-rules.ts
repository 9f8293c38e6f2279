/** What became of a fix's rules in the words that they were saved in. */
import type { ConfigurationChange } from '../model/configuration.js'
import type { ExperimentPlan, PhasePlan } from '../model/plan.js'
import { asListed, familyOf, nftRulesByChain, rulesByChain } from './rule-book.js'
import { type Saved, savedKey } from './topology-instance.js'

/** Each rule that a `persisted` phase claims and that was saved in other words, and what could not be loaded. */
export function savedChanges(
  { claims, persisted }: Pick<PhasePlan, 'claims' | 'persisted'>,
  { iptables }: Pick<ExperimentPlan, 'iptables'>,
  saved: ReadonlyMap<string, Saved>,
): ConfigurationChange[] {
  if (persisted === undefined) return []
  const rules = claims.flatMap(({ claim }): ConfigurationChange[] => {
    if (!('rule' in claim) || !('words' in claim.rule)) return []
    const { node, set = 'iptables', table, chain, rule } = claim
    const text = saved.get(savedKey(node, persisted, set))?.text
    if (text === undefined) return []
    const listed =
      persisted === 'nft'
        ? nftRulesByChain(text).get(`rules ${familyOf(set, iptables)} ${table} ${chain}`)
        : rulesByChain(text).get(`${table} ${chain}`)
    const before = asListed(rule.words)
    const after = listed?.[rule.position - 1]?.replace(/ ?counter packets \d+ bytes \d+/, '').trim()
    if (before === after) return []
    return [
      {
        node,
        what: `rule ${rule.position} of ${table} ${chain}, as saved by ${persisted}`,
        before,
        ...(after === undefined ? {} : { after }),
      },
    ]
  })
  const refused = [...saved].flatMap(([key, { refused: why }]) =>
    why === undefined
      ? []
      : [
          {
            node: key.split(' ')[0] ?? '',
            what: `rules that could not be loaded by ${persisted}`,
            after: why,
          },
        ],
  )
  return [...rules, ...refused]
}
