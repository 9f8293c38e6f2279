/** Kernels whose bridge, or the way from it to iptables, is changed. */
import { type Mutant, mutant, passes, regressed, trials } from './mutant.js'

const ADDRESSES = 'link-local-address slaac-address'
/** The addresses, and what takes one of them. */
const UNREACHED = `${ADDRESSES} neighbour-reaches-vm`
const GUARDS = 'owned-address contested-address neighbour-reaches-vm'

export const BRIDGE_MUTANTS: readonly Mutant[] = [
  mutant(
    'revert-promisc-conntrack-reset',
    'promiscuous copies keep their conntrack entry',
    '751de2012eaf',
    passes('bridge-dnat-bounce', trials('own-address-tcp', { promisc: 'on' })),
  ),
  mutant(
    'promisc-bridge-ignored',
    'a promiscuous bridge takes no copies',
    undefined,
    regressed('bridge-dnat-bounce', trials('own-address-tcp', { promisc: 'on' })),
  ),
  mutant(
    'hairpin-mode-ignored',
    'hairpin_mode has no effect',
    undefined,
    regressed('bridge-dnat-bounce', trials('own-address-tcp', { hairpin_mode: 'on' })),
    regressed('nova-float-hairpin', trials('float-ping float-tcp', { hairpin_mode: 'on' })),
    passes(
      'hairpin-ipv6-dad',
      trials(ADDRESSES, { hairpin_mode: 'on' }),
      trials('unhurried-address', { hairpin_mode: 'on' }),
    ),
  ),
  mutant(
    'isolated-ignored',
    'isolated has no effect on a port',
    '7d850abd5f4e',
    regressed(
      'hairpin-ipv6-dad',
      trials(UNREACHED, { isolated: 'on', 'isolated-neighbour': 'off' }),
      trials(`${ADDRESSES} ${GUARDS}`, { isolated: 'on', 'isolated-neighbour': 'on' }),
    ),
  ),
  mutant(
    'mcast-flood-ignored',
    'mcast_flood has no effect on a port',
    undefined,
    regressed('hairpin-ipv6-dad', trials(`${ADDRESSES} ${GUARDS}`, { mcast_flood: 'off' })),
  ),
  mutant(
    'nf-call-iptables-ignored',
    'nf_call_iptables of a bridge has no effect',
    undefined,
    passes(
      'bridge-dnat-bounce',
      trials('own-address-tcp', { nf_call_iptables: '1', 'bridge-nf-call-iptables': '0' }),
    ),
  ),
  mutant(
    'bridge-nf-call-iptables-ignored',
    'the sysctl bridge-nf-call-iptables has no effect',
    undefined,
    regressed('lan-dnat-without-snat', trials('neighbour-tcp', { 'bridge-nf-call-iptables': '1' })),
    passes(
      'bridge-dnat-bounce',
      trials('own-address-tcp', { 'bridge-nf-call-iptables': '1', nf_call_iptables: '0' }),
    ),
    passes('nova-float-hairpin', trials('float-ping float-tcp', { 'bridge-nf-call-iptables': '1' })),
  ),
  mutant(
    'bridge-postrouting-drop-ignored',
    'a drop at the bridge’s postrouting hook has no effect',
    undefined,
    regressed(
      'hairpin-ipv6-dad',
      trials(UNREACHED, { 'ebtables-drop': 'on' }),
      trials(UNREACHED, { nwfilter: 'no-mac-reflection' }),
      trials(UNREACHED, { nwfilter: 'nova-no-nd-reflection' }),
    ),
  ),
]
