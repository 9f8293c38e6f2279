import { type RuleSet, rulePrograms, run } from '../model/steps.js'
import type { Toggle } from '../model/toggle.js'
import { startingWith } from './toggle.js'

/**
 * The policy of a chain that the kernel calls: what becomes of what no rule of it decides about. The topology must have loaded its
 * table. `sets` are whose chains of that name; those of iptables when left out.
 */
export function chainPolicy<const N extends string>({
  node,
  table,
  chain,
  sets = ['iptables'],
  first,
}: {
  node: N
  table: string
  chain: string
  sets?: readonly RuleSet[]
  first: 'ACCEPT' | 'DROP'
}): Toggle<'ACCEPT' | 'DROP', N> {
  const summary = `what becomes of packets that no rule of ${chain} decides about`
  return startingWith<'ACCEPT' | 'DROP', N>(first, {
    summary,
    nodes: [node],
    needs: [],
    settings: ['ACCEPT', 'DROP'],
    change: (to, _, { iptables: commands }) =>
      sets.map(set =>
        run(node, [rulePrograms(commands, set).iptables, '-w', '-t', table, '-P', chain, to], summary),
      ),
    claims: policy =>
      sets.map(set => ({ node, ...(set === 'iptables' ? {} : { set }), table, chain, policy })),
    onRealSystem: policy =>
      sets.map(set => `${set === 'ip6tables' ? set : 'iptables'} -t ${table} -P ${chain} ${policy}`),
  })
}
