/** Packets on one device, by their addresses: what counters say of a whole namespace, said of the packets of one trial. */
import { z } from 'zod'
import type { Finding } from '../model/evidence.js'
import { ipv4 as address, type FieldsOf } from '../model/fields.js'
import { type Place, partsOf } from '../model/topology.js'
import { describeFrame } from './frame.js'
import { MIB_LIBRARY } from './mib.js'
import { DEVICE_FIELDS, unavailable, withWords, wordsOf } from './source.js'
import { type Passed, trailObserver } from './trail.js'

const FIELDS = {
  ...DEVICE_FIELDS,
  source: z.literal('packet'),
  direction: z.enum(['in', 'out']),
  /** Left out, any but ARP, whose addresses are no packet's. */
  protocol: z.enum(['icmp', 'tcp', 'udp', 'arp']).optional(),
  from: address(),
  to: address(),
  /** What UDP's checksum is: `pseudo-header` is none yet, but what a device is to begin with. */
  checksum: z.enum(['none', 'pseudo-header']).optional(),
  present: z.boolean(),
  /** How many at least, where one would not prove it. */
  atLeast: z.int().min(2).optional(),
}
type PacketProof<N extends string = string> = FieldsOf<typeof FIELDS, N>
type Packet = Pick<PacketProof, 'direction' | 'protocol' | 'from' | 'to' | 'checksum'>

/**
 * An IPv4 packet on a device, by its addresses as they are there; with `missing`, there must be none; `andStays`: also where the
 * failure is repaired.
 */
export const passed = wordsOf(
  <const N extends string>(place: Place<N>, packet: Packet) => {
    const { node, device } = partsOf(place)
    return proof<N>({ ...packet, source: 'packet', node: node as N, device, present: true })
  },
  {
    source: 'packet',
    fields: z.strictObject(FIELDS),
    level: 'basic',
    observer: trailObserver,
    happens: ({ present }: PacketProof) => present,
    watch(own: PacketProof, { view }) {
      const { source, node, device, direction, protocol, from, to, present, checksum, atLeast = 1 } = own
      const trails = view(trailObserver)
      if (typeof trails === 'string') return unavailable(own, trails)
      const trail = trails.on(node, device)
      const start = trail.packets().length
      const wanted = (packet: Passed) =>
        packet.direction === direction &&
        packet.from === from &&
        packet.to === to &&
        (checksum === undefined || packet.checksum === checksum) &&
        (protocol === undefined ? packet.protocol !== 'arp' : packet.protocol === protocol)
      const way = `${direction === 'in' ? 'into' : 'out of'} ${device}`
      return {
        pollable: true,
        look(): Finding {
          const packets = trail.packets().slice(start).filter(wanted)
          const [packet] = packets
          return {
            source,
            node,
            state: packets.length >= atLeast === present ? 'seen' : 'absent',
            says: packet
              ? `${way}: ${describeFrame(packet)}, ${packet.bytes} bytes${checksum ? `, checksum: ${checksum}` : ''}${atLeast > 1 ? `, ${packets.length} times` : ''}`
              : `no packet ${way}: ${[protocol, from, '->', to].filter(Boolean).join(' ')}`,
          }
        },
      }
    },
    clarity: 5,
    locates: ({ device }) => ({ device, rank: 4 }),
    // Common tools count what came in, whosever it was; of ARP they count nothing.
    script: ({ protocol, direction, present, atLeast, checksum }) =>
      protocol === 'arp' || atLeast !== undefined || checksum !== undefined
        ? undefined
        : {
            words: [
              'mib',
              direction === 'in' ? 'IpExtInOctets' : 'IpExtOutOctets',
              present ? 'moves' : 'still',
              '1',
            ],
            library: MIB_LIBRARY,
            tools: ['nstat', 'awk'],
          },
  },
)

interface PacketWords<N extends string> {
  /** There must be no such packet. */
  missing(): PacketProof<N>
  /** So many at least, where one would not prove it. */
  byAtLeast(least: number): PacketProof<N>
  /** Also where the failure is repaired. */
  andStays(): PacketProof<N>
}

function proof<N extends string>(data: PacketProof<N>): PacketProof<N> & PacketWords<N> {
  return withWords(data, {
    missing: () => proof({ ...data, present: false }),
    byAtLeast: (atLeast: number) => proof({ ...data, atLeast }),
    andStays: () => proof({ ...data, stops: false }),
  })
}
