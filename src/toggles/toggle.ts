/** What a toggle is: one knob with named settings, and the commands that turn it. One file for each, all behind this. */
import { run, type Step, writeSysctls } from '../model/steps.js'
import type { IptablesCommands } from '../topology/compile.js'

/** What a toggle's commands depend on besides the setting. */
export interface ToggleContext {
  readonly iptables: IptablesCommands
  /** MAC address of a device in this instance of the topology. */
  readonly mac: (node: string, device: string) => string
  /** A folder that this instance of the topology has to itself. */
  readonly folder: string
  /** Every toggle with the setting that it gets at the same time. */
  readonly settings: Readonly<Record<string, string>>
}

/** One knob. `S` names its settings; the first one is that of the document's failure. */
export interface Toggle<S extends string = string> {
  /** What it is, in a sentence. */
  readonly summary: string
  readonly settings: readonly [S, ...S[]]
  /** Ids of the capabilities that any setting but the first one needs. */
  readonly needs: readonly string[]
  /** Steps of the build that any setting but the first one needs: a daemon that it talks to. */
  setUp?(context: ToggleContext): Step[]
  /** The steps that bring it from one setting to another; `from` is undefined when the topology has just been built. */
  change(to: S, from: S | undefined, context: ToggleContext): Step[]
  /** The command lines that give a real system this setting. */
  onRealSystem(setting: S): readonly string[]
}

/** A toggle that is nothing but sysctls, the same on each node: `values` has them all for each setting. */
export function sysctlToggle<const S extends string>(toggle: {
  readonly summary: string
  readonly nodes: readonly string[]
  readonly values: Readonly<Record<S, Readonly<Record<string, number>>>>
  readonly needs?: readonly string[]
}): Toggle<S> {
  const { summary, nodes, values, needs = [] } = toggle
  return {
    summary,
    needs,
    settings: Object.keys(values) as unknown as [S, ...S[]],
    change: to => nodes.map(node => writeSysctls(node, values[to], summary)),
    onRealSystem: setting =>
      Object.entries(values[setting]).map(([key, value]) => `sysctl -w ${key}=${value}`),
  }
}

/** A toggle that is one iptables rule in different words: `rules` has it for each setting, null where there is none. */
export function ruleToggle<const S extends string>(toggle: {
  readonly summary: string
  readonly node: string
  readonly table: string
  readonly chain: string
  /** Where in the chain it stands, counted from 1, when the toggle is first set. */
  readonly position: number
  readonly rules: Readonly<Record<S, readonly string[] | null>>
}): Toggle<S> {
  const { summary, node, table, chain, position, rules } = toggle
  const edit = (iptables: string, action: string, words: readonly string[]) =>
    run(node, [iptables, '-w', '-t', table, action, chain, ...words], summary)
  return {
    summary,
    needs: [],
    settings: Object.keys(rules) as unknown as [S, ...S[]],
    change(to, from, { iptables: { iptables } }) {
      const rule = rules[to]
      const old = from === undefined ? null : rules[from]
      if (rule && old) return [edit(iptables, '-R', [String(position), ...rule])]
      if (rule) return [edit(iptables, '-I', [String(position), ...rule])]
      return old ? [edit(iptables, '-D', old)] : []
    },
    onRealSystem(setting) {
      const rule = rules[setting]
      return rule ? [`iptables -t ${table} -I ${chain} ${position} ${rule.join(' ')}`] : []
    },
  }
}

/** A toggle that is one option of a bridge port or a device, set through iproute2. */
export function deviceToggle<const S extends string>(toggle: {
  readonly summary: string
  readonly node: string
  /** The command for each setting. */
  readonly commands: Readonly<Record<S, readonly string[]>>
}): Toggle<S> {
  const { summary, node, commands } = toggle
  const settings = Object.keys(commands) as unknown as [S, ...S[]]
  return {
    summary,
    needs: [],
    settings,
    change: to => [run(node, commands[to], summary)],
    onRealSystem: setting => [commands[setting].join(' ')],
  }
}

/** The same toggle with another setting as that of the document's failure. */
export function startingWith<S extends string>(first: S, toggle: Toggle<S>): Toggle<S> {
  return { ...toggle, settings: [first, ...toggle.settings.filter(setting => setting !== first)] }
}
