import { run } from '../model/steps.js'
import type { Toggle } from '../model/toggle.js'

/**
 * Whether a device computes checksums of what it sends (NETIF_F_CSUM_MASK), as `ethtool -K eth0 tx` has it. Segmentation goes
 * with it (netdev_fix_features(), net/core/dev.c), and comes back with it.
 */
export function txChecksum<const N extends string>({
  node,
  device,
  first,
  bridge = false,
}: {
  node: N
  device: string
  first: 'on' | 'off'
  /** Whether it is a bridge, which has nothing to do with SCTP. */
  bridge?: boolean
}): Toggle<'on' | 'off', N> {
  const summary = 'let the device compute checksums of what it sends'
  const command = (setting: 'on' | 'off') => ['ethtool', '-K', device, 'tx', setting]
  return {
    summary,
    settings: first === 'on' ? ['on', 'off'] : ['off', 'on'],
    nodes: [node],
    needs: ['ethtool'],
    change: to => [run(node, command(to), summary)],
    claims: setting =>
      ['tx-checksum-ip-generic', ...(bridge ? [] : ['tx-checksum-sctp'])].map(feature => ({
        node,
        what: `link ${device} feature ${feature}`,
        value: setting,
      })),
    onRealSystem: setting => [command(setting).join(' ')],
  }
}
