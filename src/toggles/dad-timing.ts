import { sysctlToggle } from './toggle.js'

/**
 * How long duplicate address detection takes: up to `router_solicitation_delay` seconds, at random, before the solicitation
 * (addrconf_dad_kick), then `retrans_time_ms` for somebody to object (addrconf_dad_work). `default` is the kernel's own.
 */
export function dadTiming<const N extends string>({ node, device }: { node: N; device: string }) {
  const values = (delay: number, retransmission: number) => ({
    [`net.ipv6.conf.${device}.router_solicitation_delay`]: delay,
    [`net.ipv6.neigh.${device}.retrans_time_ms`]: retransmission,
  })
  return sysctlToggle<'short' | 'default', N>({
    summary: 'give duplicate address detection its time',
    nodes: [node],
    values: { short: values(0, 20), default: values(1, 1000) },
  })
}
