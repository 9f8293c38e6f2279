/** Kernels whose TCP or UDP is changed. */
import { type Mutant, mutant, passes, regressed, trials } from './mutant.js'

export const TRANSPORT_MUTANTS: readonly Mutant[] = [
  mutant(
    'revert-ts-offset-by-ports',
    'the offset of TSval depends on the addresses alone',
    '165573e41f2f',
    passes('ts-offset-snat-time-wait', trials('same-client', { tcp_timestamps: '1' })),
  ),
  mutant(
    'revert-udp-gso-without-checksum',
    'UDP_SEGMENT takes a device that computes checksums',
    '10154dbded6d',
    regressed(
      'udp-gso-without-checksum-offload',
      trials('one-segment eight-segments eight-segments-ipv6', { 'tx-checksum': 'off' }),
    ),
  ),
  mutant(
    'bind-bucket-state-updated',
    'a port is free to connect() again when only connected sockets have it',
    'd57f4b874946',
    passes('bind-then-connect-ports', trials('connect-after-bind', { ip_local_port_range: '60000-60000' })),
  ),
  mutant(
    'tcp-mtu-probing-ignored',
    'tcp_mtu_probing has no effect',
    undefined,
    regressed('pmtu-black-hole', trials('bulk-tcp', { tcp_mtu_probing: '1' })),
    regressed(
      'ecmp-frag-needed',
      trials('other-server', { tcp_mtu_probing: '1' }),
      trials('other-server', { tcp_mtu_probing: '2' }),
    ),
  ),
]
