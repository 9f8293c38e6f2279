/** A capture: a packet socket in every node, whose frames go to one pcapng file and are looked at as evidence. */
import { closeSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { openPrivate } from '../base/files.js'
import type { Finding, ObservedExperiment, Observer } from '../model/evidence.js'
import type { FieldsOf } from '../model/fields.js'
import { type Place, partsOf } from '../model/topology.js'
import {
  AF_PACKET,
  closeAside,
  frameTime,
  openSocket,
  receiveFrame,
  SOCK_RAW,
  SOL_SOCKET,
  setSocketOption,
} from '../world/libc.js'
import { describeFrame, type FrameSummary, summarizeFrame } from './frame.js'
import { enhancedPacket, interfaceDescription, sectionHeader } from './pcapng.js'
import { DEVICE_FIELDS, unavailable, withWords, wordsOf } from './source.js'

const ETH_P_ALL = 0x0003
const SNAP_LENGTH = 192
const SO_RCVBUF = 8
const RECEIVE_BUFFER = 1 << 20
const DRAIN_INTERVAL_MS = 50
/** Frames of one node in one trial; a load test has more than anybody wants to read. */
const FRAMES_PER_TRIAL = 500
const FILE_LIMIT = 32 << 20
/** Every namespace's lo. */
const LO_INDEX = 1

/** The capture file of a run. What does not fit any more is left out, and counted. */
class CaptureFile {
  readonly #fd: number
  #size = 0
  #interfaces = 0
  leftOut = 0

  #failure: NodeJS.ErrnoException | undefined

  /** Throws ENOENT or EACCES. */
  constructor(file: string) {
    this.#fd = openPrivate(file)
    this.#write(sectionHeader())
  }

  addInterface(name: string, description: string): number {
    this.#write(interfaceDescription(name, description, SNAP_LENGTH))
    return this.#interfaces++
  }

  addFrame(frame: Parameters<typeof enhancedPacket>[0]): void {
    if (this.#size > FILE_LIMIT) this.leftOut++
    else this.#write(enhancedPacket(frame))
  }

  /** Throws what the first write that failed did: it may have been a frame's, which nobody waits for. */
  close(): void {
    closeSync(this.#fd)
    if (this.#failure) throw this.#failure
  }

  #write(block: Buffer): void {
    if (this.#failure) return
    try {
      this.#size += writeSync(this.#fd, block)
    } catch (error) {
      this.#failure = error as NodeJS.ErrnoException
    }
  }
}

/** A frame that a device sent or received. */
export interface CapturedFrame extends FrameSummary {
  readonly node: string
  readonly device: string
  readonly direction: 'in' | 'out'
  /** Its beginning. */
  readonly data: Buffer
  /** When the kernel saw it, in nanoseconds since 1970. */
  readonly timeNs: bigint
}

interface Tap {
  readonly fd: number
  readonly node: string
  /** Names and interface numbers in the file by device index. */
  readonly devices: ReadonlyMap<number, { readonly device: string; readonly id: number | undefined }>
  count: number
}

/** The captures of one experiment. */
class Capture {
  readonly #title: string
  readonly #taps: Tap[]
  readonly #data = Buffer.alloc(SNAP_LENGTH)
  readonly #timer: NodeJS.Timeout
  #frames: CapturedFrame[] = []
  #label = ''

  /** Opens a socket in every node. Throws SystemError. */
  constructor(
    { title, nodes, devices, netns }: ObservedExperiment,
    private readonly file: CaptureFile | undefined,
  ) {
    this.#title = title
    this.#taps = nodes.map(node => {
      const own = devices.flatMap(entry =>
        entry.node === node ? [[entry.index, entry.device] as const] : [],
      )
      return {
        node,
        fd: netns(node).inside(() => {
          const fd = openSocket(AF_PACKET, SOCK_RAW, ((ETH_P_ALL & 0xff) << 8) | (ETH_P_ALL >> 8))
          setSocketOption(fd, SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER)
          frameTime(fd)
          return fd
        }),
        devices: new Map(
          [[LO_INDEX, 'lo'] as const, ...own].map(([index, device]) => [
            index,
            {
              device,
              id: file?.addInterface(`${netns(node).name}:${device}`, `${title}: ${node}:${device}`),
            },
          ]),
        ),
        count: 0,
      }
    })
    this.#timer = setInterval(() => this.frames(), DRAIN_INTERVAL_MS)
    this.#timer.unref()
  }

  /** Begins a trial: what comes from now on belongs to it. */
  start(label: string): void {
    this.frames()
    for (const tap of this.#taps) {
      // What a full trial left unread.
      if (tap.count >= FRAMES_PER_TRIAL) while (receiveFrame(tap.fd, this.#data));
      tap.count = 0
    }
    this.#frames = []
    this.#label = label
  }

  /** Every frame of the present trial so far. */
  frames(): readonly CapturedFrame[] {
    for (const tap of this.#taps)
      while (tap.count < FRAMES_PER_TRIAL) {
        const got = receiveFrame(tap.fd, this.#data)
        if (!got) break
        tap.count++
        const where = tap.devices.get(got.interfaceIndex)
        if (!where) continue
        const data = this.#data.subarray(0, Math.min(got.length, SNAP_LENGTH))
        const { direction, length } = got
        const timeNs = frameTime(tap.fd)
        this.#frames.push({
          ...summarizeFrame(data),
          ...{ node: tap.node, device: where.device, direction, timeNs },
          data: Buffer.from(data),
        })
        if (where.id !== undefined)
          this.file?.addFrame({
            interfaceId: where.id,
            timeNs,
            data,
            length,
            direction,
            comment: `${this.#title}: ${this.#label}`,
          })
      }
    return this.#frames
  }

  /** Whether a node had more frames in this trial than are kept. */
  incomplete(node: string): boolean {
    return this.#taps.some(tap => tap.node === node && tap.count >= FRAMES_PER_TRIAL)
  }

  close(): void {
    clearInterval(this.#timer)
    this.frames()
    for (const { fd } of this.#taps) closeAside(fd)
  }
}

export const captureObserver: Observer<Capture> = {
  what: 'capture',
  level: 'full',
  open({ out, notice }) {
    const file = out === undefined ? undefined : new CaptureFile(join(out, 'capture.pcapng'))
    return {
      experiment(experiment) {
        const capture = new Capture(experiment, file)
        return { view: capture, startTrial: label => capture.start(label), close: () => capture.close() }
      },
      close() {
        if (file && file.leftOut > 0)
          notice('part of the capture', `${file.leftOut} frames did not fit into capture.pcapng`)
        file?.close()
      },
    }
  },
}

const FIELDS = {
  ...DEVICE_FIELDS,
  source: z.literal('capture'),
  direction: z.enum(['in', 'out']),
  /** Left out, any but ARP, whose addresses are no packet's. */
  protocol: z.enum(['icmp', 'icmpv6', 'tcp', 'udp', 'arp']).optional(),
  from: z.string().optional(),
  to: z.string().optional(),
  /** ICMP or ICMPv6 type; of ARP 1 for a request and 2 for a reply. */
  type: z.int().min(0).max(255).optional(),
  /** Whether it must have the device's own MAC address as its source. */
  ownMac: z.boolean().optional(),
  present: z.boolean(),
}
type CaptureProof<N extends string = string> = FieldsOf<typeof FIELDS, N>
type Frame = Pick<CaptureProof, 'direction' | 'protocol' | 'from' | 'to' | 'type' | 'ownMac'>

/**
 * A frame on a device, as a packet socket sees it; with `missing`, there must be none; `andStays`: also where the failure is
 * repaired.
 */
export const captured = wordsOf(
  <const N extends string>(place: Place<N>, frame: Frame) => {
    const { node, device } = partsOf(place)
    return proof<N>({ ...frame, source: 'capture', node: node as N, device, present: true })
  },
  {
    source: 'capture',
    fields: z.strictObject(FIELDS),
    level: 'full',
    observer: captureObserver,
    happens: ({ present }: CaptureProof) => present,
    // One's own frame coming back is what no count could tell: it is the loss itself, not a sign of it.
    isOwnAccount: ({ present, ownMac }: CaptureProof) => present && ownMac === true,
    watch(own: CaptureProof, { view, mac }) {
      const { source, node, device, direction, present } = own
      const capture = view(captureObserver)
      if (typeof capture === 'string') return unavailable(own, capture)
      const start = capture.frames().length
      const ownMac = mac(node, device)
      const wanted = (frame: CapturedFrame) =>
        frame.node === node &&
        frame.device === device &&
        frame.direction === direction &&
        (own.protocol === undefined ? frame.protocol !== 'arp' : frame.protocol === own.protocol) &&
        (own.from === undefined || frame.from === own.from) &&
        (own.to === undefined || frame.to === own.to) &&
        (own.type === undefined || frame.type === own.type) &&
        (!own.ownMac || frame.sourceMac === ownMac)
      const way = direction === 'in' ? 'into' : 'out of'
      const what = `${way} ${device}: ${[own.protocol, own.from, own.to && `-> ${own.to}`].filter(Boolean).join(' ')}`
      return {
        pollable: false,
        look(): Finding {
          const frame = capture.frames().slice(start).find(wanted)
          if (!frame && capture.incomplete(node))
            return { source, node, state: 'not-seen', says: `not among the first frames ${what}` }
          return {
            source,
            node,
            state: (frame !== undefined) === present ? 'seen' : 'absent',
            says: frame
              ? `${way} ${device}: ${describeFrame(frame)}${own.ownMac ? ` with its own address ${ownMac} as source` : ''}`
              : `no frame ${what}`,
          }
        },
      }
    },
  },
)

interface CaptureWords<N extends string> {
  /** There must be no such frame. */
  missing(): CaptureProof<N>
  /** Also where the failure is repaired. */
  andStays(): CaptureProof<N>
}

function proof<N extends string>(data: CaptureProof<N>): CaptureProof<N> & CaptureWords<N> {
  return withWords(data, {
    missing: () => proof({ ...data, present: false }),
    andStays: () => proof({ ...data, stops: false }),
  })
}
