/** Kernels whose bridge, or the way from it to iptables, is changed. */
import { fails, type Mutant, mutant, passes, regressed, trials } from './mutant.js'

const ADDRESSES = 'link-local-address slaac-address'
/** The addresses, and what takes one of them. */
const UNREACHED = `${ADDRESSES} neighbour-reaches-vm`
const MASKS = 'link-local-frames'
const GUARDS = 'owned-address contested-address neighbour-reaches-vm'

/** Where promisc-bridge-duplicates fails. */
export const DUPLICATED = { promisc: 'on', 'kube-dedup': 'off', 'bridge-nf-call-iptables': '1' }

export const BRIDGE_MUTANTS: readonly Mutant[] = [
  mutant(
    'revert-promisc-conntrack-reset',
    'promiscuous copies keep their conntrack entry',
    '751de2012eaf',
    passes('bridge-dnat-bounce', trials('own-address-tcp', { promisc: 'on' })),
    // As before the commit: the same failure, by another mechanism.
    fails(
      'promisc-bridge-duplicates',
      /by second copy of the same flow instead/,
      trials('service', DUPLICATED),
    ),
  ),
  mutant(
    'promisc-bridge-ignored',
    'a promiscuous bridge takes no copies',
    undefined,
    regressed('bridge-dnat-bounce', trials('own-address-tcp', { promisc: 'on' })),
    passes('promisc-bridge-duplicates', trials('service', DUPLICATED)),
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
    passes(
      'bridged-forward-drop',
      trials('lan-ping', { nf_call_iptables: '1', 'bridge-nf-call-iptables': '0' }),
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
    fails(
      'nova-float-hairpin',
      // Its frames do not pass iptables, and fail as without the sysctl.
      /by martian source instead/,
      trials('float-ping float-tcp', { 'bridge-nf-call-iptables': '1' }),
    ),
    passes(
      'bridged-forward-drop',
      trials('lan-ping', { 'bridge-nf-call-iptables': '1', nf_call_iptables: '0' }),
    ),
    // What kube-dedup is for is then the only copy that there is: it drops that, too.
    fails(
      'promisc-bridge-duplicates',
      /without evidence of a known mechanism/,
      trials('service service-answer', { 'bridge-nf-call-iptables': '1' }),
    ),
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
  mutant(
    'group-fwd-mask-ignored',
    'group_fwd_mask of a bridge has no effect',
    undefined,
    // The mask that is there says otherwise than what became of the frames.
    fails(
      MASKS,
      /without evidence of a known mechanism/,
      trials('lldp', { group_fwd_mask: '0x4000' }),
      trials('802.1x', { group_fwd_mask: '0x8' }),
      trials('lldp 802.1x', { group_fwd_mask: '0x4008' }),
    ),
  ),
  mutant(
    'port-group-fwd-mask-ignored',
    'group_fwd_mask of a port has no effect',
    '5af48b59f35c',
    regressed(MASKS, trials('lacp', { 'port-group_fwd_mask': '0x4' })),
  ),
  mutant(
    'group-fwd-mask-forwards-all',
    'any bit of group_fwd_mask forwards all link-local frames but PAUSE',
    undefined,
    passes(
      MASKS,
      trials('802.1x lacp', { group_fwd_mask: '0x4000' }),
      trials('lldp lacp', { group_fwd_mask: '0x8' }),
      trials('lacp', { group_fwd_mask: '0x4008' }),
      trials('lldp 802.1x', { 'port-group_fwd_mask': '0x4' }),
    ),
  ),
  mutant(
    'mcast-router-2-ignored',
    'mcast_router 2 of a port has no effect',
    undefined,
    regressed('mld-second-querier', trials('guest-ping', { mcast_router: '2' })),
  ),
  mutant(
    'forward-delay-ignored',
    'a port of a bridge with STP listens for 15 seconds, whatever forward_delay is',
    undefined,
    regressed(
      'stp-forward-delay',
      trials('patient-client', { forward_delay: '2' }),
      trials('patient-client', { forward_delay: '0' }),
    ),
  ),
]
