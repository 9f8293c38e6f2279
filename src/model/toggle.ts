/** What a toggle is: one knob with named settings, and the steps that turn it. One file for each, all behind this. */
import type { Claim } from './configuration.js'
import type { IptablesCommands, Step } from './steps.js'

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

/** One knob. `S` names its settings, the first of which is that of the document's failure; `N` the nodes that it touches. */
export interface Toggle<S extends string = string, N extends string = string> {
  /** What it is, in a sentence. */
  readonly summary: string
  readonly settings: readonly [S, ...S[]]
  readonly nodes: readonly N[]
  /** Ids of the capabilities that any setting but the first one needs. */
  readonly needs: readonly string[]
  /** Steps of the build that any setting but the first one needs: a daemon that it talks to. */
  setUp?(context: ToggleContext): Step[]
  /** The steps that bring it from one setting to another; `from` is undefined when the topology has just been built. */
  change(to: S, from: S | undefined, context: ToggleContext): Step[]
  /**
   * Steps that follow whenever a toggle was set, this one or another: what has to happen anew for the settings to show, as at a
   * boot. `context.settings` are those that hold by then.
   */
  again?(setting: S, context: ToggleContext): Step[]
  /**
   * What the kernel must say under a setting, and all that may differ between two of them. It is read from the kernel before and
   * after every trial, by another way than it was set. A toggle that claims nothing is one that nothing may follow from: another
   * one's steps depend on it.
   */
  claims(setting: S, context: ToggleContext): readonly Claim<N>[]
  /** The command lines that give a real system this setting. */
  onRealSystem(setting: S): readonly string[]
}
