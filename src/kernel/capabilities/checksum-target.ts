import { type Capability, tryCommand } from '../capability.js'

export const checksumTarget: Capability = {
  id: 'checksum-target',
  title: 'computing checksums by iptables',
  config: ['CONFIG_NETFILTER_XT_TARGET_CHECKSUM', 'CONFIG_IP_NF_MANGLE', 'CONFIG_NFT_COMPAT'],
  modules: ['xt_CHECKSUM'],
  packages: ['iptables'],
  check: () =>
    tryCommand([
      ...['iptables', '-t', 'mangle', '-A', 'POSTROUTING', '-p', 'udp', '--dport', '68'],
      ...['-j', 'CHECKSUM', '--checksum-fill'],
    ]),
}
