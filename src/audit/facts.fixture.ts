/** Facts of a machine that is written down, for tests that need no kernel. */
import { withSlashes } from '../base/sysctl-key.js'
import type { Unread } from '../model/audit.js'
import { type FactSource, Facts } from './facts.js'
import { chainKey, parseSaved } from './rules.js'

/** What is written down of it. */
export interface WrittenMachine {
  readonly configuration?: Readonly<Record<string, string>>
  /** As iptables-save prints them. */
  readonly iptables?: string
  readonly sysctls?: Readonly<Record<string, string>>
  readonly unread?: readonly (readonly [FactSource, Unread])[]
  /** Keys of sysctls that are there and cannot be read. */
  readonly unreadSysctls?: readonly string[]
}

export function writtenFacts({
  configuration = {},
  iptables = '',
  sysctls = {},
  unread = [],
  unreadSysctls = [],
}: WrittenMachine): Facts {
  const chains = parseSaved(iptables, 'iptables', 'ip')
  const values = new Map(Object.entries(sysctls).map(([key, value]) => [withSlashes(key), value]))
  return new Facts(
    'this',
    new Map(Object.entries(configuration)),
    new Map(chains.map(chain => [chainKey(chain), chain])),
    new Map(unread),
    key => values.get(withSlashes(key)),
    new Map(),
    new Set(unreadSysctls.map(withSlashes)),
  )
}

/** A host of containers with a port forwarding that bounces off it, by the document of bridge-dnat-bounce. */
export const CONTAINER_HOST: WrittenMachine = {
  configuration: {
    'link lxcbr0 kind': 'bridge',
    'link lxcbr0 promisc': 'on',
    'link lxcbr0 nf_call_iptables': 'off',
    'link veth7 kind': 'veth',
    'link veth7 master': 'lxcbr0',
    'link veth7 hairpin_mode': 'off',
    'address 10.9.0.1/24 dev lxcbr0': 'there',
    'address 198.51.100.7/24 dev ens3': 'there',
  },
  sysctls: { 'net.ipv4.ip_forward': '1', 'net.bridge.bridge-nf-call-iptables': '1' },
  iptables: `*nat
:PREROUTING ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
[3:180] -A PREROUTING -d 198.51.100.7/32 -p tcp -m tcp --dport 443 -m comment --comment "the \\"web\\" -j DROP" -j DNAT --to-destination 10.9.0.5:8443
-A POSTROUTING -s 10.9.0.0/24 -d 10.9.0.0/24 -m conntrack --ctstate DNAT -j SNAT --to-source 10.9.0.1
COMMIT
`,
}
