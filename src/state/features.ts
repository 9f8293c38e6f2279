/** Features of devices that somebody may have switched, as ethtool's netlink family says them. */
import type { Ethtool } from '../world/ethtool.js'

/** On or off by themselves: what the device does is what was asked of it. */
const OWN = ['tx-checksum-ip-generic', 'tx-checksum-sctp', 'tx-scatter-gather', 'rx-gro']
/** On only beside checksums and scatter-gather, whatever was asked (netdev_fix_features(), net/core/dev.c): the request counts. */
const DEPENDENT = [
  'tx-generic-segmentation',
  'tx-tcp-segmentation',
  'tx-tcp6-segmentation',
  'tx-udp-segmentation',
]
const ALL = [...OWN, ...DEPENDENT]

/** The features of these devices: `link eth0 feature tx-checksum-ip-generic` is `on`. None where the kernel does not say them. */
export function readFeatures(
  ethtool: Ethtool,
  devices: ReadonlyMap<number, string>,
  into: Map<string, string>,
): void {
  for (const [index, { changeable, wanted, active }] of ethtool.features(ALL) ?? []) {
    const device = devices.get(index)
    // lo has everything.
    if (device === undefined || device === 'lo') continue
    // What a bridge does is what its ports do, whatever was asked: the request counts.
    const own = into.get(`link ${device} kind`) === 'bridge' ? wanted : active
    const set = (feature: string, on: boolean) =>
      into.set(`link ${device} feature ${feature}`, on ? 'on' : 'off')
    for (const feature of OWN) if (changeable.has(feature)) set(feature, own.has(feature))
    for (const feature of DEPENDENT) if (changeable.has(feature)) set(feature, wanted.has(feature))
  }
}
