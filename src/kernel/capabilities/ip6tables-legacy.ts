import { type Capability, tryCommand } from '../capability.js'

/** As that of iptables. */
export const ip6tablesLegacy: Capability = {
  id: 'ip6tables-legacy',
  title: 'ip6tables over x_tables',
  config: ['CONFIG_NETFILTER_XTABLES_LEGACY', 'CONFIG_IP6_NF_IPTABLES', 'CONFIG_IP6_NF_FILTER'],
  modules: ['ip6_tables', 'ip6table_filter'],
  onDemand: false,
  packages: ['iptables'],
  check: () => tryCommand(['ip6tables-legacy', '-A', 'FORWARD', '-j', 'ACCEPT']),
}
