/** One TCP connection from a node, seen from outside the kernel: how long it took, what it cost, how it ended. */
import {
  closeFd,
  connectSocket,
  EPOLLIN,
  EPOLLOUT,
  receiveBytes,
  type SocketAddress,
  SystemError,
  sendBytes,
  shutdownSending,
} from '../world/libc.js'
import type { Netns } from '../world/netns.js'
import { ready } from '../world/reactor.js'
import { acknowledgeNow, beginAt, closeSilently, retransmissions, socketError } from '../world/tcp-state.js'
import { openBound } from './bound-socket.js'

const CLOSE_TIMEOUT_MS = 1000

/** How an attempt to connect ended. */
export interface Connection {
  readonly connected: boolean
  readonly says: string
  readonly connectMs: number
  /** Segments sent again, the SYN included. */
  readonly retransmissions: number
}

/** A client socket in a node. Close it when done. */
export class TcpClient {
  readonly #fd: number
  #started = 0
  #connected = false

  /**
   * Opens the socket, bound to `sourcePort`; `sequence` is the sequence number that it begins with, in place of one that nobody can
   * guess. Throws SystemError.
   */
  constructor(netns: Netns, sourcePort: number, sequence?: number) {
    this.#fd = openBound(netns, { address: '0.0.0.0', port: sourcePort })
    if (sequence !== undefined) beginAt(this.#fd, sequence)
  }

  /** Connects; resolves when that worked, was refused, took `deadlineMs`, or `lost` aborted. Never throws for the network. */
  async connect(to: SocketAddress, deadlineMs: number, lost?: AbortSignal): Promise<Connection> {
    this.#started = performance.now()
    try {
      connectSocket(this.#fd, to)
    } catch (error) {
      if (!(error instanceof SystemError)) throw error
      return this.#ended(false, `the SYN could not be sent: ${error.code}`)
    }
    const events = await ready(this.#fd, EPOLLOUT, deadlineMs, lost)
    if (events === 0) return this.#ended(false, `no answer to the SYN within ${this.#elapsed()} ms`)
    const errno = socketError(this.#fd)
    if (errno !== 0)
      return this.#ended(false, `the connection failed: ${new SystemError('connect', errno).code}`)
    this.#connected = true
    return this.#ended(true, `connected in ${this.#elapsed()} ms`)
  }

  /** Sends `data` and waits for as many bytes to come back. Undefined when they did not in time. */
  async exchange(data: Buffer, deadlineMs: number): Promise<Buffer | undefined> {
    const parts: Buffer[] = []
    const until = performance.now() + deadlineMs
    const buffer = Buffer.alloc(4096)
    try {
      sendBytes(this.#fd, data)
      while (Buffer.concat(parts).length < data.length) {
        const events = await ready(this.#fd, EPOLLIN, Math.max(0, until - performance.now()))
        if (events === 0) return undefined
        const got = receiveBytes(this.#fd, buffer)
        if (got?.length === 0) break
        if (got) parts.push(Buffer.from(buffer.subarray(0, got.length)))
      }
    } catch (error) {
      if (!(error instanceof SystemError)) throw error
      return undefined
    }
    return Buffer.concat(parts)
  }

  /**
   * Ends a connection in order and waits for the other side to have done so too. What this side then acknowledges is still
   * under way to the server, which says when it has come (`ProbedService.drained`). A reset would do it at once, but it would
   * count as TcpOutRsts, which is evidence.
   */
  async close(): Promise<void> {
    try {
      if (this.#connected) {
        shutdownSending(this.#fd)
        const buffer = Buffer.alloc(4096)
        while (await ready(this.#fd, EPOLLIN, CLOSE_TIMEOUT_MS))
          if (receiveBytes(this.#fd, buffer)?.length === 0) break
      }
    } catch (error) {
      if (!(error instanceof SystemError)) throw error
    } finally {
      closeFd(this.#fd)
    }
  }

  /** Acknowledges now what it would otherwise acknowledge within 40 ms (TCP_DELACK_MIN): nothing of its is under way then. */
  acknowledge(): void {
    acknowledgeNow(this.#fd)
  }

  /** Takes it away without a word to anybody. */
  vanish(): void {
    closeSilently(this.#fd)
    closeFd(this.#fd)
  }

  #elapsed(): number {
    return Math.round(performance.now() - this.#started)
  }

  #ended(connected: boolean, says: string): Connection {
    return {
      connected,
      says,
      connectMs: performance.now() - this.#started,
      retransmissions: retransmissions(this.#fd),
    }
  }
}
