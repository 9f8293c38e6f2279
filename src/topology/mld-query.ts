/** Multicast listener queries as ICMPv6 messages (RFC 3810, 5.1), without the checksum, which the kernel fills in. */

const MULTICAST_LISTENER_QUERY = 130
const QUERY_BYTES = 28
/** Milliseconds within which a listener is to answer: the least that there is. */
const RESPONSE_DELAY = 1
const ROBUSTNESS = 2
/** Seconds, the kernel's own. */
const INTERVAL = 125

/** A general query of version 2. */
export function mldQuery(): Buffer {
  const message = Buffer.alloc(QUERY_BYTES)
  message[0] = MULTICAST_LISTENER_QUERY
  message.writeUInt16BE(RESPONSE_DELAY, 4)
  message[24] = ROBUSTNESS
  message[25] = INTERVAL
  return message
}

/** A hop-by-hop header with a router alert for MLD (RFC 2711), as IPV6_HOPOPTS takes it: nobody listens to a query without. */
export const ROUTER_ALERT = Buffer.from([0, 0, 5, 2, 0, 0, 1, 0])
