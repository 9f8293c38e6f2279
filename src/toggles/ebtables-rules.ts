import { run } from '../model/steps.js'
import type { Toggle, ToggleContext } from '../model/toggle.js'

/** A rule, in the words of ebtables(8). */
interface BridgeRule {
  readonly words: readonly string[]
  /** From its hook to its verdict, in the words of nft(8), as {@link Claim} has it. */
  readonly listed: string
}

/** The MAC address of a device in this instance of the topology; `shown` is what a person reads in its place. */
type MacOf<N extends string> = (node: N, device: string, shown: string) => string

/** Rules of ebtables that are there or not, at the end of their chain. */
export function ebtablesRules<const N extends string>({
  node,
  nodes = [node],
  summary,
  table,
  chain,
  rules,
}: {
  node: N
  /** Every node that it names. */
  nodes?: readonly N[]
  summary: string
  table: string
  chain: string
  rules: (mac: MacOf<N>) => readonly BridgeRule[]
}): Toggle<'off' | 'on', N> {
  const edit = (action: string, { mac }: ToggleContext) =>
    rules(mac).map(({ words }) => run(node, ['ebtables', '-t', table, action, chain, ...words], summary))
  return {
    summary,
    settings: ['off', 'on'],
    nodes,
    needs: ['ebtables'],
    change(to, from, context) {
      if (to === 'on') return from === 'on' ? [] : edit('-A', context)
      return from === 'on' ? edit('-D', context) : []
    },
    claims: (setting, { mac }) => [
      { node, bridgeRules: setting === 'on' ? rules(mac).map(({ listed }) => listed) : [] },
    ],
    onRealSystem: setting =>
      setting === 'on'
        ? rules((_, __, shown) => shown).map(
            ({ words }) => `ebtables -t ${table} -A ${chain} ${words.join(' ')}`,
          )
        : [],
  }
}
