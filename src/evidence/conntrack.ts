import { z } from 'zod'
import type { Finding } from '../model/evidence.js'
import { type FieldsOf, type Pattern, pattern } from '../model/fields.js'
import type { Netns } from '../world/netns.js'
import { momentary } from './momentary.js'
import { extended, holding } from './patterns.js'
import { PROOF_FIELDS, withWords, wordsOf } from './source.js'

const FIELDS = {
  ...PROOF_FIELDS,
  source: z.literal('conntrack'),
  entry: pattern(),
  present: z.boolean(),
}
type ConntrackProof<N extends string = string> = FieldsOf<typeof FIELDS, N>

const LIBRARY = `# tracked before|after NODE REGEX present|missing: a new entry of the connection tracking table.
tracked() {
  item=$((item + 1))
  if ! in_node "$2" test -r /proc/net/nf_conntrack; then
    [ "$1" = before ] || finding unavailable "$2" 'this kernel has no /proc/net/nf_conntrack'
    return
  fi
  # Without time-out and state, which change while an entry lives.
  in_node "$2" grep -E "$3" /proc/net/nf_conntrack |
    sed 's/ [0-9][0-9]* \\(src=\\)/ \\1/; s/ [0-9][0-9]* [A-Z_][A-Z_]* / /; s/  */ /g' >"$work/$1$item"
  [ "$1" = after ] || return 0
  entry=$(grep -vxF -f "$work/before$item" "$work/after$item" | sed -n 1p)
  if [ -n "$entry" ]; then now=present; else now=missing; fi
  if [ "$now" = "$4" ]; then
    finding seen "$2" "\${entry:-no entry $3}"
    [ "$now" = missing ] || proved=yes
  else
    finding absent "$2" "\${entry:-no entry $3}"
  fi
}
`

/** A new entry of a node's connection tracking table that holds this; with `missing`, there must be none. */
export const tracked = wordsOf(
  <const N extends string>(node: N, entry: Pattern) =>
    proof<N>({ source: 'conntrack', node, entry: holding(entry), present: true }),
  {
    source: 'conntrack',
    fields: z.strictObject(FIELDS),
    level: 'basic',
    happens: ({ present }: ConntrackProof) => present,
    watch({ source, node, entry, present }: ConntrackProof, { netns }) {
      const wanted = new RegExp(entry)
      const known = knownIn(netns(node))
      const read = () => {
        const { lines } = reading(netns(node), () => ({ lines: entriesIn(netns(node)) }))
        for (const line of lines ?? []) known.add(identity(line))
        return lines
      }
      read()
      const before = new Set(known)
      return {
        pollable: true,
        look(): Finding {
          const now = read()
          if (!now)
            return { source, node, state: 'unavailable', says: 'this kernel has no /proc/net/nf_conntrack' }
          const fresh = now.filter(line => wanted.test(line) && !before.has(identity(line)))
          return {
            source,
            node,
            state: fresh.length > 0 === present ? 'seen' : 'absent',
            says: fresh[0] === undefined ? `no new entry /${entry}/` : tidy(fresh[0]),
          }
        },
      }
    },
    script: ({ entry, present }) => ({
      words: ['tracked', extended(entry), present ? 'present' : 'missing'],
      library: LIBRARY,
      tools: [],
    }),
  },
)

interface ConntrackWords<N extends string> {
  /** There must be no such entry. */
  missing(): ConntrackProof<N>
  /** Also where the failure is repaired. */
  andStays(): ConntrackProof<N>
}

function proof<N extends string>(data: ConntrackProof<N>): ConntrackProof<N> & ConntrackWords<N> {
  return withWords(data, {
    missing: () => proof({ ...data, present: false }),
    andStays: () => proof({ ...data, stops: false }),
  })
}

/**
 * Entries that were seen in a namespace until now. One reading may leave some out: the file goes on by their number in the table
 * that all namespaces share (ct_get_idx), and where one before them is deleted meanwhile, it skips one.
 */
const seen = new WeakMap<Netns, Set<string>>()

function knownIn(netns: Netns): Set<string> {
  const known = seen.get(netns) ?? new Set()
  seen.set(netns, known)
  return known
}

/**
 * All proofs of a trial that look at a node's entries look at the same moment: to list those of one namespace, the kernel goes through
 * the table of all of them (ct_seq_next()), a millisecond for a quarter of a million buckets.
 */
const reading = momentary<Netns, { readonly lines: readonly string[] | undefined }>()

function entriesIn(netns: Netns): string[] | undefined {
  return netns.readProc('nf_conntrack')?.split('\n')
}

/** An entry without its time-out, state and users, which change while it lives. */
function identity(line: string): string {
  return line
    .replace(/ \d+ (?=[A-Z_]+ |src=)/g, ' ')
    .replace(/ [A-Z_]{3,} /g, ' ')
    .replace(/ use=\d+/, '')
}

function tidy(line: string): string {
  return line
    .replace(/\s+/g, ' ')
    .replace(/ (mark|use|zone)=\d+/g, '')
    .trim()
}
