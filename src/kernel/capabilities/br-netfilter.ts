import { existsSync } from 'node:fs'
import type { Capability } from '../capability.js'

/** Its sysctls are per network namespace since 22567590b2e6 (5.3); loading the module changes the host's own bridges. */
export const brNetfilter: Capability = {
  id: 'br-netfilter',
  title: 'iptables on bridged packets',
  config: ['CONFIG_BRIDGE_NETFILTER'],
  modules: ['br_netfilter'],
  onDemand: false,
  packages: [],
  check: () =>
    existsSync('/proc/sys/net/bridge/bridge-nf-call-iptables')
      ? undefined
      : 'br_netfilter is not there: no net.bridge sysctls in a new network namespace',
}
