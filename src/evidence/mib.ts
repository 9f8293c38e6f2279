import { z } from 'zod'
import type { FieldsOf } from '../model/fields.js'
import type { Netns } from '../world/netns.js'
import { readMibs } from '../world/proc-net.js'
import { watchCounter } from './counter.js'
import { momentary } from './momentary.js'
import { PROOF_FIELDS, withWords, wordsOf } from './source.js'

const FIELDS = {
  ...PROOF_FIELDS,
  source: z.literal('mib'),
  counter: z.string(),
  moves: z.boolean(),
  atLeast: z.int().min(1).optional(),
}
type MibProof<N extends string = string> = FieldsOf<typeof FIELDS, N>

/** All proofs of a trial that look at a node's counters look at the same moment. */
const reading = momentary<Netns, Map<string, number>>()

/** The shell function that reads a counter. */
export const MIB_LIBRARY = `# mib before|after NODE COUNTER moves|still LEAST
mib() {
  value=$(in_node "$2" nstat -asz "$3" | awk -v name="$3" '$1 == name { print $2 }')
  count "$1" "$2" "$3" "$4" "$5" "$value"
}
`

/**
 * A counter of a namespace, by the name that nstat gives it (`TcpExtIPReversePathFilter`), must move; with `still`, must not;
 * `andStays`: also moves where the failure is repaired.
 */
export const mib = wordsOf(
  <const N extends string>(node: N, counter: string) =>
    proof<N>({ source: 'mib', node, counter, moves: true }),
  {
    source: 'mib',
    fields: z.strictObject(FIELDS),
    level: 'basic',
    happens: ({ moves }: MibProof) => moves,
    watch: (own: MibProof, { netns }) =>
      watchCounter(own, own.counter, () => {
        const at = netns(own.node)
        return reading(at, () => readMibs(at)).get(own.counter)
      }),
    clarity: 5,
    script: ({ counter, moves, atLeast = 1 }) => ({
      words: ['mib', counter, moves ? 'moves' : 'still', String(atLeast)],
      library: MIB_LIBRARY,
      tools: ['nstat', 'awk'],
    }),
  },
)

interface MibWords<N extends string> {
  /** It must not move. */
  still(): MibProof<N>
  /** By so much at least, where 1 would not prove it. */
  byAtLeast(least: number): MibProof<N> & Pick<MibWords<N>, 'andStays'>
  /** Also where the failure is repaired. */
  andStays(): MibProof<N>
}

function proof<N extends string>(data: MibProof<N>): MibProof<N> & MibWords<N> {
  return withWords(data, {
    still: () => proof({ ...data, moves: false }),
    byAtLeast: (atLeast: number) => proof({ ...data, atLeast }),
    andStays: () => proof({ ...data, stops: false }),
  })
}
