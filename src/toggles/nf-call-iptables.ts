import { deviceToggle } from './toggle.js'

/**
 * A bridge's own `nf_call_iptables`. It is OR-ed with the sysctl (br_nf_pre_routing, net/bridge/br_netfilter_hooks.c), so
 * it can switch the detour on for one bridge, and never off.
 */
export function nfCallIptables<const N extends string>({ node, bridge }: { node: N; bridge: string }) {
  const command = (value: string) => [
    'ip',
    'link',
    'set',
    'dev',
    bridge,
    'type',
    'bridge',
    'nf_call_iptables',
    value,
  ]
  return deviceToggle<'0' | '1', N>({
    summary: 'pass this one bridge’s IPv4 packets to iptables',
    node,
    commands: { '0': command('0'), '1': command('1') },
    says: { what: `link ${bridge} nf_call_iptables`, values: { '0': 'off', '1': 'on' } },
  })
}
