/** Listening to one device of a namespace by a packet socket. */
import { close } from 'node:fs'
import {
  AF_PACKET,
  bindSocket,
  EPOLLIN,
  openSocket,
  type ReceivedFrame,
  receiveFrame,
  SOCK_RAW,
  SystemError,
} from './libc.js'
import type { Netns } from './netns.js'
import { ready } from './reactor.js'

const ETH_P_ALL = 0x0003
const ETHERNET_HEADER = 14

/** A frame that a device sent or received. */
export interface TappedFrame {
  /** Its beginning; the same memory for every frame. */
  readonly data: Buffer
  /** Bytes of all of it, without the link-layer header. */
  readonly bytes: number
  readonly direction: 'in' | 'out'
}

/** Everything that goes over one device from now on. */
export class Tap {
  readonly #fd: number
  readonly #data: Buffer

  /** `length` is how much of each frame is read. Throws SystemError. */
  constructor(netns: Netns, index: number, length: number) {
    this.#data = Buffer.alloc(length)
    this.#fd = netns.inside(() => openSocket(AF_PACKET, SOCK_RAW))
    const address = Buffer.alloc(20)
    address.writeUInt16LE(AF_PACKET, 0)
    address.writeUInt16BE(ETH_P_ALL, 2)
    address.writeInt32LE(index, 4)
    bindSocket(this.#fd, address)
  }

  /** The next frame that waits; undefined when there is none. Throws SystemError. */
  next(): TappedFrame | undefined {
    const got = this.#receive()
    if (!got) return undefined
    return {
      data: this.#data.subarray(0, Math.min(got.length, this.#data.length)),
      bytes: got.length - ETHERNET_HEADER,
      direction: got.direction,
    }
  }

  /** The kernel says once that the device went down (packet_notifier()), and goes on when it is up again. */
  #receive(): ReceivedFrame | undefined {
    try {
      return receiveFrame(this.#fd, this.#data)
    } catch (error) {
      if (!(error instanceof SystemError) || error.code !== 'ENETDOWN') throw error
      return receiveFrame(this.#fd, this.#data)
    }
  }

  /** Resolves with whether a frame is there, after `timeoutMs` or when `lost` aborts at the latest. */
  async wait(timeoutMs: number, lost?: AbortSignal): Promise<boolean> {
    return (await ready(this.#fd, EPOLLIN, Math.max(0, timeoutMs), lost)) !== 0
  }

  /** Not by this thread: the kernel waits until no CPU can be in the socket any more (packet_release(), some 10 ms). */
  close(): void {
    close(this.#fd)
  }
}
