import { run } from '../model/steps.js'
import type { Toggle, ToggleContext } from '../model/toggle.js'

/** What comes of any rule that drops a VM's own IPv6 multicast on its way back into its port, as {@link Claim} has it. */
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
}): Toggle<'off' | 'on', N> {
  const rule = (mac: string) => [
    ...['-o', port, '-p', 'IPv6', '-s', mac, '-d', '33:33:00:00:00:00/ff:ff:00:00:00:00', '-j', 'DROP'],
  ]
  const summary = 'drop a VM’s own IPv6 multicast on its way back into its port'
  const edit = (action: string, { mac }: ToggleContext) =>
    run(node, ['ebtables', '-t', 'nat', action, 'POSTROUTING', ...rule(mac(vm.node, vm.device))], summary)
  return {
    summary,
    settings: ['off', 'on'],
    nodes: [node, vm.node],
    needs: ['ebtables'],
    change(to, from, context) {
      if (to === 'on') return from === 'on' ? [] : [edit('-A', context)]
      return from === 'on' ? [edit('-D', context)] : []
    },
    claims: (setting, context) => [
      {
        node,
        bridgeRules: setting === 'on' ? [reflectedMulticast(port, context.mac(vm.node, vm.device))] : [],
      },
    ],
    onRealSystem: setting =>
      setting === 'on' ? [`ebtables -t nat -A POSTROUTING ${rule('"$MAC"').join(' ')}`] : [],
  }
}
