/** Packets on one device, by their addresses: what counters say of a whole namespace, said of the packets of one trial. */
import { z } from 'zod'
import type { Finding, ObservedExperiment, Observer } from '../model/evidence.js'
import { ipv4 as address, type FieldsOf } from '../model/fields.js'
import { type Place, partsOf } from '../model/topology.js'
import { Tap } from '../world/tap.js'
import { describeFrame, type FrameSummary, summarizeFrame } from './frame.js'
import { MIB_LIBRARY } from './mib.js'
import { DEVICE_FIELDS, unavailable, withWords, wordsOf } from './source.js'

/** Enough for the headers that tell packets apart. */
const SNAP_LENGTH = 96
const LO_INDEX = 1

/** A packet that a device sent or received. */
interface Passed extends FrameSummary {
  readonly direction: 'in' | 'out'
  /** Bytes of the packet, without the link-layer header. */
  readonly bytes: number
}

/** What goes over one device, from when somebody first asks until the end of the experiment. */
class Trail {
  readonly #tap: Tap
  #packets: Passed[] = []

  /** Throws SystemError. */
  constructor({ netns }: ObservedExperiment, node: string, index: number) {
    this.#tap = new Tap(netns(node), index, SNAP_LENGTH)
  }

  /** Everything since the last `clear`. */
  packets(): readonly Passed[] {
    for (let got = this.#tap.next(); got; got = this.#tap.next())
      this.#packets.push({ ...summarizeFrame(got.data), direction: got.direction, bytes: got.bytes })
    return this.#packets
  }

  clear(): void {
    this.packets()
    this.#packets = []
  }

  close(): void {
    this.#tap.close()
  }
}

/** The trails of one experiment. */
class Trails {
  readonly #trails = new Map<string, Trail>()

  constructor(private readonly experiment: ObservedExperiment) {}

  on(node: string, device: string): Trail {
    const key = `${node}:${device}`
    let trail = this.#trails.get(key)
    if (!trail) {
      const own = this.experiment.devices.find(entry => entry.node === node && entry.device === device)
      trail = new Trail(this.experiment, node, own?.index ?? LO_INDEX)
      this.#trails.set(key, trail)
    }
    return trail
  }

  clear(): void {
    for (const trail of this.#trails.values()) trail.clear()
  }

  close(): void {
    for (const trail of this.#trails.values()) trail.close()
  }
}

const observer: Observer<Trails> = {
  what: 'packets on devices',
  level: 'basic',
  open: () => ({
    experiment(experiment) {
      const trails = new Trails(experiment)
      return { view: trails, startTrial: () => trails.clear(), close: () => trails.close() }
    },
    close() {},
  }),
}

const FIELDS = {
  ...DEVICE_FIELDS,
  source: z.literal('packet'),
  direction: z.enum(['in', 'out']),
  /** Left out, any but ARP, whose addresses are no packet's. */
  protocol: z.enum(['icmp', 'tcp', 'udp', 'arp']).optional(),
  from: address(),
  to: address(),
  present: z.boolean(),
}
type PacketProof<N extends string = string> = FieldsOf<typeof FIELDS, N>
type Packet = Pick<PacketProof, 'direction' | 'protocol' | 'from' | 'to'>

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
    observer,
    happens: ({ present }: PacketProof) => present,
    watch(own: PacketProof, { view }) {
      const { source, node, device, direction, protocol, from, to, present } = own
      const trails = view(observer)
      if (typeof trails === 'string') return unavailable(own, trails)
      const trail = trails.on(node, device)
      const start = trail.packets().length
      const wanted = (packet: Passed) =>
        packet.direction === direction &&
        packet.from === from &&
        packet.to === to &&
        (protocol === undefined ? packet.protocol !== 'arp' : packet.protocol === protocol)
      const way = `${direction === 'in' ? 'into' : 'out of'} ${device}`
      return {
        pollable: true,
        look(): Finding {
          const packet = trail.packets().slice(start).find(wanted)
          return {
            source,
            node,
            state: (packet !== undefined) === present ? 'seen' : 'absent',
            says: packet
              ? `${way}: ${describeFrame(packet)}, ${packet.bytes} bytes`
              : `no packet ${way}: ${[protocol, from, '->', to].filter(Boolean).join(' ')}`,
          }
        },
      }
    },
    clarity: 5,
    locates: ({ device }) => ({ device, rank: 4 }),
    // Common tools count what came in, whosever it was; of ARP they count nothing.
    script: ({ protocol, direction, present }) =>
      protocol === 'arp'
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
  /** Also where the failure is repaired. */
  andStays(): PacketProof<N>
}

function proof<N extends string>(data: PacketProof<N>): PacketProof<N> & PacketWords<N> {
  return withWords(data, {
    missing: () => proof({ ...data, present: false }),
    andStays: () => proof({ ...data, stops: false }),
  })
}
