import { startingWith, sysctlToggle } from './toggle.js'

/**
 * `net.bridge.bridge-nf-call-iptables`: whether bridged IPv4 packets go through iptables. One for each network namespace
 * since 22567590b2e6 (5.3), and 1 in each new one.
 */
export function bridgeNfCallIptables<const N extends string>({ node, first }: { node: N; first: '0' | '1' }) {
  return startingWith(
    first,
    sysctlToggle<'0' | '1', N>({
      summary: 'pass bridged IPv4 packets to iptables',
      nodes: [node],
      values: {
        '0': { 'net.bridge.bridge-nf-call-iptables': 0 },
        '1': { 'net.bridge.bridge-nf-call-iptables': 1 },
      },
      needs: ['br-netfilter'],
    }),
  )
}
