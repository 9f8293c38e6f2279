/** What the rules of one node have counted. */
import type { RuleCount } from '../model/rule-count.js'
import type { Netns } from '../world/netns.js'
import { NftablesReader } from './nftables.js'
import { LegacyReader } from './xtables.js'

/** Reads the counters of nf_tables and x_tables. Close it when done. */
export class RuleCounters {
  readonly #nftables: NftablesReader
  readonly #legacy: LegacyReader

  constructor(netns: Netns) {
    this.#nftables = new NftablesReader(netns)
    this.#legacy = new LegacyReader(netns)
  }

  /** What every rule and policy has counted until now. Throws SystemError. */
  read(): RuleCount[] {
    return [...this.#nftables.counts(), ...this.#legacy.counts()]
  }

  close(): void {
    this.#nftables.close()
    this.#legacy.close()
  }
}
