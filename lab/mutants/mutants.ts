import { BRIDGE_MUTANTS } from './bridge.js'
import { CONNTRACK_MUTANTS } from './conntrack.js'
import { IPV6_MUTANTS } from './ipv6.js'
import type { Mutant } from './mutant.js'
import { NETFILTER_MUTANTS } from './netfilter.js'
import { ROUTING_MUTANTS } from './routing.js'
import { TRANSPORT_MUTANTS } from './transport.js'

/** The source that all of them are made from. */
export const MUTANT_SOURCE = 'debian:6.12'

/** What the others are compared with. */
export const UNPATCHED: Mutant = {
  id: 'unpatched',
  title: 'nothing else than the source',
  patch: undefined,
  upstream: undefined,
  changes: [],
}

/** In the order of the table. */
export const MUTANTS: readonly Mutant[] = [
  ...BRIDGE_MUTANTS,
  ...CONNTRACK_MUTANTS,
  ...IPV6_MUTANTS,
  ...NETFILTER_MUTANTS,
  ...ROUTING_MUTANTS,
  ...TRANSPORT_MUTANTS,
  UNPATCHED,
]
