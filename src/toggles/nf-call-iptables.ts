import { deviceToggle } from './toggle.js'

/**
 * A bridge's own `nf_call_iptables`, or `nf_call_ip6tables` of the family `inet6`. It is OR-ed with the sysctl (br_nf_pre_routing,
 * net/bridge/br_netfilter_hooks.c), so it can switch the detour on for one bridge, and never off.
 */
export function nfCallIptables<const N extends string>({
  node,
  bridge,
  family = 'inet',
}: {
  node: N
  bridge: string
  family?: 'inet' | 'inet6'
}) {
  const option = family === 'inet' ? 'nf_call_iptables' : 'nf_call_ip6tables'
  const command = (value: string) => ['ip', 'link', 'set', 'dev', bridge, 'type', 'bridge', option, value]
  return deviceToggle<'0' | '1', N>({
    summary: `pass this one bridge’s ${family === 'inet' ? 'IPv4' : 'IPv6'} packets to iptables`,
    node,
    commands: { '0': command('0'), '1': command('1') },
    says: { what: `link ${bridge} ${option}`, values: { '0': 'off', '1': 'on' } },
  })
}
