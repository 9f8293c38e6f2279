/** Whether the rules of a topology are those that it was loaded with, and those that its toggles claim to have put there. */
import type { ExperimentPlan, ToggleClaim } from '../model/plan.js'
import { asListed } from './rule-book.js'

/** Chains that iptables-restore empties with each table that it loads. */
const HOOKS: Readonly<Record<string, readonly string[]>> = {
  filter: ['INPUT', 'FORWARD', 'OUTPUT'],
  nat: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'],
  mangle: ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'],
  raw: ['PREROUTING', 'OUTPUT'],
}

/**
 * The first rule of a node that is other than it should be, in a sentence; undefined where there is none. `listed` has the rules
 * of a chain in the words of iptables-save.
 */
export function wrongRule(
  node: string,
  { rules: loaded }: Pick<ExperimentPlan, 'rules'>,
  claims: readonly ToggleClaim[],
  listed: (table: string, chain: string) => readonly string[],
): string | undefined {
  for (const [key, rules] of rulesOf(node, loaded, claims)) {
    const [table = '', chain = ''] = key.split(' ')
    const there = listed(table, chain)
    const last = Math.max(there.length, rules.length)
    for (let at = 0; at < last; at++) {
      const [is, wanted] = [there[at], rules[at]]
      if (plain(is) !== plain(wanted))
        return `rule ${at + 1} of ${key} in node ${node} is ${says(is) ?? 'not there'}, ${wanted === undefined ? 'and there should be none' : `not ${says(wanted)}`}`
    }
  }
  return undefined
}

/** The rules that a node must have, by `table chain`: what it was loaded with, and what is claimed in its place among that. */
function rulesOf(
  node: string,
  loaded: ExperimentPlan['rules'],
  claims: readonly ToggleClaim[],
): Map<string, readonly string[]> {
  const wanted = new Map(
    Object.entries(HOOKS).flatMap(([table, chains]) =>
      chains.map((chain): [string, readonly string[]] => [`${table} ${chain}`, []]),
    ),
  )
  for (const { node: of, table, chain, rules } of loaded)
    if (of === node) wanted.set(`${table} ${chain}`, rules)
  for (const { claim } of claims) {
    if (claim.node !== node || !('chain' in claim) || !('words' in claim.rule)) continue
    const key = `${claim.table} ${claim.chain}`
    const { position, words } = claim.rule
    wanted.set(key, (wanted.get(key) ?? []).toSpliced(position - 1, 0, words.join(' ')))
  }
  return wanted
}

function says(rule: string | undefined): string | undefined {
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
