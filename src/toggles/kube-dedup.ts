import { ebtablesRules } from './ebtables-rules.js'

/**
 * kubenet's KUBE-DEDUP: what a promiscuous bridge sends into its own ports under its own MAC address, from an address of its pods and
 * not from its own, is a second copy. `mac` and `address` are the bridge's, `ports` what its ports' names begin with.
 */
export function kubeDedup<const N extends string>({
  node,
  mac,
  address,
  ports,
  pods,
}: {
  node: N
  mac: string
  address: string
  ports: string
  pods: string
}) {
  const rule = (source: string, target: 'ACCEPT' | 'DROP') => ({
    words: ['-p', 'IPv4', '-s', mac, '-o', `${ports}+`, '--ip-src', source, '-j', target],
    listed: `output oifname "${ports}*" ether type ip ether saddr ${mac} ip saddr ${source} ${target.toLowerCase()}`,
  })
  return ebtablesRules<N>({
    node,
    summary: 'drop what the host sends to a pod in the name of another one',
    table: 'filter',
    chain: 'OUTPUT',
    rules: () => [rule(address, 'ACCEPT'), rule(pods, 'DROP')],
  })
}
