/** How rules outlive a boot: saved to a file by one program, and loaded from it by another. */

/** The ways of it that releases have: netfilter-persistent calls iptables-save, nftables.service is told to keep `nft list ruleset`. */
export const PERSISTENCE = ['iptables-save', 'nft'] as const
export type Persistence = (typeof PERSISTENCE)[number]
