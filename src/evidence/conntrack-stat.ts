import { z } from 'zod'
import type { FieldsOf } from '../model/fields.js'
import { readConntrackStatistics } from '../world/proc-net.js'
import { watchCounter } from './counter.js'
import { PROOF_FIELDS, withWords, wordsOf } from './source.js'

const FIELDS = {
  ...PROOF_FIELDS,
  source: z.literal('conntrack-stat'),
  counter: z.string(),
  moves: z.boolean(),
  atLeast: z.int().min(1).optional(),
}
type ConntrackStatProof<N extends string = string> = FieldsOf<typeof FIELDS, N>

const LIBRARY = `# conntrack_stat before|after NODE COUNTER moves|still LEAST: summed over the CPUs; the file is in hexadecimal.
conntrack_stat() {
  value=0
  for number in $(in_node "$2" awk -v name="$3" \\
    'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) column = i; next } { print $column }' \\
    /proc/net/stat/nf_conntrack); do
    value=$((value + 0x$number))
  done
  count "$1" "$2" "conntrack -S $3" "$4" "$5" "$value"
}
`

/** A counter of `conntrack -S`, summed over the CPUs, must move; with `still`, must not. */
export const conntrackStat = wordsOf(
  <const N extends string>(node: N, counter: string) =>
    proof<N>({ source: 'conntrack-stat', node, counter, moves: true }),
  {
    source: 'conntrack-stat',
    fields: z.strictObject(FIELDS),
    level: 'basic',
    happens: ({ moves }: ConntrackStatProof) => moves,
    watch: (own: ConntrackStatProof, { netns }) =>
      watchCounter(own, `conntrack -S ${own.counter}`, () =>
        readConntrackStatistics(netns(own.node))?.get(own.counter),
      ),
    clarity: 5,
    script: ({ counter, moves, atLeast = 1 }) => ({
      words: ['conntrack_stat', counter, moves ? 'moves' : 'still', String(atLeast)],
      library: LIBRARY,
      tools: ['awk'],
    }),
  },
)

interface ConntrackStatWords<N extends string> {
  /** It must not move. */
  still(): ConntrackStatProof<N>
  /** By so much at least, where 1 would not prove it. */
  byAtLeast(least: number): ConntrackStatProof<N>
}

function proof<N extends string>(data: ConntrackStatProof<N>): ConntrackStatProof<N> & ConntrackStatWords<N> {
  return withWords(data, {
    still: () => proof({ ...data, moves: false }),
    byAtLeast: (atLeast: number) => proof({ ...data, atLeast }),
  })
}
