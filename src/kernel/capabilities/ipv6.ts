import { existsSync } from 'node:fs'
import type { Capability } from '../capability.js'

export const ipv6: Capability = {
  id: 'ipv6',
  title: 'IPv6',
  config: ['CONFIG_IPV6'],
  modules: [],
  packages: [],
  check: () =>
    existsSync('/proc/sys/net/ipv6')
      ? undefined
      : 'this kernel has no IPv6, or was started with ipv6.disable=1',
}
