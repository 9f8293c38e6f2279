/** What the kernel says of a TCP socket, and waiting until nothing of its connection is on the way any more. */
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises'
import { getSocketOption, IPPROTO_TCP, SOL_SOCKET, setSocketOption, shutdownSending } from './libc.js'

const SO_ERROR = 4
const TCP_INFO = 11
/** Offset of tcpi_total_retrans in struct tcp_info (include/uapi/linux/tcp.h). */
const TOTAL_RETRANS = 100
/** tcpi_state of a connection that is over (include/net/tcp_states.h). */
const TCP_CLOSE = 7
/** A last segment that is not there after so many looks is waited for with a pause between them. */
const LOOKS_AT_ONCE = 5
const PAUSE_MS = 1
/** A connection that has not come to its end in this time is not waited for. */
const DRAIN_TIMEOUT_MS = 1000

/** The errno that a socket's connection ended with, or 0. */
export function socketError(fd: number): number {
  return getSocketOption(fd, SOL_SOCKET, SO_ERROR, 4).readInt32LE()
}

/** Has close() end the connection by RST, at once and without TIME_WAIT (SO_LINGER, and no time). Throws SystemError. */
export function resetOnClose(fd: number): void {
  const SO_LINGER = 13
  setSocketOption(fd, SOL_SOCKET, SO_LINGER, Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]))
}

/**
 * For how many milliseconds a TCP socket has sent no data and heard nothing: tcpi_last_data_sent, tcpi_last_data_recv,
 * tcpi_last_ack_recv (tcp_get_info()). A segment that is sent again shows by the acknowledgement that it gets.
 */
export function silenceMs(fd: number): number {
  const [dataSent, dataReceived, ackReceived] = [44, 52, 56]
  const info = getSocketOption(fd, IPPROTO_TCP, TCP_INFO, ackReceived + 4)
  return Math.min(...[dataSent, dataReceived, ackReceived].map(offset => info.readUInt32LE(offset)))
}

/** How many segments of a TCP socket were sent again, its SYN included. */
export function retransmissions(fd: number): number {
  const info = getSocketOption(fd, IPPROTO_TCP, TCP_INFO, TOTAL_RETRANS + 4)
  return info.length >= TOTAL_RETRANS + 4 ? info.readUInt32LE(TOTAL_RETRANS) : 0
}

/**
 * Ends a connection whose other side has ended it already, and waits until that side has acknowledged the FIN: the last segment
 * that there can be has come in then. Who closes the descriptor instead leaves an acknowledgement under way, which the next
 * trial would count as its own. Gives up after a second. Throws SystemError.
 */
export async function endConnection(fd: number): Promise<void> {
  shutdownSending(fd)
  const until = performance.now() + DRAIN_TIMEOUT_MS
  for (let look = 1; performance.now() < until; look++) {
    // LAST_ACK goes over into CLOSE (tcp_rcv_state_process()); epoll says nothing of it, as both directions are shut already.
    if (getSocketOption(fd, IPPROTO_TCP, TCP_INFO, 1)[0] === TCP_CLOSE) return
    await (look < LOOKS_AT_ONCE ? nextTurn() : delay(PAUSE_MS))
  }
}

/** A server's connections that are not over yet, by the words that came on them. */
export class OpenConnections {
  readonly #open = new Map<string, Promise<void>>()

  /** Has a connection served, and knows it by each word that `serve` hands over until that resolves. */
  async during(serve: (onWord: (word: string) => void) => Promise<void>): Promise<void> {
    const words: string[] = []
    const ended = serve(word => {
      words.push(word)
      this.#open.set(word, ended)
    })
    await ended
    for (const word of words) this.#open.delete(word)
  }

  /** Resolves when the connection on which this word came is over, its last segment included; or after a second. */
  async drained(word: string): Promise<void> {
    const ended = this.#open.get(word)
    if (!ended) return
    const timeout = new AbortController()
    await Promise.race([
      ended,
      delay(DRAIN_TIMEOUT_MS, undefined, { signal: timeout.signal }).catch(() => {}),
    ])
    timeout.abort()
  }
}

/** Sends an ACK that would otherwise wait for data to go with, or for 40 ms (TCP_DELACK_MIN). Throws SystemError. */
export function acknowledgeNow(fd: number): void {
  const TCP_QUICKACK = 12
  setSocketOption(fd, IPPROTO_TCP, TCP_QUICKACK, 1)
}

/** setsockopt(2) of TCP: what makes a socket show its state, and take one (include/uapi/linux/tcp.h). */
const REPAIR = { switch: 19, queue: 20, sequence: 21, on: 1, offWithoutProbe: -1 }
const QUEUE = { receive: 1, send: 2 }

/** The sequence numbers of a connection: of the next byte that it sends, and of the next that it expects. Throws SystemError. */
export function sequenceNumbers(fd: number): { readonly next: number; readonly expected: number } {
  return inRepair(fd, () => {
    const of = (queue: number) => {
      setSocketOption(fd, IPPROTO_TCP, REPAIR.queue, queue)
      return getSocketOption(fd, IPPROTO_TCP, REPAIR.sequence, 4).readUInt32LE()
    }
    return { next: of(QUEUE.send), expected: of(QUEUE.receive) }
  })
}

/** Has a socket that is not connected yet begin at this sequence number, in place of one that is a hash. Throws SystemError. */
export function beginAt(fd: number, sequence: number): void {
  inRepair(fd, () => {
    const value = Buffer.alloc(4)
    value.writeUInt32LE(sequence)
    setSocketOption(fd, IPPROTO_TCP, REPAIR.queue, QUEUE.send)
    setSocketOption(fd, IPPROTO_TCP, REPAIR.sequence, value)
  })
}

/** Has close() take a connection away without a word to the other side (tcp_close() in repair mode). Throws SystemError. */
export function closeSilently(fd: number): void {
  setSocketOption(fd, IPPROTO_TCP, REPAIR.switch, REPAIR.on)
}

/** TCP_REPAIR takes CAP_NET_ADMIN over the namespace alone (tcp_can_repair_sock()); leaving it by -1 sends nothing. */
function inRepair<T>(fd: number, work: () => T): T {
  setSocketOption(fd, IPPROTO_TCP, REPAIR.switch, REPAIR.on)
  try {
    return work()
  } finally {
    setSocketOption(fd, IPPROTO_TCP, REPAIR.switch, REPAIR.offWithoutProbe)
  }
}
