import { ruleToggle } from './toggle.js'

/** The "bounce" rule: source NAT to the host's own address for DNATed connections inside the LAN, so that replies come back to it. */
export function bounceSnat<const N extends string>({ node, lan, to }: { node: N; lan: string; to: string }) {
  return ruleToggle({
    summary: 'make replies to port-forwarded connections from inside come back through the host',
    node,
    table: 'nat',
    chain: 'POSTROUTING',
    position: 1,
    rules: {
      off: null,
      on: ['-s', lan, '-d', lan, '-m', 'conntrack', '--ctstate', 'DNAT', '-j', 'SNAT', '--to-source', to],
    },
  })
}
