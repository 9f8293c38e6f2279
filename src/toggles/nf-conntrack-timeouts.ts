import { startingWith, sysctlToggle } from './toggle.js'

/**
 * `nf_conntrack_tcp_timeout_established` and `nf_conntrack_tcp_timeout_close_wait` in seconds, both the same. An entry gets what is written
 * there when a packet refreshes it. The first of `seconds` is that of the document's failure.
 */
export function nfConntrackTcpTimeouts<const S extends `${number}`, const N extends string>({
  node,
  seconds,
}: {
  node: N
  seconds: readonly [S, ...S[]]
}) {
  return timeoutToggle({
    summary: 'for how many seconds connection tracking remembers a connection that is silent, or half-closed',
    node,
    seconds,
    names: ['tcp_timeout_established', 'tcp_timeout_close_wait'],
  })
}

/** `nf_conntrack_tcp_timeout_time_wait` in seconds: for how long a connection that is over keeps its addresses and ports. */
export function nfConntrackTimeWait<const S extends `${number}`, const N extends string>({
  node,
  seconds,
}: {
  node: N
  seconds: readonly [S, ...S[]]
}) {
  return timeoutToggle({
    summary: 'for how many seconds connection tracking remembers a connection that is over',
    node,
    seconds,
    names: ['tcp_timeout_time_wait'],
  })
}

/** `nf_conntrack_udp_timeout` in seconds: for how long an entry of UDP lives without a datagram. Each of them begins it anew. */
export function nfConntrackUdpTimeout<const S extends `${number}`, const N extends string>({
  node,
  seconds,
}: {
  node: N
  seconds: readonly [S, ...S[]]
}) {
  return timeoutToggle({
    summary: 'for how many seconds connection tracking remembers where datagrams went',
    node,
    seconds,
    names: ['udp_timeout'],
  })
}

function timeoutToggle<S extends `${number}`, N extends string>({
  summary,
  node,
  seconds,
  names,
}: {
  summary: string
  node: N
  seconds: readonly [S, ...S[]]
  names: readonly string[]
}) {
  const values = Object.fromEntries(
    seconds.map(number => [
      number,
      Object.fromEntries(names.map(name => [`net.netfilter.nf_conntrack_${name}`, Number(number)])),
    ]),
  ) as Record<S, Record<string, number>>
  return startingWith(seconds[0], sysctlToggle<S, N>({ summary, nodes: [node], values }))
}
