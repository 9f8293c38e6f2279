import { z } from 'zod'
import type { Finding } from '../model/evidence.js'
import type { FieldsOf } from '../model/fields.js'
import { type Place, partsOf } from '../model/topology.js'
import type { Netns } from '../world/netns.js'
import { attributes, RTM } from '../world/rtnetlink.js'
import { DEVICE_FIELDS, withWords, wordsOf } from './source.js'

const FIELDS = { ...DEVICE_FIELDS, source: z.literal('carrier'), there: z.boolean() }
type CarrierProof<N extends string = string> = FieldsOf<typeof FIELDS, N>

const LIBRARY = `# carrier before|after NODE DEVICE there|missing
carrier() {
  [ "$1" = after ] || return 0
  if in_node "$2" ip -o link show dev "$3" | grep -q NO-CARRIER; then is=missing; else is=there; fi
  if [ "$is" = "$4" ]; then
    finding seen "$2" "$3: the carrier is $is"
    proved=yes
  else
    finding absent "$2" "$3: the carrier is $is"
  fi
}
`

/** The carrier of a device that is up must be there; with `missing`, must not; `andStays`: also where the failure is repaired. */
export const carrier = wordsOf(
  <const N extends string>(place: Place<N>) => {
    const { node, device } = partsOf(place)
    return proof<N>({ source: 'carrier', node: node as N, device, there: true })
  },
  {
    source: 'carrier',
    fields: z.strictObject(FIELDS),
    level: 'basic',
    happens: () => true,
    watch: ({ source, node, device, there }: CarrierProof, { netns, index }) => ({
      pollable: true,
      look(): Finding {
        const is = hasCarrier(netns(node), index(node, device))
        return {
          source,
          node,
          state: is === there ? 'seen' : 'absent',
          says: `the carrier of ${device} is ${is ? 'there' : 'missing'}`,
        }
      },
    }),
    clarity: 3,
    locates: ({ device }) => ({ device, rank: 3 }),
    script: ({ device, there }) => ({
      words: ['carrier', device, there ? 'there' : 'missing'],
      library: LIBRARY,
      tools: ['ip'],
    }),
  },
)

interface CarrierWords<N extends string> {
  /** It must not be there. */
  missing(): CarrierProof<N> & CarrierWords<N>
  /** Also where the failure is repaired. */
  andStays(): CarrierProof<N>
}

function proof<N extends string>(data: CarrierProof<N>): CarrierProof<N> & CarrierWords<N> {
  return withWords(data, {
    missing: () => proof({ ...data, there: false }),
    andStays: () => proof({ ...data, stops: false }),
  })
}

const IFLA_CARRIER = 33

function hasCarrier(netns: Netns, index: number): boolean {
  const header = Buffer.alloc(16)
  header.writeInt32LE(index, 4)
  const [answer] = netns.route().ask({ type: RTM.getLink, flags: 0, body: header })
  return attributes(answer?.subarray(16)).get(IFLA_CARRIER)?.[0] === 1
}
