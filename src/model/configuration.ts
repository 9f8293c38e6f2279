/**
 * The configuration of a node: what it was told to be, not what happens in it. Every setting is one entry, whose name a
 * person can read: `link vnet0 hairpin_mode`, `sysctl net.ipv4.conf.all.rp_filter`, `rules ip nat POSTROUTING`.
 */

import type { RuleSet } from './steps.js'

/** What becomes of packets that no rule of a chain decides about. */
export type Policy = 'ACCEPT' | 'DROP'

/** A node's settings by name, as the kernel itself says them. */
export type Configuration = ReadonlyMap<string, string>

/** One setting that differs between two configurations of a node; an end without it does not have it. */
export interface ConfigurationChange {
  readonly node: string
  readonly what: string
  readonly before?: string
  readonly after?: string
}

/**
 * What a toggle claims about a node under one of its settings, in the kernel's own terms: what it must say then, asked for by
 * another way than it was set. Between two settings, nothing may differ but what their claims are about.
 */
export type Claim<N extends string = string> =
  /** A setting by its name in a configuration; null where it must not be there. */
  | { readonly node: N; readonly what: string; readonly value: string | null }
  /** The policy of a chain of iptables that the kernel itself calls. */
  | {
      readonly node: N
      readonly set?: RuleSet
      readonly table: string
      readonly chain: string
      readonly policy: Policy
    }
  /** A rule of iptables at a place of its chain, counted from 1, in the words of iptables-save; without words, that none of `not` is in the chain. */
  | {
      readonly node: N
      /** Whose rules; those of iptables when left out. */
      readonly set?: RuleSet
      readonly table: string
      readonly chain: string
      readonly rule:
        | { readonly position: number; readonly words: readonly string[] }
        | { readonly not: readonly (readonly string[])[] }
    }
  /**
   * A table of nftables that nobody else uses, by family and name: how many rules its chains have together; 0 where there is no such
   * table; and where its chains hook on to, by their names: `forward priority -10`.
   */
  | {
      readonly node: N
      readonly nftTable: string
      readonly rules: number
      readonly hooks?: Readonly<Record<string, string>>
    }
  /**
   * Rules of bridges, which tools and daemons make in chains of their own: all that a frame may come by, each from its hook to its
   * verdict, in the words of nft(8): `postrouting oifname "vnet0" ether type ip6 drop`.
   */
  | { readonly node: N; readonly bridgeRules: readonly string[] }
