/** Captures: a packet socket in every node, whose frames go to one pcapng file and are looked at as evidence. */
import { closeSync, writeSync } from 'node:fs'
import { openPrivate } from '../base/files.js'
import type { CaptureProof, EvidenceSource, Finding } from '../model/proof.js'
import {
  AF_PACKET,
  closeFd,
  frameTime,
  openSocket,
  receiveFrame,
  SOCK_RAW,
  SOL_SOCKET,
  setSocketOption,
} from '../world/libc.js'
import type { Netns } from '../world/netns.js'
import { describeFrame, type FrameSummary, summarizeFrame } from './frame.js'
import { enhancedPacket, interfaceDescription, sectionHeader } from './pcapng.js'

const ETH_P_ALL = 0x0003
const SNAP_LENGTH = 192
const SO_RCVBUF = 8
const RECEIVE_BUFFER = 1 << 20
const DRAIN_INTERVAL_MS = 50
/** Frames of one node in one trial; a load test has more than anybody wants to read. */
const FRAMES_PER_TRIAL = 500
const FILE_LIMIT = 32 << 20

/** The capture file of a run. What does not fit any more is left out, and counted. */
export class CaptureFile {
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
interface CapturedFrame extends FrameSummary {
  readonly node: string
  readonly device: string
  readonly direction: 'in' | 'out'
}

interface Tap {
  readonly fd: number
  readonly node: string
  /** Names and interface numbers in the file by device index. */
  readonly devices: ReadonlyMap<number, { readonly device: string; readonly id: number | undefined }>
  count: number
}

/** The captures of one experiment. */
export class Capture {
  readonly #taps: Tap[]
  readonly #data = Buffer.alloc(SNAP_LENGTH)
  readonly #timer: NodeJS.Timeout
  #frames: CapturedFrame[] = []
  #label = ''

  /** Opens a socket in every node. `nodes` has the index of every device by name. Throws SystemError. */
  constructor(
    nodes: readonly {
      readonly node: string
      readonly netns: Netns
      readonly devices: ReadonlyMap<number, string>
    }[],
    private readonly file: CaptureFile | undefined,
    private readonly experiment: string,
  ) {
    this.#taps = nodes.map(({ node, netns, devices }) => ({
      node,
      fd: netns.inside(() => {
        const fd = openSocket(AF_PACKET, SOCK_RAW, ((ETH_P_ALL & 0xff) << 8) | (ETH_P_ALL >> 8))
        setSocketOption(fd, SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER)
        frameTime(fd)
        return fd
      }),
      devices: new Map(
        [...devices].map(([index, device]) => [
          index,
          { device, id: file?.addInterface(`${netns.name}:${device}`, `${experiment}: ${node}:${device}`) },
        ]),
      ),
      count: 0,
    }))
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
        const { direction, timeNs, length } = got
        this.#frames.push({ ...summarizeFrame(data), node: tap.node, device: where.device, direction })
        if (where.id !== undefined)
          this.file?.addFrame({
            interfaceId: where.id,
            timeNs,
            data,
            length,
            direction,
            comment: `${this.experiment}: ${this.#label}`,
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
    for (const { fd } of this.#taps) closeFd(fd)
  }
}

export const captureSource: EvidenceSource<CaptureProof> = {
  watch(proof, { capture, mac }) {
    const { source, node, device, direction, present } = proof
    if (typeof capture === 'string')
      return {
        pollable: false,
        look: (): Finding => ({ source, node, state: 'unavailable', says: capture }),
      }
    const start = capture.frames().length
    const own = mac(node, device)
    const wanted = (frame: CapturedFrame) =>
      frame.node === node &&
      frame.device === device &&
      frame.direction === direction &&
      (proof.protocol === undefined || frame.protocol === proof.protocol) &&
      (proof.from === undefined || frame.from === proof.from) &&
      (proof.to === undefined || frame.to === proof.to) &&
      (proof.type === undefined || frame.type === proof.type) &&
      (!proof.ownMac || frame.sourceMac === own)
    const what = `${direction === 'in' ? 'into' : 'out of'} ${device}: ${[proof.protocol, proof.from, proof.to && `-> ${proof.to}`].filter(Boolean).join(' ')}`
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
            ? `${direction === 'in' ? 'into' : 'out of'} ${device}: ${describeFrame(frame)}${proof.ownMac ? ` with its own address ${own} as source` : ''}`
            : `no frame ${what}`,
        }
      },
    }
  },
}
