import { sysctlToggle } from './toggle.js'

/**
 * `tcp_mtu_probing`: whether TCP tries shorter segments by itself, never (0), after as many timeouts as `tcp_retries1` says in
 * place of an answer (1, tcp_mtu_probing(), net/ipv4/tcp_timer.c), or from the beginning (2).
 */
export function tcpMtuProbing<const N extends string>({ nodes }: { nodes: readonly N[] }) {
  const value = (setting: number) => ({ 'net.ipv4.tcp_mtu_probing': setting })
  return sysctlToggle<'0' | '1' | '2', N>({
    summary: 'find the path’s MTU by trying, without ICMP',
    nodes,
    values: { '0': value(0), '1': value(1), '2': value(2) },
  })
}
