/**
 * The configuration of a node: what it was told to be, not what happens in it. Every setting is one entry, whose name a
 * person can read: `link vnet0 hairpin_mode`, `sysctl net.ipv4.conf.all.rp_filter`, `rules ip nat POSTROUTING`.
 */

/** A node's settings by name, as the kernel itself says them. */
export type Configuration = ReadonlyMap<string, string>

/** One setting that differs between two configurations of a node; an end without it does not have it. */
export interface ConfigurationChange {
  readonly node: string
  readonly what: string
  readonly before?: string
  readonly after?: string
}

/** What a toggle claims to have set in a node: what the kernel must say then, by another way than it was set. */
export type Claim =
  /** A setting by its name in a configuration. `value` null: it must not be there. */
  | { readonly node: string; readonly what: string; readonly value: string | null }
  /** A rule at a place of a chain, counted from 1; `words` as iptables-save has them, null where it must not be there. */
  | {
      readonly node: string
      /** `ip nat POSTROUTING` */
      readonly chain: string
      readonly position: number
      readonly words: readonly string[] | null
    }
  /** Rules of a family that a daemon or a tool of its own makes; `holds` must be in one of their chains, or be in none. */
  | {
      readonly node: string
      readonly family: 'bridge'
      readonly holds: string
      readonly present: boolean
    }
