import type { Toggle } from '../model/toggle.js'

/**
 * Whether source NAT is MASQUERADE or SNAT to a fixed address. It is part of one rule with the choice of the port, so
 * that toggle writes it; this one holds through an experiment.
 */
export function natTarget<const A extends string>({
  address,
}: {
  address: A
}): Toggle<'MASQUERADE' | `SNAT --to-source ${A}`, never> {
  return {
    summary: 'the target of the source NAT rule',
    settings: ['MASQUERADE', `SNAT --to-source ${address}`],
    nodes: [],
    needs: [],
    change: () => [],
    claims: () => [],
    onRealSystem: () => [],
  }
}
