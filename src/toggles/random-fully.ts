import { run } from '../model/steps.js'
import type { Toggle } from '../model/toggle.js'

type PortChoice = 'none' | 'random' | 'random-fully'

/**
 * How source NAT picks a port: the client's own where it is free, or a random one. `--random` has meant the same as
 * `--random-fully` since kernel 5.0 (NF_NAT_RANGE_PROTO_RANDOM_ALL, net/netfilter/nf_nat_core.c). The rule is the last one
 * of POSTROUTING, as Docker writes it; `target` is the toggle that says whether it is MASQUERADE or SNAT.
 */
export function randomFully<const N extends string>({
  node,
  match,
  target,
}: {
  node: N
  match: readonly string[]
  target: string
}): Toggle<PortChoice, N> {
  const options: Readonly<Record<PortChoice, readonly string[]>> = {
    none: [],
    random: ['--random'],
    'random-fully': ['--random-fully'],
  }
  const summary = 'pick the port of a source NAT at random'
  const ruleOf = (setting: PortChoice, settings: Readonly<Record<string, string>>) => [
    ...match,
    '-j',
    ...(settings[target] ?? '').split(' '),
    ...options[setting],
  ]
  return {
    summary,
    settings: ['none', 'random', 'random-fully'],
    nodes: [node],
    needs: [],
    change(to, from, { iptables: { iptables }, settings }) {
      const rule = ruleOf(to, settings)
      const place = from === undefined ? ['-A', 'POSTROUTING'] : ['-R', 'POSTROUTING', '1']
      return [run(node, [iptables, '-w', '-t', 'nat', ...place, ...rule], summary)]
    },
    claims: (setting, { settings }) => [
      {
        node,
        table: 'nat',
        chain: 'POSTROUTING',
        rule: { position: 1, words: ruleOf(setting, settings) },
      },
    ],
    onRealSystem: setting => [
      `iptables -t nat -R POSTROUTING 1 ${[...match, '-j', 'MASQUERADE', ...options[setting]].join(' ')}`,
    ],
  }
}
