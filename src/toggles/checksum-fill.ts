import { ruleToggle } from './toggle.js'

/**
 * The rule that libvirt, LXC and others put in front of their DHCP servers: the checksum of what is for a port is computed in software
 * (checksum_tg(), net/netfilter/xt_CHECKSUM.c) where it was left to a device.
 */
export function checksumFill<const N extends string>({ node, port }: { node: N; port: number }) {
  return ruleToggle<'off' | 'on', N>({
    summary: 'compute the checksum of what is for this port of UDP in software',
    node,
    table: 'mangle',
    chain: 'POSTROUTING',
    position: 1,
    rules: {
      off: null,
      on: ['-p', 'udp', '-m', 'udp', '--dport', String(port), '-j', 'CHECKSUM', '--checksum-fill'],
    },
    needs: ['checksum-target'],
  })
}
