/** Programs that load a topology, and lose or change a line of what they are given. */
import type { Scenario } from '../../src/model/scenario.js'
import { PLAIN_IPTABLES, RULE_SETS, rulePrograms } from '../../src/model/steps.js'
import { policyOf } from '../../src/topology/lines.js'
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
  return Object.entries(scenario.topology.nodes).flatMap(([node, { tc = [], ...rules }]) => {
    const own = { of: 'build' as const, scenario, node }
    return [
      ...RULE_SETS.flatMap(set => {
        const { restore: tool } = rulePrograms(PLAIN_IPTABLES, set)
        const lines = Object.values(rules[set] ?? {}).flat()
        return lines.flatMap(line => {
          const [policy] = policyOf(line)
          if (policy)
            return [
              { ...own, line, lie: 'loses it', tool, sed: `s/^:${policy[0]} [A-Z]*/:${policy[0]} ACCEPT/` },
            ]
          const [append = '', chain = '', ...rule] = line.split(' ')
          const others = rule.includes('-j') ? alike({ rule }) : neverMatching(rule)
          return [
            { ...own, line, lie: 'loses it', tool, sed: deleted(line) },
            {
              ...own,
              line,
              lie: 'loads it twice',
              tool,
              sed: `${address(line)}p`,
            },
            ...others.map(([lie, words]) => ({
              ...own,
              line,
              lie,
              tool,
              sed: `${address(line)}c\\\n${[append, chain, ...words].join(' ')}`,
            })),
          ]
        })
      }),
      ...tc.map(line => ({ ...own, line, lie: 'loses it', tool: 'tc', sed: deleted(line) })),
    ]
  })
}

/** A rule that only counts. */
function neverMatching(rule: readonly string[]): [string, readonly string[]][] {
  return [['has it never match', [...rule, '-p', 'sctp']]]
}

function address(line: string): string {
  return `/^${line.replace(/[\\/.[\]*^$]/g, '\\$&')}$/`
}

function deleted(line: string): string {
  return `${address(line)}d`
}
