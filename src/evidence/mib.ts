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
  /** What other kernels count the same as. */
  others: z.array(z.string()).optional(),
  moves: z.boolean(),
  atLeast: z.int().min(1).optional(),
}
type MibProof<N extends string = string> = FieldsOf<typeof FIELDS, N>

/** All proofs of a trial that look at a node's counters look at the same moment. */
const reading = momentary<Netns, Map<string, number>>()

/** The shell function that reads a counter. */
export const MIB_LIBRARY = `# mib before|after NODE COUNTERS moves|still LEAST: their sum, as kernels have one or the other.
mib() {
  value=$(in_node "$2" nstat -asz | awk -v names=" $3 " 'index(names, " " $1 " ") { sum += $2; found = 1 } END { if (found) print sum }')
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
      watchCounter(own, namesOf(own).join(' or '), () => {
        const at = netns(own.node)
        const all = reading(at, () => readMibs(at))
        const values = namesOf(own).flatMap(name => all.get(name) ?? [])
        return values.length > 0 ? values.reduce((sum, value) => sum + value) : undefined
      }),
    clarity: 5,
    script: ({ moves, atLeast = 1, ...own }) => ({
      words: ['mib', namesOf(own).join(' '), moves ? 'moves' : 'still', String(atLeast)],
      library: MIB_LIBRARY,
      tools: ['nstat', 'awk'],
    }),
  },
)

function namesOf({ counter, others = [] }: Pick<MibProof, 'counter' | 'others'>): string[] {
  return [counter, ...others]
}

interface MibWords<N extends string> {
  /** Or this counter, which is what other kernels count it as. */
  or(other: string): MibProof<N> & MibWords<N>
  /** It must not move. */
  still(): MibProof<N>
  /** By so much at least, where 1 would not prove it. */
  byAtLeast(least: number): MibProof<N> & Pick<MibWords<N>, 'andStays'>
  /** Also where the failure is repaired. */
  andStays(): MibProof<N>
}

function proof<N extends string>(data: MibProof<N>): MibProof<N> & MibWords<N> {
  return withWords(data, {
    or: (other: string) => proof({ ...data, others: [...(data.others ?? []), other] }),
    still: () => proof({ ...data, moves: false }),
    byAtLeast: (atLeast: number) => proof({ ...data, atLeast }),
    andStays: () => proof({ ...data, stops: false }),
  })
}
