import { z } from 'zod'
import { LabError } from '../base/errors.js'
import type { EvidenceContext, Finding } from '../model/evidence.js'
import type { FieldsOf } from '../model/fields.js'
import { RULE_SETS, type RuleSet, rulePrograms } from '../model/steps.js'
import { PROOF_FIELDS, withWords, wordsOf } from './source.js'

const FIELDS = {
  ...PROOF_FIELDS,
  source: z.literal('rule-counter'),
  /** Whose rule; that of iptables when left out. */
  set: z.enum(RULE_SETS).optional(),
  table: z.string(),
  rule: z.string(),
  moves: z.boolean(),
}
type RuleProof<N extends string = string> = FieldsOf<typeof FIELDS, N>

const LIBRARY = `# rule before|after NODE IPTABLES-SAVE TABLE RULE moves|still
rule() {
  value=$(in_node "$2" "$3" -c -t "$4" | grep -F -e "$5" | sed -n '1s/^[^[]*\\[\\([0-9]*\\):.*/\\1/p')
  # A rule or policy that a toggle set meanwhile starts from zero.
  [ "$1" = after ] || value=\${value:-0}
  count "$1" "$2" "$4 '$5'" "$6" 1 "$value"
}
`

/**
 * The packet counter of the iptables rule whose text holds `rule`, or of a policy by `:FORWARD DROP`, must move; with `still`, must
 * not; `andStays`: also moves where the failure is repaired. `set` says whose rule it is, where it is not that of iptables.
 */
export const counted = wordsOf(
  <const N extends string>(node: N, table: string, rule: string, set?: RuleSet) =>
    proof<N>({ source: 'rule-counter', node, ...(set ? { set } : {}), table, rule, moves: true }),
  {
    source: 'rule-counter',
    fields: z.strictObject(FIELDS),
    level: 'basic',
    happens: ({ moves }: RuleProof) => moves,
    async watch(own: RuleProof, context) {
      const { source, node, set = 'iptables', table, rule, moves } = own
      const before = await packets(own, context)
      return {
        pollable: true,
        async look(): Promise<Finding> {
          const after = await packets(own, context)
          if (after === undefined && context.hasRule(node, set, table, rule))
            throw new LabError(
              `the kernel has no rule '${rule}' in table ${table} of node ${node}, and the lab has put it there; it has ${await listed(own, context)}`,
              'a rule that is lost counts nothing: what loads the rules did not do all of that',
            )
          if (after === undefined)
            return { source, node, state: 'unavailable', says: `no rule '${rule}' in table ${table}` }
          // A rule or policy that a toggle set meanwhile starts from zero.
          const delta = after - (before ?? 0)
          return {
            source,
            node,
            state: delta > 0 === moves ? 'seen' : 'absent',
            says: `${set === 'iptables' ? '' : `${rulePrograms(context.iptables, set).save.replace(/-save$/, '')} `}${table} '${rule}' counted ${delta} packet${delta === 1 ? '' : 's'}`,
          }
        },
      }
    },
    clarity: 4,
    // One rule that counted says little without the next one that did not.
    tells: findings => ({
      says: findings
        .map(({ says }) => says)
        .slice(0, 2)
        .join(', '),
    }),
    script: ({ set = 'iptables', table, rule, moves }, { commands }) => {
      const { save } = rulePrograms(commands, set)
      return {
        words: ['rule', save, table, rule, moves ? 'moves' : 'still'],
        library: LIBRARY,
        tools: [save],
      }
    },
  },
)

interface RuleWords<N extends string> {
  /** It must not move. */
  still(): RuleProof<N>
  /** Also where the failure is repaired. */
  andStays(): RuleProof<N>
}

function proof<N extends string>(data: RuleProof<N>): RuleProof<N> & RuleWords<N> {
  return withWords(data, {
    still: () => proof({ ...data, moves: false }),
    andStays: () => proof({ ...data, stops: false }),
  })
}

/** Every rule of a proof's table, for a message. */
async function listed(
  { node, set = 'iptables', table }: RuleProof,
  { ruleCounts }: EvidenceContext,
): Promise<string> {
  const there = (await ruleCounts(node)).filter(one => one.set === set && one.table === table)
  return there.length === 0 ? 'none there' : there.map(({ words }) => `'${words}'`).join(', ')
}

async function packets(
  { node, set = 'iptables', table, rule }: RuleProof,
  { ruleCounts }: EvidenceContext,
): Promise<number | undefined> {
  const counts = await ruleCounts(node)
  return counts.find(one => one.set === set && one.table === table && one.words.includes(rule))?.packets
}
