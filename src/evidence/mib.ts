import { z } from 'zod'
import { type FieldsOf, node } from '../model/fields.js'
import type { Netns } from '../world/netns.js'
import { Mibs } from '../world/proc-net.js'
import { watchCounter } from './counter.js'
import { momentary } from './momentary.js'
import { PROOF_FIELDS, withWords, wordsOf } from './source.js'

const FIELDS = {
  ...PROOF_FIELDS,
  source: z.literal('mib'),
  counter: z.string(),
  /** What other kernels count the same as. */
  others: z.array(z.string()).optional(),
  /** Nodes that it may be counted on as well. */
  elsewhere: z.array(node()).optional(),
  moves: z.boolean(),
  atLeast: z.int().min(1).optional(),
}
type MibProof<N extends string = string> = FieldsOf<typeof FIELDS, N>

/** All proofs of a trial that look at a node's counters look at the same moment. */
const reading = momentary<Netns, Mibs>()

/** The shell function that reads a counter. */
export const MIB_LIBRARY = `# mib before|after NODE COUNTERS moves|still LEAST [NODE...]: their sum, as kernels have one or the other.
mib() {
  counters=$3 wanted=$4 least=$5 when=$1 where=$2
  shift 5
  value=$(for each in "$where" "$@"; do in_node "$each" nstat -asz; done | awk -v names=" $counters " 'index(names, " " $1 " ") { sum += $2; found = 1 } END { if (found) print sum }')
  count "$when" "$where" "$counters" "$wanted" "$least" "$value"
}
`

/**
 * A counter of a namespace, by the name that nstat gives it (`TcpExtIPReversePathFilter`), must move; with `still`, must not;
 * `andStays`: also moves where the failure is repaired.
 */
export const mib = wordsOf(
  <const N extends string>(at: N, counter: string) =>
    proof<N>({ source: 'mib', node: at, counter, moves: true }),
  {
    source: 'mib',
    fields: z.strictObject(FIELDS),
    level: 'basic',
    happens: ({ moves }: MibProof) => moves,
    watch: (own: MibProof, { netns }) =>
      watchCounter(own, namesOf(own).join(' or '), () => {
        const values = [own.node, ...(own.elsewhere ?? [])].flatMap(of => {
          const at = netns(of)
          const all = reading(at, () => new Mibs(at))
          return namesOf(own).flatMap(name => all.get(name) ?? [])
        })
        return values.length > 0 ? values.reduce((sum, value) => sum + value) : undefined
      }),
    clarity: 5,
    script: ({ moves, atLeast = 1, ...own }) => ({
      words: [
        'mib',
        namesOf(own).join(' '),
        moves ? 'moves' : 'still',
        String(atLeast),
        ...(own.elsewhere ?? []),
      ],
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
  /** Or on this node, where chance decides which of them it is. */
  orOn<O extends string>(other: O): MibProof<N | O> & MibWords<N | O>
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
    orOn: <O extends string>(other: O) =>
      proof<N | O>({ ...data, elsewhere: [...(data.elsewhere ?? []), other] }),
    still: () => proof({ ...data, moves: false }),
    byAtLeast: (atLeast: number) => proof({ ...data, atLeast }),
    andStays: () => proof({ ...data, stops: false }),
  })
}
