import { type Capability, tryCommand } from '../capability.js'

const COMMANDS = `add table ip probe
add ct helper ip probe tftp { type "tftp" protocol udp; }
add chain ip probe looked { type filter hook prerouting priority 0; }
add rule ip probe looked udp dport 69 ct helper set "tftp"
`

/** The translating half, nf_nat_tftp, does not show before a datagram is translated: it comes with the other one. */
export const tftpHelper: Capability = {
  id: 'tftp-helper',
  title: 'the conntrack helper of TFTP',
  config: [
    'CONFIG_NF_CONNTRACK_TFTP',
    'CONFIG_NF_NAT_TFTP',
    'CONFIG_NFT_CT',
    'CONFIG_NETFILTER_XT_TARGET_CT',
  ],
  modules: ['nf_conntrack_tftp', 'nf_nat_tftp', 'nft_ct', 'xt_CT'],
  onDemand: false,
  packages: ['nftables'],
  check: () => tryCommand(['nft', '-f', '-'], COMMANDS),
}
