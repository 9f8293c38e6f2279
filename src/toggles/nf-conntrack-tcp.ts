import { sysctlToggle } from './toggle.js'

/**
 * `nf_conntrack_tcp_be_liberal`: whether only a RST outside the window is invalid (1), or any segment (0). It belongs to the namespace
 * (tcp_in_window(), net/netfilter/nf_conntrack_proto_tcp.c).
 */
export function nfConntrackTcpBeLiberal<const N extends string>({ node }: { node: N }) {
  const key = 'net.netfilter.nf_conntrack_tcp_be_liberal'
  return sysctlToggle<'0' | '1', N>({
    summary: 'take no segment but a RST for invalid because it is outside the window',
    nodes: [node],
    values: { '0': { [key]: 0 }, '1': { [key]: 1 } },
  })
}

/**
 * `nf_conntrack_tcp_loose`: whether a connection that has no entry gets one from a segment in its middle (tcp_new(),
 * net/netfilter/nf_conntrack_proto_tcp.c). The kernel's own setting is 1.
 */
export function nfConntrackTcpLoose<const N extends string>({ node }: { node: N }) {
  const key = 'net.netfilter.nf_conntrack_tcp_loose'
  return sysctlToggle<'0' | '1', N>({
    summary: 'pick up connections that are established already',
    nodes: [node],
    values: { '0': { [key]: 0 }, '1': { [key]: 1 } },
  })
}
