import { type Capability, tryCommand } from '../capability.js'

/** Since 6.17 only where the kernel was built with CONFIG_NETFILTER_XTABLES_LEGACY. */
export const iptablesLegacy: Capability = {
  id: 'iptables-legacy',
  title: 'iptables over x_tables',
  config: ['CONFIG_NETFILTER_XTABLES_LEGACY', 'CONFIG_IP_NF_IPTABLES', 'CONFIG_IP_NF_NAT'],
  modules: ['ip_tables', 'iptable_nat', 'iptable_filter', 'iptable_mangle'],
  // iptables itself calls modprobe for the first of them, which nothing in a world may.
  onDemand: false,
  packages: ['iptables'],
  check: () => tryCommand(['iptables-legacy', '-t', 'nat', '-A', 'POSTROUTING', '-j', 'MASQUERADE']),
}
