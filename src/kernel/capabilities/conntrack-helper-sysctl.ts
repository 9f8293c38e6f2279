import { existsSync } from 'node:fs'
import type { Capability } from '../capability.js'

/** Gone since b118509076b3 (6.0). */
export const conntrackHelperSysctl: Capability = {
  id: 'conntrack-helper-sysctl',
  title: 'helpers by the sysctl nf_conntrack_helper',
  config: ['CONFIG_NF_CONNTRACK of a Linux older than 6.0'],
  modules: ['nf_conntrack'],
  onDemand: false,
  packages: [],
  check: () =>
    existsSync('/proc/sys/net/netfilter/nf_conntrack_helper')
      ? undefined
      : 'this kernel has no net.netfilter.nf_conntrack_helper, which b118509076b3 (6.0) has removed',
}
