/** Kernels whose checks of a packet's source, or whose ARP, is changed. */
import { byLuck, fails, failsUnlessLost, type Mutant, mutant, passes, regressed, trials } from './mutant.js'

const UNPROVED = /^unproved: counts have shown (martian source|promiscuous copy)/

/** It fails without the fix as with it, at another place: an error in the `broken` phase, where nothing is known to hold yet. */
const BY_ANOTHER_WAY = /but not by (strict reverse path filter|reply by the wrong interface)/

/** Where the hash alone chooses the way, which both patches change. */
const BY_HASH = { 'default-route': 'multipath', 'source-rules': 'off' }

export const ROUTING_MUTANTS: readonly Mutant[] = [
  mutant(
    'revert-rp-filter-loopback',
    'lo is not exempt from strict rp_filter',
    '66f8209547cc',
    regressed('rp-filter-loopback-redirect', trials('own-address-ping', { rp_filter: '1' })),
  ),
  mutant(
    'lo-exempt-from-strict-mode',
    'lo is exempt from strict rp_filter whatever the source is',
    '66f8209547cc',
    passes('rp-filter-loopback-redirect', trials('foreign-source', { rp_filter: '1' })),
  ),
  mutant(
    'strict-rp-filter-is-loose',
    'rp_filter 1 does what 2 does',
    undefined,
    passes('rp-filter-loopback-redirect', trials('other-device-redirect foreign-source', { rp_filter: '1' })),
    passes(
      'wg-fwmark-rp-filter',
      trials('encrypted-udp', { rp_filter: '1' }),
      trials('other-programs-mark-ping', { rp_filter: '1', src_valid_mark: 'all=1' }),
    ),
    fails('eks-nodeport-secondary-eni', BY_ANOTHER_WAY, trials('nodeport-tcp', { rp_filter: '1' })),
    regressed('vpn-address-from-lan', trials('spoofed-server', { rp_filter: '1' })),
  ),
  mutant(
    'loose-rp-filter-is-strict',
    'rp_filter 2 does what 1 does',
    undefined,
    regressed(
      'rp-filter-loopback-redirect',
      trials('other-device-redirect foreign-source', { rp_filter: '2' }),
    ),
    fails(
      'wg-fwmark-rp-filter',
      /but not by way back into the tunnel/,
      trials('encrypted-udp other-programs-mark-ping', { rp_filter: '2' }),
    ),
    fails('eks-nodeport-secondary-eni', BY_ANOTHER_WAY, trials('nodeport-tcp', { rp_filter: '2' })),
    passes('vpn-address-from-lan', trials('spoofed-server', { rp_filter: '2' })),
  ),
  mutant(
    'accept-local-ignored',
    'accept_local has no effect',
    '8153a10c08f1',
    regressed(
      'neutron-floating-ip-self',
      trials('float-ping float-tcp float-udp', { accept_local: 'all=1' }),
      trials('float-ping float-tcp float-udp', { accept_local: 'eth0=1' }),
    ),
    regressed(
      'rp-filter-loopback-redirect',
      trials('own-address-ping loopback-ping', { accept_local: 'all=1' }),
    ),
  ),
  mutant(
    'route-localnet-ignored',
    'route_localnet has no effect',
    'd0daebc3d622',
    regressed('rp-filter-loopback-redirect', trials('loopback-ping', { route_localnet: '1' })),
    // The attack is refused, but by none of what must refuse it.
    fails(
      'localhost-from-neighbour',
      /but not by kubelet’s rule/,
      trials('neighbour-to-localhost localhost-nodeport', { route_localnet: '1' }),
    ),
    fails(
      'loopback-published-port',
      /but not by kubelet’s rule/,
      trials('published-port', { route_localnet: 'docker0' }),
      trials('published-port neighbour-to-kubelet', { route_localnet: 'all' }),
    ),
  ),
  mutant(
    'src-valid-mark-ignored',
    'src_valid_mark has no effect',
    undefined,
    regressed(
      'wg-fwmark-rp-filter',
      trials('encrypted-udp', { connmark: 'on', src_valid_mark: 'all=1' }),
      trials('encrypted-udp', { connmark: 'on', src_valid_mark: 'eth0=1' }),
      trials('other-programs-mark-ping', { src_valid_mark: 'all=1' }),
    ),
    regressed(
      'eks-nodeport-secondary-eni',
      trials('nodeport-tcp', { connmark: 'on eth0, too', src_valid_mark: 'all=1' }),
    ),
  ),
  mutant(
    'arp-ignore-ignored',
    'arp_ignore has no effect',
    undefined,
    regressed('strict-arp-vip', trials('who-has-vip', { arp_ignore: '1' })),
  ),
  mutant(
    'arp-announce-ignored',
    'arp_announce has no effect',
    undefined,
    regressed('strict-arp-vip', trials('client-keeps-vip', { arp_announce: '2' })),
  ),
  mutant(
    'martian-dropped-early',
    'martians are dropped in ip_rcv_core(), without a word',
    undefined,
    // One of the trials is looked at closely, whichever came first.
    failsUnlessLost('neutron-floating-ip-self', UNPROVED, byLuck('float-ping float-tcp float-udp')),
    failsUnlessLost('nova-float-hairpin', UNPROVED, byLuck('float-ping float-tcp')),
    failsUnlessLost('bridge-dnat-bounce', UNPROVED, byLuck('own-address-tcp')),
    // What the host answers from 127.0.0.1 is of the neighbour’s own address, and gets no further there.
    passes(
      'localhost-from-neighbour',
      trials('neighbour-to-localhost', { route_localnet: '1', 'kubelet-rule': 'off' }),
    ),
    {
      ...fails(
        'loopback-published-port',
        // It is sent once more when nobody has answered it, and that may be in the next trial.
        /out of eth0: tcp 127\.0\.0\.1 ->/,
        trials('neighbour-to-published', { 'raw-rule': 'off' }),
        trials('neighbour-to-kubelet', { route_localnet: 'all', 'raw-rule': 'off', 'kube-firewall': 'off' }),
        byLuck('neighbour-to-published neighbour-to-kubelet'),
      ),
      or: 'unexpected-pass',
    },
    failsUnlessLost('rp-filter-loopback-redirect', UNPROVED, byLuck('own-address-ping loopback-ping')),
  ),
  mutant(
    'arp-notify-ignored',
    'arp_notify has no effect',
    undefined,
    regressed('bridge-mac-follows-port', trials('port-leaves', { arp_notify: '1' })),
  ),
  mutant(
    'multipath-prefers-source',
    'of the ways of a route, that with the packet’s source is taken',
    '32607a332cfe',
    passes('ecmp-source-address', trials('pings-from-first pings-from-second', BY_HASH)),
  ),
  mutant(
    'multipath-prefers-source-or-last',
    'of the ways of a route, that with the packet’s source is taken, or the last',
    '32607a332cfe',
    regressed(
      'ecmp-source-address',
      trials('pings-from-first pings-from-second', BY_HASH),
      trials('balance-from-loopback', { 'default-route': 'multipath' }),
    ),
  ),
]
