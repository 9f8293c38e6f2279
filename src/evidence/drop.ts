import { z } from 'zod'
import type { EvidenceContext, Finding } from '../model/evidence.js'
import { type FieldsOf, type Pattern, pattern } from '../model/fields.js'
import { type Place, partsOf } from '../model/topology.js'
import { compareKernelVersions, parseKernelVersion } from '../model/version.js'
import { holding, whole } from './patterns.js'
import { DEVICE_FIELDS, unavailable, withWords, wordsOf } from './source.js'
import { isAbout, nothingTraced, startTracing, traceObserver } from './trace.js'
import type { TracedDrop } from './trace-events.js'

const FIELDS = {
  ...DEVICE_FIELDS,
  source: z.literal('drop'),
  from: pattern(),
  to: pattern(),
  /** The function that gave it up. */
  function: pattern(),
  /** The reason's name by kernel, newest first; left out, any. */
  reasons: z.array(z.strictObject({ name: z.string(), since: z.string() })).optional(),
}
type DropProof<N extends string = string> = FieldsOf<typeof FIELDS, N>

/**
 * A packet that the kernel gave up (skb:kfree_skb), attributed by the device that the routing code saw it come in on: for a
 * frame that br_netfilter took up, the bridge. Addresses are those that it had then, after DNAT; `in` is the function.
 */
export const dropped = wordsOf(
  <const N extends string>(
    place: Place<N>,
    packet: {
      readonly from: Pattern
      readonly to: Pattern
      readonly in: Pattern
      readonly reasons?: DropProof['reasons']
    },
  ) => {
    const { node, device } = partsOf(place)
    return proof<N>({
      source: 'drop',
      node: node as N,
      device,
      from: whole(packet.from),
      to: whole(packet.to),
      function: holding(packet.in),
      ...(packet.reasons ? { reasons: packet.reasons } : {}),
    })
  },
  {
    source: 'drop',
    fields: z.strictObject(FIELDS),
    level: 'full',
    observer: traceObserver,
    happens: () => true,
    isOwnAccount: () => true,
    watch(own: DropProof, { view, kernel }) {
      const { source, node } = own
      const seen = view(traceObserver)
      if (typeof seen === 'string') return unavailable(own, seen)
      const { trace, owner } = seen
      startTracing(seen, own.device)
      const start = trace.join.drops.length
      const { ownOnLo, lost, nameless } = trace.join
      const expected = expectedReason(own, trace.reasons, kernel)
      const asExpected = (drop: TracedDrop<unknown>) =>
        (drop.function === undefined
          ? drop.packet.lookups.length > 0
          : new RegExp(own.function).test(drop.function)) &&
        (expected === undefined || drop.reason === expected)
      return {
        pollable: false,
        look(): Finding {
          trace.drain()
          const drops = trace.join.drops.slice(start).filter(({ packet }) => isAbout(packet, own, owner))
          const right = drops.find(asExpected)
          if (right) return { source, node, state: 'seen', says: describeDrop(right) }
          // Without a lookup its addresses are not known: what this host sends itself over lo brings its route along.
          const wrong = drops.find(({ packet }) => packet.lookups.length > 0)
          if (wrong)
            return {
              source,
              node,
              state: 'absent',
              says: `${describeDrop(wrong)}; expected was ${own.function}${expected ? ` with ${expected}` : ''}`,
            }
          const nothing = {
            source,
            node,
            state: 'not-seen',
            says: nothingTraced('drop', own, trace.join.lost > lost),
          } as const
          // On lo, only what was worked off in the middle of a send can be told from others' packets.
          const told = own.device !== 'lo' || trace.join.ownOnLo > ownOnLo
          const gaps = trace.join.lost > lost || trace.join.nameless > nameless
          return gaps || !told ? nothing : { ...nothing, complete: true }
        },
      }
    },
  },
)

interface DropWords<N extends string> {
  /** Also where the failure is repaired. */
  andStays(): DropProof<N>
}

function proof<N extends string>(data: DropProof<N>): DropProof<N> & DropWords<N> {
  return withWords(data, { andStays: () => proof({ ...data, stops: false }) })
}

/** The name that this kernel must give: the newest that it is old enough for, and that its own format knows. */
function expectedReason(
  { reasons = [] }: DropProof,
  known: ReadonlySet<string>,
  kernel: EvidenceContext['kernel'],
): string | undefined {
  return reasons.find(({ name, since }) => {
    const version = parseKernelVersion(since)
    return version !== undefined && compareKernelVersions(kernel, version) >= 0 && known.has(name)
  })?.name
}

function describeDrop({ packet, function: name, reason }: TracedDrop<unknown>): string {
  const [lookup] = packet.lookups
  const way = lookup ? `${lookup.from} -> ${lookup.to}` : 'before any route was looked up'
  return `kfree_skb on ${packet.device}, ${way}: location=${name ?? '?'} reason: ${reason ?? '(this kernel names none)'}`
}
