import { ebtablesRules } from './ebtables-rules.js'

/** What comes of any rule that drops a VM’s own IPv6 multicast on its way back into its port, as {@link Claim} has it. */
export function reflectedMulticast(port: string, mac: string): string {
  return `postrouting oifname "${port}" ether type ip6 ether saddr ${mac} ether daddr 33:33:00:00:00:00/16 drop`
}

/** An ebtables rule that drops IPv6 multicast on its way into the port whose own MAC address is its source: the nwfilter's match, by hand. */
export function ebtablesDrop<const N extends string>({
  node,
  port,
  vm,
}: {
  node: N
  port: string
  /** The device behind the port. */
  vm: { node: N; device: string }
}) {
  return ebtablesRules<N>({
    node,
    nodes: [node, vm.node],
    summary: 'drop a VM’s own IPv6 multicast on its way back into its port',
    table: 'nat',
    chain: 'POSTROUTING',
    rules: mac => [
      {
        words: [
          ...['-o', port, '-p', 'IPv6', '-s', mac(vm.node, vm.device, '"$MAC"')],
          ...['-d', '33:33:00:00:00:00/ff:ff:00:00:00:00', '-j', 'DROP'],
        ],
        listed: reflectedMulticast(port, mac(vm.node, vm.device, '"$MAC"')),
      },
    ],
  })
}
