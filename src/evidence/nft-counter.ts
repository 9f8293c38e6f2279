import { z } from 'zod'
import type { FieldsOf } from '../model/fields.js'
import { NETLINK_NETFILTER } from '../world/libc.js'
import type { Netns } from '../world/netns.js'
import { attributes, elements, NetlinkError, NetlinkSocket, NLM_F } from '../world/rtnetlink.js'
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

/** linux/netfilter/nf_tables.h. */
const FAMILIES: Readonly<Record<string, number>> = { inet: 1, ip: 2, arp: 3, bridge: 7, ip6: 10 }
const GET_RULE = (10 << 8) | 7
const RULE = { table: 1, chain: 2, expressions: 4 }
const ELEMENT = { name: 1, data: 2 }
const COUNTER_PACKETS = 2

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
    watch: (own: NftCounterProof, { netns }) =>
      watchCounter({ ...own, counter: own.chain }, `packets of rule ${own.position} of ${own.chain}`, () =>
        packets(netns(own.node), own),
      ),
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

/** What the rule has counted; undefined where there is none. Throws SystemError where no socket can be had. */
function packets(netns: Netns, { chain, position }: NftCounterProof): number | undefined {
  const [family = '', table, name] = chain.split(' ')
  const socket = new NetlinkSocket(open => netns.inside(open), NETLINK_NETFILTER)
  try {
    const body = Buffer.from([FAMILIES[family] ?? 0, 0, 0, 0])
    const rules = socket
      .ask({ type: GET_RULE, flags: NLM_F.dump, body })
      .map(message => attributes(message.subarray(4)))
    const counted = rules
      .filter(rule => text(rule.get(RULE.table)) === table && text(rule.get(RULE.chain)) === name)
      .flatMap(rule => counterOf(rule.get(RULE.expressions)))
    return counted[position - 1]
  } catch (error) {
    // nfnetlink is there, nf_tables is not.
    if (error instanceof NetlinkError) return undefined
    throw error
  } finally {
    socket.close()
  }
}

function counterOf(expressions: Buffer | undefined): number[] {
  return elements(expressions).flatMap(element => {
    const found = attributes(element)
    if (text(found.get(ELEMENT.name)) !== 'counter') return []
    const count = attributes(found.get(ELEMENT.data)).get(COUNTER_PACKETS)
    return count ? [Number(count.readBigUInt64BE())] : []
  })
}

function text(bytes: Buffer | undefined): string {
  return bytes?.toString('latin1').replace(/\0.*$/s, '') ?? ''
}
