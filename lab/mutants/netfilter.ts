/** Kernels whose address translation, or a match that it goes by, is changed. */
import { fails, type Mutant, mutant, regressed, trials } from './mutant.js'

/** What a control that fails has seen is another thing for each. */
const A_CONTROL = /./

export const NETFILTER_MUTANTS: readonly Mutant[] = [
  mutant(
    'revert-ipv6-targets-registered',
    'the target MARK is registered for IPv4 twice, and for IPv6 never',
    '306ed1728e84',
    regressed('ip6tables-mark-refused', trials('mark-ipv6')),
  ),
  mutant(
    'random-fully-ignored',
    '--random-fully and --random have no effect',
    undefined,
    regressed(
      'snat-port-race',
      trials('two-clients source-ports', { 'random-fully': 'random' }),
      trials('two-clients source-ports', { 'random-fully': 'random-fully' }),
      { ...trials('many-connections'), byLuck: true },
    ),
  ),
  mutant(
    'random-has-16-offsets',
    '--random-fully and --random choose among 16 offsets',
    undefined,
    regressed(
      'snat-port-race',
      trials('source-ports', { 'random-fully': 'random' }),
      trials('source-ports', { 'random-fully': 'random-fully' }),
      { ...trials('two-clients many-connections'), byLuck: true },
    ),
  ),
  mutant(
    'ctstate-dnat-matches-always',
    '--ctstate DNAT matches every connection',
    undefined,
    regressed('nova-float-hairpin', trials('neighbour-tcp', { 'ctstate-dnat': 'on' })),
    regressed('lan-dnat-without-snat', trials('direct-tcp', { 'bounce-snat': 'on' })),
    regressed('bridge-dnat-bounce', trials('direct-tcp')),
    regressed('localhost-from-neighbour', trials('neighbour-to-localhost', { 'kubelet-rule': 'on' })),
  ),
  mutant(
    'ctstate-dnat-matches-never',
    '--ctstate DNAT matches no connection',
    undefined,
    regressed('nova-float-hairpin', trials('float-ping float-tcp', { 'ctstate-dnat': 'on' })),
    regressed('lan-dnat-without-snat', trials('neighbour-tcp', { 'bounce-snat': 'on' })),
    regressed('neutron-floating-ip-self', trials('float-ping float-tcp float-udp', { 'router-snat': 'on' })),
    fails('bridge-dnat-bounce', /server saw/, trials('other-container-tcp')),
  ),
  mutant(
    'snat-to-device-address',
    'SNAT takes the address of the device, whatever --to-source says',
    undefined,
    regressed('neutron-floating-ip-self', trials('float-ping float-tcp float-udp', { 'router-snat': 'on' })),
    regressed('nova-float-hairpin', trials('float-ping float-tcp')),
  ),
  mutant(
    'dnat-ignored',
    'DNAT translates nothing',
    undefined,
    fails('neutron-floating-ip-self', A_CONTROL, trials('outside-ping')),
    fails('nova-float-hairpin', A_CONTROL, trials('outside-ping')),
    fails('bridge-dnat-bounce', A_CONTROL, trials('other-container-tcp')),
    fails('lan-dnat-without-snat', A_CONTROL, trials('outside-tcp')),
    fails('eks-nodeport-secondary-eni', A_CONTROL, trials('nodeport-tcp')),
    fails('localhost-from-neighbour', A_CONTROL, trials('lan-nodeport')),
  ),
  mutant(
    'connmark-restore-ignored',
    'CONNMARK --restore-mark restores nothing',
    undefined,
    regressed(
      'wg-fwmark-rp-filter',
      trials('encrypted-udp', { connmark: 'on', src_valid_mark: 'all=1' }),
      trials('encrypted-udp', { connmark: 'on', src_valid_mark: 'eth0=1' }),
    ),
    regressed(
      'eks-nodeport-secondary-eni',
      trials('nodeport-tcp', { rp_filter: '2', connmark: 'on', 'mark-rule': 'on' }),
      trials('nodeport-tcp', { rp_filter: '0', connmark: 'on', 'mark-rule': 'on' }),
      trials('nodeport-tcp', { connmark: 'on eth0, too', src_valid_mark: 'all=1' }),
    ),
  ),
]
