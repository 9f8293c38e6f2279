import type { Claim } from '../model/configuration.js'
import { type RuleSet, rulePrograms, run } from '../model/steps.js'
import type { Toggle } from '../model/toggle.js'

/** A rule of a set, in the words of iptables-save. */
interface Rule {
  /** Whose rule; that of iptables when left out. */
  readonly set?: RuleSet
  readonly table: string
  readonly chain: string
  readonly words: readonly string[]
}

/**
 * Several rules of iptables that belong together: those of each setting, which stand first in their chains, in this order. The topology
 * must have loaded their tables, though it be without a rule; tables of the other backend come with the toggle.
 */
export function iptablesRules<const S extends string, const N extends string>({
  node,
  summary,
  settings,
  needs = [],
}: {
  node: N
  summary: string
  /** The rules of each setting; none for the document's failure, which comes first. */
  settings: Readonly<Record<S, readonly Rule[]>>
  needs?: readonly string[]
}): Toggle<S, N> {
  const placed = (rules: readonly Rule[]) =>
    rules.map((rule, index) => ({
      ...rule,
      position: 1 + rules.slice(0, index).filter(other => chainOf(other) === chainOf(rule)).length,
    }))
  const all = Object.values<readonly Rule[]>(settings).flat()
  const chains = [...new Set(all.map(chainOf))]
  const others = all.filter(({ set }) => set === 'otherIptables')
  return {
    summary,
    nodes: [node],
    // One of them is the one that is called, the other is the other one.
    needs: others.length > 0 ? [...needs, 'iptables-nft', 'iptables-legacy'] : needs,
    // What iptables makes of a table by its first rule stays when that is gone.
    setUp: ({ iptables }) =>
      others.length > 0
        ? [
            run(
              node,
              [rulePrograms(iptables, 'otherIptables').restore, '-w'],
              'load the tables of the other iptables',
              others.map(({ table, chain }) => `*${table}\n:${chain} ACCEPT [0:0]\nCOMMIT\n`).join(''),
            ),
          ]
        : [],
    settings: Object.keys(settings) as unknown as [S, ...S[]],
    change(to, from, { iptables: commands }) {
      const edit = ({ set = 'iptables', table }: Rule, action: readonly string[]) =>
        run(node, [rulePrograms(commands, set).iptables, '-w', '-t', table, ...action], summary)
      const old = from === undefined ? [] : settings[from]
      return [
        ...old.map(rule => edit(rule, ['-D', rule.chain, ...rule.words])),
        ...placed(settings[to]).map(({ position, ...rule }) =>
          edit(rule, ['-I', rule.chain, String(position), ...rule.words]),
        ),
      ]
    },
    claims(setting) {
      const own = placed(settings[setting])
      return chains.flatMap((chain): Claim<N>[] => {
        const [set = '', table = '', name = ''] = chain.split(' ')
        const where = { node, ...(set === 'iptables' ? {} : { set: set as RuleSet }), table, chain: name }
        const there = own.filter(rule => chainOf(rule) === chain)
        const mine = new Set(there.map(({ words }) => words.join(' ')))
        const not = all
          .filter(rule => chainOf(rule) === chain && !mine.has(rule.words.join(' ')))
          .map(({ words }) => words)
        return [
          ...there.map(({ position, words }) => ({ ...where, rule: { position, words } })),
          ...(not.length > 0 ? [{ ...where, rule: { not } }] : []),
        ]
      })
    },
    onRealSystem: setting =>
      placed(settings[setting]).map(
        ({ set = 'iptables', table, chain, position, words }) =>
          `${ON_REAL_SYSTEM[set]} -t ${table} -I ${chain} ${position} ${words.join(' ')}`,
      ),
  }
}

const ON_REAL_SYSTEM: Readonly<Record<RuleSet, string>> = {
  iptables: 'iptables',
  ip6tables: 'ip6tables',
  otherIptables: 'iptables-legacy',
}

function chainOf({ set = 'iptables', table, chain }: Rule): string {
  return `${set} ${table} ${chain}`
}
