/** Kernels whose address translation, or a match that it goes by, is changed. */
import { DUPLICATED } from './bridge.js'
import { byLuck, fails, type Mutant, mutant, passes, regressed, trials } from './mutant.js'

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
      byLuck('many-connections'),
    ),
    passes('nat-idle-timeout', trials('client-first client-after-fin', { 'random-fully': 'random-fully' })),
  ),
  mutant(
    'random-has-16-offsets',
    '--random-fully and --random choose among 16 offsets, for UDP',
    undefined,
    regressed(
      'snat-port-race',
      trials('source-ports', { 'random-fully': 'random' }),
      trials('source-ports', { 'random-fully': 'random-fully' }),
      byLuck('two-clients many-connections'),
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
    regressed(
      'loopback-published-port',
      trials('neighbour-to-kubelet', { route_localnet: 'all', 'kube-firewall': 'on' }),
    ),
  ),
  mutant(
    'ctstate-dnat-matches-never',
    '--ctstate DNAT matches no connection',
    undefined,
    regressed('nova-float-hairpin', trials('float-ping float-tcp', { 'ctstate-dnat': 'on' })),
    regressed('lan-dnat-without-snat', trials('neighbour-tcp', { 'bounce-snat': 'on' })),
    regressed('neutron-floating-ip-self', trials('float-ping float-tcp float-udp', { 'router-snat': 'on' })),
    fails('bridge-dnat-bounce', /server saw/, trials('other-container-tcp')),
    fails('promisc-bridge-duplicates', /but not by second copy, tracked anew/, trials('service', DUPLICATED)),
  ),
  mutant(
    'snat-to-device-address',
    'SNAT takes the address of the device, whatever --to-source says',
    undefined,
    regressed('neutron-floating-ip-self', trials('float-ping float-tcp float-udp', { 'router-snat': 'on' })),
    regressed('nova-float-hairpin', trials('float-ping float-tcp')),
    // It is MASQUERADE then, which minds the device: the first datagram is lost for that, and the second one gets through.
    fails(
      'snat-stale-after-failover',
      /by datagram that shows MASQUERADE that the device is another one instead/,
      trials('first-datagram second-datagram', { nat: 'snat', conntrack: 'kept' }),
    ),
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
    fails('conntrack-invalid-rst', A_CONTROL, trials('no-stray-segment')),
    fails('stale-udp-conntrack', A_CONTROL, trials('new-source-port')),
    fails('promisc-bridge-duplicates', /but not by|without evidence/, trials('service service-answer')),
    // The host’s own port is closed, to itself and to the neighbour.
    regressed(
      'loopback-published-port',
      trials('published-port', { route_localnet: 'docker0' }),
      trials('published-port', { route_localnet: 'all' }),
      trials('neighbour-to-published', { 'raw-rule': 'off' }),
    ),
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
  mutant(
    'checksum-fill-ignored',
    'CHECKSUM --checksum-fill computes nothing',
    undefined,
    regressed('dhcp-checksum', trials('raw-broadcast raw-unicast', { 'checksum-fill': 'on' })),
  ),
  mutant(
    'nft-mark-set-ignored',
    'meta mark set of nftables sets nothing',
    undefined,
    regressed(
      'accept-does-not-override',
      trials('lan-ping', { 'accept-fwmark': 'on', 'own-table': 'mark-before' }),
    ),
    regressed(
      'ip6-rule-tos-ecn',
      trials('not-ect ect-1 ect-0 ce', { 'fwmark-rule': 'on', 'dsfield-rule': 'off' }),
    ),
  ),
  mutant(
    'physdev-is-bridged-never',
    '--physdev-is-bridged matches nothing',
    undefined,
    regressed('bridged-forward-drop', trials('lan-ping lan-ping6', { 'docker-user': 'bridged' })),
  ),
]
