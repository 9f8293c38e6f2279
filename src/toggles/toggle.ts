/** The shapes that most toggles have: a few sysctls, one rule, one option of a device. */
import { run, writeSysctls } from '../model/steps.js'
import type { Toggle } from '../model/toggle.js'

/** A toggle that is nothing but sysctls, the same on each node: `values` has them all for each setting. */
export function sysctlToggle<const S extends string, const N extends string = string>(toggle: {
  readonly summary: string
  readonly nodes: readonly N[]
  readonly values: Readonly<Record<S, Readonly<Record<string, number | string>>>>
  readonly needs?: readonly string[]
}): Toggle<S, N> {
  const { summary, nodes, values, needs = [] } = toggle
  return {
    summary,
    nodes,
    needs,
    settings: Object.keys(values) as unknown as [S, ...S[]],
    change: to => nodes.map(node => writeSysctls(node, values[to], summary)),
    claims: setting =>
      nodes.flatMap(node =>
        Object.entries(values[setting]).map(([key, value]) => ({
          node,
          what: `sysctl ${key}`,
          value: String(value),
        })),
      ),
    onRealSystem: setting =>
      Object.entries(values[setting]).map(
        ([key, value]) => `sysctl -w ${key}=${String(value).includes(' ') ? `'${value}'` : value}`,
      ),
  }
}

/** A toggle that is one iptables rule in different words: `rules` has it for each setting, null where there is none. */
export function ruleToggle<const S extends string, const N extends string = string>(toggle: {
  readonly summary: string
  readonly node: N
  readonly table: string
  readonly chain: string
  /** Where in the chain it stands, counted from 1, when the toggle is first set. */
  readonly position: number
  readonly rules: Readonly<Record<S, readonly string[] | null>>
  readonly needs?: readonly string[]
}): Toggle<S, N> {
  const { summary, node, table, chain, position, rules, needs = [] } = toggle
  const edit = (iptables: string, action: string, words: readonly string[]) =>
    run(node, [iptables, '-w', '-t', table, action, chain, ...words], summary)
  return {
    summary,
    nodes: [node],
    needs,
    settings: Object.keys(rules) as unknown as [S, ...S[]],
    change(to, from, { iptables: { iptables } }) {
      const rule = rules[to]
      const old = from === undefined ? null : rules[from]
      if (rule && old) return [edit(iptables, '-R', [String(position), ...rule])]
      if (rule) return [edit(iptables, '-I', [String(position), ...rule])]
      return old ? [edit(iptables, '-D', old)] : []
    },
    claims(setting) {
      const words = rules[setting]
      const others = Object.values<readonly string[] | null>(rules).flatMap(rule => (rule ? [rule] : []))
      return [{ node, table, chain, rule: words ? { position, words } : { not: others } }]
    },
    onRealSystem(setting) {
      const rule = rules[setting]
      return rule ? [`iptables -t ${table} -I ${chain} ${position} ${rule.join(' ')}`] : []
    },
  }
}

/** A toggle that is one option of a bridge port or a device, set through iproute2. */
export function deviceToggle<const S extends string, const N extends string = string>(toggle: {
  readonly summary: string
  readonly node: N
  /** The command for each setting. */
  readonly commands: Readonly<Record<S, readonly string[]>>
  /** What the kernel says under each of them, by the name of a configuration: `link vnet0 hairpin_mode` is `on`. */
  readonly says: { readonly what: string; readonly values: Readonly<Record<S, string>> }
}): Toggle<S, N> {
  const { summary, node, commands, says } = toggle
  const settings = Object.keys(commands) as unknown as [S, ...S[]]
  return {
    summary,
    nodes: [node],
    needs: [],
    settings,
    change: to => [run(node, commands[to], summary)],
    claims: setting => [{ node, what: says.what, value: says.values[setting] }],
    onRealSystem: setting => [commands[setting].join(' ')],
  }
}

/** The same toggle with another setting as that of the document's failure. */
export function startingWith<S extends string, N extends string>(
  first: S,
  toggle: Toggle<S, N>,
): Toggle<S, N> {
  return { ...toggle, settings: [first, ...toggle.settings.filter(setting => setting !== first)] }
}

/** Toggles that are switched on and off as one: what the first ones change comes first in either direction. */
export function together<const N extends string>(
  summary: string,
  toggles: readonly Toggle<'off' | 'on', N>[],
): Toggle<'off' | 'on', N> {
  return {
    summary,
    nodes: [...new Set(toggles.flatMap(({ nodes }) => nodes))],
    needs: [...new Set(toggles.flatMap(({ needs }) => needs))],
    settings: ['off', 'on'],
    setUp: context => toggles.flatMap(toggle => toggle.setUp?.(context) ?? []),
    change: (to, from, context) => toggles.flatMap(toggle => toggle.change(to, from, context)),
    again: (setting, context) => toggles.flatMap(toggle => toggle.again?.(setting, context) ?? []),
    claims: (setting, context) => toggles.flatMap(toggle => toggle.claims(setting, context)),
    onRealSystem: setting => toggles.flatMap(toggle => toggle.onRealSystem(setting)),
  }
}
