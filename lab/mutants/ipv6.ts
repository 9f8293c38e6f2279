/** Kernels whose duplicate address detection, or another part of IPv6, is changed. */
import { type Mutant, mutant, passes, regressed, trials } from './mutant.js'

const SCENARIO = 'hairpin-ipv6-dad'
const TENTATIVE = 'tentative-without-carrier'
const ADDRESSES = 'link-local-address slaac-address'
/** The addresses, and what takes one of them. */
const UNREACHED = `${ADDRESSES} neighbour-reaches-vm`

export const IPV6_MUTANTS: readonly Mutant[] = [
  mutant(
    'enhanced-dad-nonce-not-recognised',
    'the enhanced-DAD nonce is not recognised when it comes back',
    'adc176c54722',
    regressed(
      SCENARIO,
      trials(UNREACHED, { enhanced_dad: 'all' }),
      trials(UNREACHED, { enhanced_dad: 'device' }),
    ),
  ),
  mutant(
    'enhanced-dad-all-ignored',
    'all.enhanced_dad has no effect',
    'adc176c54722',
    regressed(SCENARIO, trials(UNREACHED, { enhanced_dad: 'all' })),
  ),
  mutant(
    'enhanced-dad-device-ignored',
    'enhanced_dad of a device has no effect',
    'adc176c54722',
    regressed(SCENARIO, trials(UNREACHED, { enhanced_dad: 'device' })),
  ),
  mutant(
    'enhanced-dad-finds-no-duplicate',
    'with enhanced DAD nothing is a duplicate, not even another host’s address',
    'adc176c54722',
    passes(
      SCENARIO,
      trials('owned-address', { enhanced_dad: 'all' }),
      trials('contested-address', { enhanced_dad: 'all' }),
      trials('owned-address', { enhanced_dad: 'device' }),
      trials('contested-address', { enhanced_dad: 'device' }),
    ),
  ),
  mutant(
    'dad-finds-no-duplicate',
    'duplicate address detection never finds a duplicate',
    undefined,
    passes(
      SCENARIO,
      trials('link-local-address slaac-address unhurried-address', { hairpin_mode: 'on' }),
      trials('owned-address contested-address'),
    ),
  ),
  mutant(
    'accept-dad-2-ignored',
    'accept_dad 2 does what 1 does',
    undefined,
    regressed(SCENARIO, trials(ADDRESSES, { accept_dad: '2' })),
  ),
  mutant(
    'ip6-nonlocal-bind-ignored',
    'ip_nonlocal_bind of IPv6 has no effect',
    undefined,
    regressed(TENTATIVE, trials('service nobodys-address', { ip_nonlocal_bind: 'on' })),
  ),
  mutant(
    'accept-ra-2-ignored',
    'accept_ra 2 does what 1 does',
    undefined,
    regressed(
      'docker-ra-forwarding',
      trials('host-ping container-ping', { accept_ra: '2', advertisement: 'before' }),
      trials('host-ping container-ping', { accept_ra: '2', advertisement: 'after' }),
      trials('host-ping container-ping', { accept_ra: '2-too-late', advertisement: 'after' }),
    ),
  ),
  mutant(
    'revert-ra-flags-of-static-route',
    'the prefix route of a static address stays the advertisement’s',
    'f72514b3c569',
    regressed(
      'ra-prefix-static-address',
      trials('router-ping-later', { accept_ra_pinfo: '1', order: 'advertised-first' }),
    ),
  ),
  mutant(
    'revert-ip6-rule-ecn-bits',
    'a rule with dsfield compares the whole traffic class',
    'a410a0cf9885',
    regressed('ip6-rule-tos-ecn', trials('ect-1 ect-0 ce', { 'dsfield-rule': 'on', 'fwmark-rule': 'off' })),
  ),
]
