/** Programs that load a topology, and lose or change a line of what they are given. */
import type { Scenario } from '../../src/model/scenario.js'
import { LOADED_SETS, PLAIN_IPTABLES, rulePrograms } from '../../src/model/steps.js'
import { policyOf } from '../../src/topology/lines.js'
import { alikeInNft } from './lies/nft.js'
import { alike } from './lies/rules.js'

/** A program that lies about one line of its standard input. */
export interface BuildLiar {
  readonly of: 'build'
  readonly scenario: Scenario
  readonly node: string
  readonly line: string
  readonly lie: string
  /** The program, as the plan calls it. */
  readonly tool: string
  /** What it does to its input, by sed(1). */
  readonly sed: string
}

/** Every liar about a rule or a filter that the topology is loaded with. */
export function buildLiars(scenario: Scenario): BuildLiar[] {
  return Object.entries(scenario.topology.nodes).flatMap(([node, { nft = [], tc = [], ...rules }]) => {
    const liars = (tool: string, line: string, others: readonly (readonly [string, string])[]) => {
      const own = { of: 'build' as const, scenario, node, tool, line }
      return [
        { ...own, lie: 'loses it', sed: `${address(line)}d` },
        { ...own, lie: 'loads it twice', sed: `${address(line)}p` },
        ...others.map(([lie, other]) => ({ ...own, lie, sed: `${address(line)}c\\\n${other}` })),
      ]
    }
    return [
      ...LOADED_SETS.flatMap(set => {
        const { restore: tool } = rulePrograms(PLAIN_IPTABLES, set)
        const lines = Object.values(rules[set] ?? {}).flat()
        return lines.flatMap(line => {
          const [policy] = policyOf(line)
          if (!policy) return liars(tool, line, alikeInIptables(line))
          const sed = `s/^:${policy[0]} [A-Z]*/:${policy[0]} ACCEPT/`
          return [{ of: 'build' as const, scenario, node, tool, line, lie: 'loses it', sed }]
        })
      }),
      ...nft
        .filter(line => line.startsWith('add rule '))
        .flatMap(line => liars('nft', line, alikeInNft(line))),
      // What is there twice is refused by tc itself, unless it is a filter.
      ...tc.flatMap(line =>
        line.startsWith('filter ')
          ? liars('tc', line, alikeInTc(line))
          : liars('tc', line, []).filter(({ lie }) => lie === 'loses it'),
      ),
    ]
  })
}

function alikeInIptables(line: string): [string, string][] {
  const [append = '', chain = '', ...rule] = line.split(' ')
  const others = rule.includes('-j') ? alike({ rule }) : neverMatching(rule)
  return others.map(([lie, words]) => [lie, [append, chain, ...words].join(' ')])
}

function alikeInTc(line: string): [string, string][] {
  return [
    ['has it for another protocol', line.replace(/protocol \S+/, 'protocol ipv6')],
    ['mirrors in place of redirecting', line.replace(' redirect ', ' mirror ')],
  ]
}

/** A rule that only counts. */
function neverMatching(rule: readonly string[]): [string, readonly string[]][] {
  return [['has it never match', [...rule, '-p', 'sctp']]]
}

function address(line: string): string {
  return `/^${line.replace(/[\\/.[\]*^$]/g, '\\$&')}$/`
}
