import { sysctlToggle } from './toggle.js'

/**
 * `tcp_timestamps`: with an offset of its own for each connection (1), or without (2: the same clock for all). 0 would leave PAWS
 * without anything to go by, and acceptance to the initial sequence number.
 */
export function tcpTimestamps<const N extends string>({ node }: { node: N }) {
  const value = (setting: number) => ({ 'net.ipv4.tcp_timestamps': setting })
  return sysctlToggle<'1' | '2', N>({
    summary: 'give each connection’s timestamps an offset of its own',
    nodes: [node],
    values: { '1': value(1), '2': value(2) },
  })
}
