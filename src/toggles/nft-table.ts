import { run } from '../model/steps.js'
import type { Toggle } from '../model/toggle.js'

/**
 * A table of nftables that is there or not: its chains and rules, in the words of nft(8). `needs` are the capabilities that its
 * expressions take.
 */
export function nftTable<const N extends string>({
  node,
  summary,
  table,
  chains,
  needs,
}: {
  node: N
  summary: string
  /** Its family and name: `ip lab`. */
  table: string
  /** What each chain hooks on to, and its rules. */
  chains: Readonly<Record<string, { readonly hook: string; readonly rules: readonly string[] }>>
  needs: readonly string[]
}): Toggle<'off' | 'on', N> {
  const lines = [
    `add table ${table}`,
    ...Object.entries(chains).flatMap(([chain, { hook, rules }]) => [
      `add chain ${table} ${chain} { ${hook} }`,
      ...rules.map(rule => `add rule ${table} ${chain} ${rule}`),
    ]),
  ]
  const count = Object.values(chains).flatMap(({ rules }) => rules).length
  return {
    summary,
    nodes: [node],
    needs,
    settings: ['off', 'on'],
    change(to, from = 'off') {
      if (to === from) return []
      return [
        to === 'on'
          ? run(node, ['nft', '-f', '-'], summary, `${lines.join('\n')}\n`)
          : run(node, ['nft', 'delete', 'table', ...table.split(' ')], summary),
      ]
    },
    claims: setting => [{ node, nftTable: table, rules: setting === 'on' ? count : 0 }],
    onRealSystem: setting => (setting === 'on' ? lines.map(line => `nft '${line}'`) : []),
  }
}
