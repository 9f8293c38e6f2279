import { sysctlToggle } from './toggle.js'

/**
 * `ip_no_pmtu_disc`: packets without DF, which routers cut. A socket has the setting from when it is made (inet_create()), and
 * one that is accepted has its listener's.
 */
export function ipNoPmtuDisc<const N extends string>({ node }: { node: N }) {
  const value = (setting: number) => ({ 'net.ipv4.ip_no_pmtu_disc': setting })
  return sysctlToggle<'0' | '1', N>({
    summary: 'send packets that routers may cut',
    nodes: [node],
    values: { '0': value(0), '1': value(1) },
  })
}
