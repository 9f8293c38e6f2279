/** Kernels whose connection tracking, or what address translation makes of its entries, is changed. */
import { type Mutant, mutant, passes, regressed, trials } from './mutant.js'

const SEGMENTS = 'conntrack-invalid-rst'
const PORTS = 'snat-port-closing'
const HELPER = 'conntrack-helper-off'

export const CONNTRACK_MUTANTS: readonly Mutant[] = [
  mutant(
    'tcp-loose-ignored',
    'nf_conntrack_tcp_loose 0 does what 1 does',
    undefined,
    passes(
      'nat-idle-timeout',
      trials('client-first client-after-fin client-first-keep-alive', { nf_conntrack_tcp_loose: '0' }),
    ),
  ),
  mutant(
    'tcp-be-liberal-ignored',
    'nf_conntrack_tcp_be_liberal has no effect',
    undefined,
    regressed(SEGMENTS, trials('future-segment', { nf_conntrack_tcp_be_liberal: '1' })),
  ),
  mutant(
    'revert-overly-delayed-segments',
    'a segment with an old sequence number is invalid',
    '6e250dcbff1d',
    regressed(
      SEGMENTS,
      trials('old-segment', {
        nf_conntrack_tcp_be_liberal: '0',
        'invalid-drop': 'off',
        'invalid-drop-nft': 'off',
      }),
    ),
  ),
  mutant(
    'udp-timeout-ignored',
    'nf_conntrack_udp_timeout has no effect',
    undefined,
    regressed(
      'stale-udp-conntrack',
      trials('same-source-port-after-silence', { before: 'a-container', nf_conntrack_udp_timeout: '1' }),
      trials('same-source-port-after-silence', { before: 'nothing', nf_conntrack_udp_timeout: '1' }),
    ),
  ),
  mutant(
    'revert-snat-evicts-closing',
    'a connection that is over keeps its port until its entry is',
    '458972550287',
    regressed(
      PORTS,
      trials('closed-isn-ahead', { ports: '5000-5000' }),
      trials('closed-isn-ahead-later', { ports: '5000-5000', nf_conntrack_tcp_timeout_time_wait: '120' }),
    ),
  ),
  mutant(
    'masquerade-device-change-ignored',
    'MASQUERADE keeps the entry of a connection that leaves by another device',
    undefined,
    regressed(
      'snat-stale-after-failover',
      trials('first-datagram second-datagram', { nat: 'masquerade', failover: 'route-moves' }),
    ),
  ),
  mutant(
    'ct-helper-ignored',
    'CT --helper gives no helper',
    undefined,
    regressed(
      HELPER,
      trials('read-69', { 'ct-target': 'port-69' }),
      trials('read-69 read-6969', { 'ct-target': 'both' }),
    ),
  ),
  mutant(
    'helper-by-port',
    'a connection to the port of a helper gets it by itself',
    'b118509076b3',
    passes(HELPER, trials('read-69', { 'ct-target': 'off', 'ct-helper': 'off' })),
  ),
]
