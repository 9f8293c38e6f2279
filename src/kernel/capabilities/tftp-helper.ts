import { type Capability, isUnloaded, tryCommand } from '../capability.js'

const COMMANDS = `add table ip probe
add ct helper ip probe tftp { type "tftp" protocol udp; }
add chain ip probe looked { type filter hook prerouting priority 0; }
add rule ip probe looked udp dport 69 ct helper set "tftp"
`

/**
 * A rule makes the kernel load nf_conntrack_tftp (nf_conntrack_helper_try_module_get), and never the translating half, without which
 * the other one's expectations are for addresses before NAT. Built in, it comes with the other one.
 */
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
  check: async () =>
    (await tryCommand(['nft', '-f', '-'], COMMANDS)) ??
    (isUnloaded('nf_nat_tftp')
      ? 'nf_nat_tftp is not loaded, and nothing makes the kernel load it'
      : undefined),
}
