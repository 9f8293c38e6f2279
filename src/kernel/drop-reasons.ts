/**
 * Reasons for which the kernel gives packets up (skb:kfree_skb), by what they were called when: of several, the newest that a
 * kernel is old enough for, and that its own tracer knows, is the one that it must give.
 */

/** A source address that is this host's own; since 37653a0b8a6f (6.13) it has a name. */
export const LOCAL_SOURCE = [
  { name: 'IP_LOCAL_SOURCE', since: '6.13' },
  { name: 'NOT_SPECIFIED', since: '5.17' },
] as const

/** A source address that no host can have, such as a broadcast address. */
export const INVALID_SOURCE = [
  { name: 'IP_INVALID_SOURCE', since: '6.13' },
  { name: 'NOT_SPECIFIED', since: '5.17' },
] as const

/** A packet that may not be cut and is too long for the way on; it has a name since 2edc1a383fda (5.19). */
export const TOO_BIG = [
  { name: 'PKT_TOO_BIG', since: '5.19' },
  { name: 'NOT_SPECIFIED', since: '5.17' },
] as const

/** A segment for a connection in TIME_WAIT whose timestamp is an old one. */
export const OLD_TIMESTAMP = [
  { name: 'TCP_RFC7323_TW_PAWS', since: '6.14' },
  { name: 'NOT_SPECIFIED', since: '5.17' },
] as const

/** A source that fails the reverse path filter. */
export const REVERSE_PATH = [
  { name: 'IP_RPFILTER', since: '5.18' },
  { name: 'NOT_SPECIFIED', since: '5.17' },
] as const

/** An address in 127.0.0.0/8 that comes in from another host, or from a device without route_localnet. */
export const LOOPBACK_ADDRESS = [
  { name: 'IP_LOCALNET', since: '6.13' },
  { name: 'NOT_SPECIFIED', since: '5.17' },
] as const

/** A segment that no socket is for. */
export const NO_SOCKET = [{ name: 'NO_SOCKET', since: '5.17' }] as const

/** A packet that a rule, NAT or connection tracking dropped. */
export const NETFILTER_DROP = [
  { name: 'NETFILTER_DROP', since: '5.18' },
  { name: 'NOT_SPECIFIED', since: '5.17' },
] as const
