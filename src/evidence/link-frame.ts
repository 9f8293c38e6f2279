import { z } from 'zod'
import type { Finding } from '../model/evidence.js'
import { type FieldsOf, node } from '../model/fields.js'
import { type Place, partsOf } from '../model/topology.js'
import { describeFrame } from './frame.js'
import { DEVICE_FIELDS, unavailable, withWords, wordsOf } from './source.js'
import { type Passed, trailObserver } from './trail.js'

const FIELDS = {
  ...DEVICE_FIELDS,
  source: z.literal('frame'),
  direction: z.enum(['in', 'out']),
  /** The device whose MAC address it is from. */
  sender: z.strictObject({ node: node(), device: z.string() }),
  /** The MAC address that it is for. */
  to: z.string().regex(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/, 'expected a MAC address in small letters'),
  present: z.boolean(),
}
type FrameProof<N extends string = string> = FieldsOf<typeof FIELDS, N>

/**
 * A frame on a device, by whom it is from and the MAC address that it is for; with `missing`, there must be none; `andStays`: also
 * where the failure is repaired.
 */
export const frameOn = wordsOf(
  <const N extends string>(
    place: Place<N>,
    { direction, from, to }: Pick<FrameProof, 'direction' | 'to'> & { readonly from: Place<N> },
  ) => {
    const { node, device } = partsOf(place)
    const sender = partsOf(from) as { readonly node: N; readonly device: string }
    return proof<N>({ source: 'frame', node: node as N, device, direction, sender, to, present: true })
  },
  {
    source: 'frame',
    fields: z.strictObject(FIELDS),
    level: 'basic',
    observer: trailObserver,
    happens: ({ present }: FrameProof) => present,
    watch(own: FrameProof, { view, mac }) {
      const { source, node, device, direction, sender, to, present } = own
      const trails = view(trailObserver)
      if (typeof trails === 'string') return unavailable(own, trails)
      const trail = trails.on(node, device)
      const start = trail.packets().length
      const from = mac(sender.node, sender.device)
      const wanted = (frame: Passed) =>
        frame.direction === direction && frame.sourceMac === from && frame.destinationMac === to
      const way = `${direction === 'in' ? 'into' : 'out of'} ${device}`
      return {
        pollable: true,
        look(): Finding {
          const frame = trail.packets().slice(start).find(wanted)
          return {
            source,
            node,
            state: (frame !== undefined) === present ? 'seen' : 'absent',
            says: frame
              ? `${way}: ${describeFrame(frame)}, for ${to}`
              : `no frame ${way} from ${sender.device} of ${sender.node} for ${to}`,
          }
        },
      }
    },
    clarity: 5,
    locates: ({ device }) => ({ device, rank: 4 }),
  },
)

interface FrameWords<N extends string> {
  /** There must be no such frame. */
  missing(): FrameProof<N>
  /** Also where the failure is repaired. */
  andStays(): FrameProof<N>
}

function proof<N extends string>(data: FrameProof<N>): FrameProof<N> & FrameWords<N> {
  return withWords(data, {
    missing: () => proof({ ...data, present: false }),
    andStays: () => proof({ ...data, stops: false }),
  })
}
