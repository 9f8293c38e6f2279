import { ruleToggle } from './toggle.js'

/** Source NAT on the router for what a VM sends to its own floating IP, so that the packet comes back from the floating IP. */
export function routerSnat<const N extends string>({
  node,
  vm,
  floatingIp,
}: {
  node: N
  vm: string
  floatingIp: string
}) {
  return ruleToggle({
    summary: 'give a VM’s packet to its own floating IP the floating IP as source',
    node,
    table: 'nat',
    chain: 'POSTROUTING',
    position: 1,
    rules: {
      off: null,
      on: [
        '-s',
        vm,
        '-d',
        vm,
        '-m',
        'conntrack',
        '--ctstate',
        'DNAT',
        '-j',
        'SNAT',
        '--to-source',
        floatingIp,
      ],
    },
  })
}
