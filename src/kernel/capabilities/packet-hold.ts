import { holdSteps } from '../../model/packet-hold.js'
import { type Capability, tryCommand } from '../capability.js'

/** A queue between source NAT and confirmation: iptables' NFQUEUE target in a chain that nftables calls after it. */
export const packetHold: Capability = {
  id: 'packet-hold',
  title: 'holding packets between source NAT and their confirmation',
  config: ['CONFIG_NETFILTER_XT_TARGET_NFQUEUE', 'CONFIG_NFT_COMPAT', 'CONFIG_NETFILTER_NETLINK_QUEUE'],
  modules: ['nfnetlink_queue', 'xt_NFQUEUE', 'nft_compat'],
  packages: ['iptables', 'nftables'],
  check() {
    const [chain, hook] = holdSteps('probe', { device: 'lo', port: 1, queue: 0 })
    // One namespace for both, as the second needs what the first makes. The input is the lab's own, and constant.
    const script = `iptables-nft-restore -w --noflush <<END\n${chain?.stdin}END\nnft -f - <<END\n${hook?.stdin}END\n`
    return tryCommand(['sh', '-e'], script)
  },
}
