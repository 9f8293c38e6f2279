import { sysctlToggle } from './toggle.js'

/**
 * `arp_ignore`: 0 answers for any address of the host, 1 for those of the arrival device (arp_ignore(), net/ipv4/arp.c). The larger of
 * `all` and the device counts.
 */
export function arpIgnore<const N extends string>({ node, device }: { node: N; device: string }) {
  return arpToggle(
    'arp_ignore',
    ['0', '1'],
    'answer ARP for an address of the arrival device only',
    node,
    device,
  )
}

/**
 * `arp_announce`: 0 asks from the packet's own source, 2 from the best address of the device for whom it asks (arp_solicit(),
 * net/ipv4/arp.c). The larger of `all` and the device counts.
 */
export function arpAnnounce<const N extends string>({ node, device }: { node: N; device: string }) {
  return arpToggle('arp_announce', ['0', '2'], 'ask by ARP from an address of the device', node, device)
}

function arpToggle<const S extends string, const N extends string>(
  name: string,
  settings: readonly S[],
  summary: string,
  node: N,
  device: string,
) {
  const values = Object.fromEntries(
    settings.map(setting => [
      setting,
      {
        [`net.ipv4.conf.all.${name}`]: Number(setting),
        [`net.ipv4.conf.${device}.${name}`]: Number(setting),
      },
    ]),
  ) as Record<S, Record<string, number>>
  return sysctlToggle<S, N>({ summary, nodes: [node], values })
}
