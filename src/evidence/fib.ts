import { z } from 'zod'
import type { Finding } from '../model/evidence.js'
import { type FieldsOf, type Pattern, pattern } from '../model/fields.js'
import { type Place, partsOf } from '../model/topology.js'
import { whole } from './patterns.js'
import { DEVICE_FIELDS, unavailable, withWords, wordsOf } from './source.js'
import { isAbout, nothingTraced, startTracing, traceObserver } from './trace.js'
import type { FibLookup, TracedPacket } from './trace-events.js'

const FIELDS = {
  ...DEVICE_FIELDS,
  source: z.literal('fib'),
  from: pattern(),
  to: pattern(),
  /** The device that the lookup of the way back must have found, where there has to be such a lookup. */
  back: pattern().optional(),
}
type FibProof<N extends string = string> = FieldsOf<typeof FIELDS, N>

/**
 * The route lookups that were made for a packet that came in on a device (fib:fib_table_lookup); `back` is the device that
 * the lookup of the way back must have found. `andStays`: also where the failure is repaired.
 */
export const lookedUp = wordsOf(
  <const N extends string>(
    place: Place<N>,
    { from, to, back }: { readonly from: Pattern; readonly to: Pattern; readonly back?: Pattern },
  ) => {
    const { node, device } = partsOf(place)
    return proof<N>({
      source: 'fib',
      node: node as N,
      device,
      from: whole(from),
      to: whole(to),
      ...(back === undefined ? {} : { back: whole(back) }),
    })
  },
  {
    source: 'fib',
    fields: z.strictObject(FIELDS),
    level: 'full',
    observer: traceObserver,
    happens: () => true,
    watch(own: FibProof, { view }) {
      const { source, node } = own
      const seen = view(traceObserver)
      if (typeof seen === 'string') return unavailable(own, seen)
      const { trace, owner } = seen
      startTracing(seen, own.device)
      const start = trace.join.packets.length
      const { lost } = trace.join
      return {
        pollable: false,
        look(): Finding {
          trace.drain()
          const packets = trace.join.packets
            .slice(start)
            .filter(
              packet =>
                isAbout(packet, own, owner) &&
                (own.back === undefined || new RegExp(own.back).test(reverseLookup(packet)?.device ?? '')),
            )
          // The reverse lookup is what tells most; where strict and loose mode are off, the kernel makes none.
          const packet = packets.find(reverseLookup) ?? packets[0]
          return packet
            ? { source, node, state: 'seen', says: describeLookups(packet) }
            : { source, node, state: 'not-seen', says: nothingTraced('lookup', own, trace.join.lost > lost) }
        },
      }
    },
  },
)

interface FibWords<N extends string> {
  /** Also where the failure is repaired. */
  andStays(): FibProof<N>
}

function proof<N extends string>(data: FibProof<N>): FibProof<N> & FibWords<N> {
  return withWords(data, { andStays: () => proof({ ...data, stops: false }) })
}

/** The lookup of the way back, which __fib_validate_source() makes with source and destination exchanged and iif lo. */
function reverseLookup({ lookups }: TracedPacket<unknown>): FibLookup | undefined {
  const [forward, ...others] = lookups
  return others.find(({ iif, from, to }) => iif === 1 && from === forward?.to && to === forward.from)
}

function describeLookups(packet: TracedPacket<unknown>): string {
  const back = reverseLookup(packet)
  return [packet.lookups[0], back].flatMap(lookup => (lookup ? [describeLookup(lookup)] : [])).join(' | ')
}

function describeLookup({ table, oif, iif, from, to, device, error }: FibLookup): string {
  return `fib_table_lookup: table ${table} oif ${oif} iif ${iif} ${from} -> ${to} ==> dev ${device} err ${error}`
}
