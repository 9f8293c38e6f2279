import { z } from 'zod'
import type { FieldsOf } from '../model/fields.js'
import { watchCounter } from './counter.js'
import { PROOF_FIELDS, withWords, wordsOf } from './source.js'

const FIELDS = {
  ...PROOF_FIELDS,
  source: z.literal('nft-counter'),
  /** Family, table and chain: `ip lab forward`. */
  chain: z
    .string()
    .regex(/^(ip|ip6|inet|arp|bridge) \S+ \S+$/, 'expected family, table and chain: ip lab forward'),
  /** Which of the chain's rules that count, from 1. */
  position: z.int().min(1),
  moves: z.boolean(),
}
type NftCounterProof<N extends string = string> = FieldsOf<typeof FIELDS, N>

const LIBRARY = `# nft_rule before|after NODE FAMILY TABLE CHAIN POSITION moves|still: the counter of one of the chain's rules.
nft_rule() {
  value=$(in_node "$2" nft list chain "$3" "$4" "$5" 2>/dev/null | sed -n 's/.* packets \\([0-9]*\\) .*/\\1/p' | sed -n "$6p")
  # A rule that a toggle put there meanwhile starts from zero.
  [ "$1" = after ] || value=\${value:-0}
  count "$1" "$2" "rule $6 of $3 $4 $5" "$7" 1 "$value"
}
`

/**
 * The packet counter of a rule of nftables must move; with `still`, must not; `andStays`: also moves where the failure is repaired.
 * It is the one at this place, from 1, among the rules of the chain that count.
 */
export const nftCounted = wordsOf(
  <const N extends string>(node: N, chain: string, position: number) =>
    proof<N>({ source: 'nft-counter', node, chain, position, moves: true }),
  {
    source: 'nft-counter',
    fields: z.strictObject(FIELDS),
    level: 'basic',
    happens: ({ moves }: NftCounterProof) => moves,
    watch: (own: NftCounterProof, { chainCounts }) =>
      watchCounter({ ...own, counter: own.chain }, `packets of rule ${own.position} of ${own.chain}`, () => {
        const rules = chainCounts(own.node).filter(
          count => 'rule' in count && count.chain === `rules ${own.chain}`,
        )
        return rules[own.position - 1]?.packets
      }),
    clarity: 4,
    script: ({ chain, position, moves }) => ({
      words: ['nft_rule', ...chain.split(' '), String(position), moves ? 'moves' : 'still'],
      library: LIBRARY,
      tools: ['nft'],
    }),
  },
)

interface NftCounterWords<N extends string> {
  /** It must not move. */
  still(): NftCounterProof<N>
  /** Also where the failure is repaired. */
  andStays(): NftCounterProof<N>
}

function proof<N extends string>(data: NftCounterProof<N>): NftCounterProof<N> & NftCounterWords<N> {
  return withWords(data, {
    still: () => proof({ ...data, moves: false }),
    andStays: () => proof({ ...data, stops: false }),
  })
}
