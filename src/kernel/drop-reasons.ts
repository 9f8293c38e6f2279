/**
 * Reasons for which the kernel gives packets up (skb:kfree_skb), by what they were called when: of several, the newest that a
 * kernel is old enough for, and that its own tracer knows, is the one that it must give.
 */

/** A source address that is this host's own; since 37653a0b8a6f (6.13) it has a name. */
export const LOCAL_SOURCE = [
  { name: 'IP_LOCAL_SOURCE', since: '6.13' },
  { name: 'NOT_SPECIFIED', since: '5.17' },
] as const

/** A source that fails the reverse path filter. */
export const REVERSE_PATH = [
  { name: 'IP_RPFILTER', since: '5.18' },
  { name: 'NOT_SPECIFIED', since: '5.17' },
] as const
