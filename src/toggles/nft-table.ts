import { run } from '../model/steps.js'
import type { Toggle } from '../model/toggle.js'

/** Chains of a table of nftables: what each hooks on to, and its rules; in the words of nft(8). */
type Chains = Readonly<Record<string, { readonly hook: string; readonly rules: readonly string[] }>>

interface Table<N extends string> {
  readonly node: N
  readonly summary: string
  /** Its family and name: `ip lab`. */
  readonly table: string
  /** Ids of the capabilities that its expressions take. */
  readonly needs: readonly string[]
  /** What it holds besides chains, in whole commands: `add ct helper ip lab tftp { … }`. */
  readonly objects?: readonly string[]
}

/** A table of nftables that is there or not. */
export function nftTable<const N extends string>({
  chains,
  ...table
}: Table<N> & { readonly chains: Chains }): Toggle<'off' | 'on', N> {
  return nftTables({ ...table, settings: { off: {}, on: chains } })
}

/** A table of nftables that has other chains under each setting, and is not there where it would have none. */
export function nftTables<const S extends string, const N extends string>({
  node,
  summary,
  table,
  needs,
  objects = [],
  settings,
}: Table<N> & { readonly settings: Readonly<Record<S, Chains>> }): Toggle<S, N> {
  const lines = (setting: S) => {
    const chains = Object.entries(settings[setting])
    if (chains.length === 0) return []
    return [
      `add table ${table}`,
      ...objects,
      ...chains.flatMap(([chain, { hook, rules }]) => [
        `add chain ${table} ${chain} { ${hook} }`,
        ...rules.map(rule => `add rule ${table} ${chain} ${rule}`),
      ]),
    ]
  }
  const has = (setting: S | undefined) => setting !== undefined && lines(setting).length > 0
  return {
    summary,
    nodes: [node],
    needs,
    settings: Object.keys(settings) as unknown as [S, ...S[]],
    change(to, from) {
      if (to === from) return []
      const remove = run(node, ['nft', 'delete', 'table', ...table.split(' ')], summary)
      const add = run(node, ['nft', '-f', '-'], summary, `${lines(to).join('\n')}\n`)
      return [...(has(from) ? [remove] : []), ...(has(to) ? [add] : [])]
    },
    claims(setting) {
      const rules = Object.values(settings[setting]).flatMap(({ rules: own }) => own).length
      const hooks = Object.entries(settings[setting]).flatMap(([chain, { hook }]) => {
        const [, name, priority] = /hook (\S+) priority (-?\d+);/.exec(hook) ?? []
        return name === undefined ? [] : [[chain, `${name} priority ${priority}`] as const]
      })
      return [{ node, nftTable: table, rules, hooks: Object.fromEntries(hooks) }]
    },
    onRealSystem: setting => lines(setting).map(line => `nft '${line}'`),
  }
}
