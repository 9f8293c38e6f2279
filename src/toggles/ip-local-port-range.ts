import { sysctlToggle } from './toggle.js'

/**
 * `ip_local_port_range`: the ports that the kernel picks a source port from, both ends included (inet_get_local_port_range()),
 * written with a dash: `32768-60999`. The first of `ranges` is that of the document's failure.
 */
export function ipLocalPortRange<const R extends `${number}-${number}`, const N extends string>({
  node,
  ranges,
}: {
  node: N
  ranges: readonly R[]
}) {
  const entries = ranges.map(
    range => [range, { 'net.ipv4.ip_local_port_range': range.replace('-', ' ') }] as const,
  )
  return sysctlToggle<R, N>({
    summary: 'which ports connections may come from',
    nodes: [node],
    values: Object.fromEntries(entries) as unknown as Record<R, Record<string, string>>,
  })
}
