import type { Toggle } from './toggle.js'

/**
 * Whether source NAT is MASQUERADE or SNAT to a fixed address. It is part of one rule with the choice of the port, so
 * that toggle writes it; this one holds through an experiment.
 */
export function natTarget({ address }: { address: string }): Toggle {
  return {
    summary: 'the target of the source NAT rule',
    settings: ['MASQUERADE', `SNAT --to-source ${address}`],
    needs: [],
    change: () => [],
    onRealSystem: () => [],
  }
}
