import { existsSync } from 'node:fs'
import type { Capability } from '../capability.js'

export const forceForwarding: Capability = {
  id: 'force-forwarding',
  title: 'IPv6 forwarding by device (force_forwarding)',
  config: ['CONFIG_IPV6 of Linux 6.17 or newer'],
  modules: [],
  packages: [],
  check: () =>
    existsSync('/proc/sys/net/ipv6/conf/all/force_forwarding')
      ? undefined
      : 'this kernel has no net.ipv6.conf.*.force_forwarding',
}
