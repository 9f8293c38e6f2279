/** Lies of iptables about a rule: where it stands, what it matches, what it does. */
import { LOADED_SETS, PLAIN_IPTABLES, rulePrograms } from '../../../src/model/steps.js'
import type { Topology } from '../../../src/model/topology.js'
import {
  besides,
  type Change,
  type Deed,
  deedOf,
  type Lie,
  otherwise,
  type ToolStep,
  toolOf,
} from '../lie.js'

/** TEST-NET-1: nobody has it. */
const NOBODY = '192.0.2.77'
/** Nothing jumps to it. */
const UNREACHED = 'unreached'

/** A command that edits a rule: `iptables -w -t nat -I POSTROUTING 1 …`. */
interface Edit {
  readonly node: string
  readonly iptables: string
  readonly table: string
  readonly action: string
  readonly chain: string
  /** Words between the chain and the rule: its place, if any. */
  readonly place: readonly string[]
  readonly rule: readonly string[]
}

/** Other chains, places, matches and targets. */
export function liesAboutRules(change: Change): Lie[] {
  const [step] = change.steps
  if (step?.do !== 'run' || !/^ip6?tables/.test(toolOf(step))) return []
  const edit = parse(deedOf(step))
  if (edit.action === '-P') return liesAboutPolicies(change)
  const rewritten = (name: string, deeds: readonly Deed[]) => otherwise(change, name, () => deeds)
  const { node, iptables, table } = edit
  const chain = { node, argv: [iptables, '-w', '-t', table, '-N', UNREACHED] }
  const elsewhere = rewritten('puts it into a chain that nothing jumps to', [
    chain,
    write({ ...edit, action: '-A', chain: UNREACHED, place: [] }),
  ])
  const otherNode = Object.keys(change.scenario.topology.nodes).find(other => other !== node)
  return [
    ...(edit.action === '-D' ? [] : elsewhere),
    ...(otherNode === undefined || edit.action === '-D'
      ? []
      : rewritten(`puts it into node ${otherNode}`, [
          write({ ...edit, node: otherNode, action: '-A', place: [] }),
        ])),
    ...(edit.action === '-I' && others(change.scenario.topology, edit) > 0
      ? rewritten('puts it behind the others', [write({ ...edit, action: '-A', place: [] })])
      : []),
    ...(edit.action === '-D'
      ? others(change.scenario.topology, edit) === 0
        ? []
        : rewritten('takes away the whole chain’s rules', [
            { node, argv: [iptables, '-w', '-t', table, '-F', edit.chain] },
          ])
      : alike(edit).flatMap(([name, rule]) => rewritten(name, [write({ ...edit, rule })]))),
    ...(['-I', '-A'].includes(edit.action) ? [besides(change, 'does it twice', [deedOf(step)])] : []),
    besides(change, 'accepts everything in mangle POSTROUTING, too', [
      { node, argv: [iptables, '-w', '-t', 'mangle', '-A', 'POSTROUTING', '-j', 'ACCEPT'] },
    ]),
  ]
}

/** The policy of another chain, in its place or as well. */
function liesAboutPolicies(change: Change): Lie[] {
  const inOther = (step: ToolStep) => {
    const { node, argv } = deedOf(step)
    return [{ node, argv: argv.map(word => (word === 'FORWARD' ? 'OUTPUT' : word)) }]
  }
  return [
    ...otherwise(change, 'sets that of OUTPUT', inOther),
    besides(change, 'drops what no rule of INPUT decides about, too', [
      ...change.steps.slice(0, 1).map(step => {
        const { node, argv } = deedOf(step)
        return { node, argv: [...argv.slice(0, argv.indexOf('-P')), '-P', 'INPUT', 'DROP'] }
      }),
    ]),
  ]
}

function parse({ node, argv }: Deed): Edit {
  const [iptables = '', , , table = '', action = '', chain = '', ...rest] = argv
  const placed = /^\d+$/.test(rest[0] ?? '')
  return {
    node,
    iptables,
    table,
    action,
    chain,
    place: placed ? rest.slice(0, 1) : [],
    rule: placed ? rest.slice(1) : rest,
  }
}

function write({ node, iptables, table, action, chain, place, rule }: Edit): Deed {
  return { node, argv: [iptables, '-w', '-t', table, action, chain, ...place, ...rule] }
}

/** How many rules its chain has been loaded with; tables of the other backend come with none. */
function others({ nodes }: Topology, { node, iptables, table, chain }: Edit): number {
  const set = LOADED_SETS.find(loaded => rulePrograms(PLAIN_IPTABLES, loaded).iptables === iptables)
  const rules = set && nodes[node]?.[set]?.[table]
  return (rules ?? []).filter(rule => rule.startsWith(`-A ${chain} `)).length
}

/** Rules that look much like one, each with what is told of it. */
export function alike({ rule }: Pick<Edit, 'rule'>): [name: string, rule: readonly string[]][] {
  const after = (word: string) => rule.indexOf(word) + 1
  const target = rule[after('-j')] ?? ''
  const head = rule.slice(0, after('-j') - 1)
  const tail = rule.slice(after('-j') + 1)
  const to = rule[after('--to-source')]
  const source = after('-s')
  const found: [string, readonly string[]][] = [
    ['has it never match', source > 0 ? rule.with(source, `${NOBODY}/32`) : ['-s', `${NOBODY}/32`, ...rule]],
    ['has it match everything', ['-j', target, ...tail]],
    ['has it do nothing but count', head],
  ]
  if (to !== undefined && after('--to-source') > 0)
    found.push(
      ['translates to another address', rule.with(after('--to-source'), neighbour(to))],
      ['masquerades instead', [...head, '-j', 'MASQUERADE', ...tail.slice(2)]],
    )
  if (target === 'MASQUERADE')
    found.push([
      'translates to a fixed other address',
      [...head, '-j', 'SNAT', '--to-source', NOBODY, ...tail],
    ])
  if (target === 'ACCEPT') found.push(['has it return', [...head, '-j', 'RETURN']])
  const not = rule.indexOf('!')
  found.push(
    not >= 0
      ? ['drops the `!`', rule.toSpliced(not, 1)]
      : ['puts a `!` before the source', rule.toSpliced(Math.max(source - 1, 0), 0, '!')],
  )
  const state = rule.indexOf('--ctstate')
  if (state >= 0) {
    const negated = rule[state - 1] === '!'
    const first = negated ? state - 3 : state - 2
    found.push(['loses its `--ctstate`', rule.toSpliced(first, state + 2 - first)])
    found.push(['asks for another state', rule.with(state + 1, 'SNAT')])
  }
  // A rule that asks nothing of a packet matches everything as it is.
  return found.filter(([, words]) => words.join(' ') !== rule.join(' '))
}

function neighbour(address: string): string {
  const parts = address.split('.')
  return parts.with(-1, String((Number(parts.at(-1)) + 76) % 250)).join('.')
}
