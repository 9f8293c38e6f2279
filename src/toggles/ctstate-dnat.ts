import { ruleToggle } from './toggle.js'

/**
 * nova's rule that keeps fixed-to-fixed traffic out of source NAT, with and without the exception for connections that
 * were DNATed (nova b61e1ea12c): without it the float's own SNAT rule behind it is never reached.
 */
export function ctstateDnat<const N extends string>({ node, range }: { node: N; range: string }) {
  return ruleToggle({
    summary: 'let DNATed connections between fixed addresses go on to the float’s SNAT rule',
    node,
    table: 'nat',
    chain: 'POSTROUTING',
    position: 1,
    rules: {
      off: ['-s', range, '-d', range, '-j', 'ACCEPT'],
      on: ['-s', range, '-d', range, '-m', 'conntrack', '!', '--ctstate', 'DNAT', '-j', 'ACCEPT'],
    },
  })
}
