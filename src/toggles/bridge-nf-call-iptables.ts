import { startingWith, sysctlToggle } from './toggle.js'

/**
 * `net.bridge.bridge-nf-call-iptables`, or `-ip6tables` of the family `inet6`: whether bridged IPv4 or IPv6 packets go through iptables.
 * One for each network namespace since 22567590b2e6 (5.3), and 1 in each new one.
 */
export function bridgeNfCallIptables<const N extends string>({
  node,
  first,
  family = 'inet',
}: {
  node: N
  first: '0' | '1'
  family?: 'inet' | 'inet6'
}) {
  const key = `net.bridge.bridge-nf-call-${family === 'inet' ? 'iptables' : 'ip6tables'}`
  return startingWith(
    first,
    sysctlToggle<'0' | '1', N>({
      summary: `pass bridged ${family === 'inet' ? 'IPv4' : 'IPv6'} packets to iptables`,
      nodes: [node],
      values: { '0': { [key]: 0 }, '1': { [key]: 1 } },
      needs: ['br-netfilter'],
    }),
  )
}
