import { startingWith, sysctlToggle } from './toggle.js'

/**
 * `tcp_keepalive_time` in seconds: after how long a silence a socket that asked for it (SO_KEEPALIVE) sends a segment that the other side
 * has to answer (tcp_keepalive_timer(), net/ipv4/tcp_timer.c). The kernel's own setting is two hours.
 */
export function tcpKeepaliveTime<const N extends string>({ node }: { node: N }) {
  const key = 'net.ipv4.tcp_keepalive_time'
  return startingWith(
    '7200',
    sysctlToggle<'1' | '7200', N>({
      summary: 'after how many seconds of silence TCP asks whether the other side is there',
      nodes: [node],
      values: { '1': { [key]: 1 }, '7200': { [key]: 7200 } },
    }),
  )
}
