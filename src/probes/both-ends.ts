/** A TCP connection of which a probe has both ends: either of them can speak, be silent, or end it. */
import { randomBytes } from 'node:crypto'
import {
  acceptSocket,
  closeFd,
  connectSocket,
  EPOLLIN,
  EPOLLOUT,
  listenSocket,
  receiveBytes,
  SOL_SOCKET,
  type SocketAddress,
  SystemError,
  sendBytes,
  setSocketOption,
  shutdownSending,
} from '../world/libc.js'
import type { Netns } from '../world/netns.js'
import { ready } from '../world/reactor.js'
import { acknowledgeNow, closeSilently, endConnection, silenceMs, socketError } from '../world/tcp-state.js'
import { openBound } from './bound-socket.js'

const SO_KEEPALIVE = 9
const ANY = '0.0.0.0'

/** What a wait may end by. */
interface Patience {
  readonly deadlineMs: number
  readonly lost?: AbortSignal
}

/** How it went: undefined where it went well; otherwise the errno's name, `''` for silence. */
export type Fault = string | undefined

export class BothEnds {
  #ended = false

  private constructor(
    readonly client: number,
    readonly server: number,
    /** The client, as the server sees it. */
    readonly peer: SocketAddress,
  ) {}

  /** Connects; resolves with why not where it does not come to that. Throws SystemError when the sockets cannot be had. */
  static async open(
    nodes: { readonly client: Netns; readonly server: Netns },
    ports: { readonly source: number; readonly to: SocketAddress; readonly server: number },
    { deadlineMs, lost }: Patience,
  ): Promise<BothEnds | string> {
    const listening = openBound(nodes.server, { address: ANY, port: ports.server })
    const client = openBound(nodes.client, { address: ANY, port: ports.source })
    const giveUp = (why: string) => {
      closeFd(client)
      return why
    }
    try {
      listenSocket(listening, 1)
      connectSocket(client, ports.to)
      if ((await ready(client, EPOLLOUT, deadlineMs, lost)) === 0) return giveUp('no answer to the SYN')
      const errno = socketError(client)
      if (errno !== 0) return giveUp(`the connection failed: ${new SystemError('connect', errno).code}`)
      await ready(listening, EPOLLIN, deadlineMs)
      const accepted = acceptSocket(listening)
      return accepted ? new BothEnds(client, accepted.fd, accepted.peer) : giveUp('nobody came to the server')
    } finally {
      closeFd(listening)
    }
  }

  /** Has the client ask whether the server is there, after as long a silence as its system says. */
  keepAlive(): void {
    setSocketOption(this.client, SOL_SOCKET, SO_KEEPALIVE, 1)
  }

  /** For how many milliseconds neither end has sent a word or heard anything. */
  get silenceMs(): number {
    return Math.min(silenceMs(this.client), silenceMs(this.server))
  }

  /** Has both ends acknowledge what they have got: nothing is under way then. */
  acknowledge(): void {
    for (const fd of [this.client, this.server]) acknowledgeNow(fd)
  }

  /** One end sends a word, and gets it back from the other one; where the server has ended its half, the client's word only comes in. */
  async speak(who: 'client' | 'server', { deadlineMs, lost }: Patience): Promise<Fault> {
    const [speaker, listener] = who === 'client' ? [this.client, this.server] : [this.server, this.client]
    const word = Buffer.from(randomBytes(8).toString('hex'))
    const answered = new AbortController()
    const stop = lost ? AbortSignal.any([lost, answered.signal]) : answered.signal
    try {
      sendBytes(speaker, word)
      // Whatever ends the speaker's connection ends the wait for the listener.
      const broken = ready(speaker, 0, deadlineMs, stop)
      const came = await Promise.race([ready(listener, EPOLLIN, deadlineMs, stop), broken.then(() => 0)])
      answered.abort()
      await broken
      if (came === 0) return faultOf(speaker)
      const heard = taken(listener)
      // An end that was reset says so by an error: what becomes of the word is for the speaker's own kernel to say.
      if (!heard?.equals(word)) return (await ready(speaker, 0, deadlineMs, lost)) ? faultOf(speaker) : ''
      if (this.#ended) return undefined
      sendBytes(listener, heard)
      if ((await ready(speaker, EPOLLIN, deadlineMs, lost)) === 0) return ''
      return taken(speaker)?.equals(word) ? undefined : faultOf(speaker)
    } catch (error) {
      if (!(error instanceof SystemError)) throw error
      return error.code
    } finally {
      answered.abort()
    }
  }

  /** The server says that it will send no more, and the client has heard so. */
  async endServersHalf({ deadlineMs }: Patience): Promise<void> {
    this.#ended = true
    shutdownSending(this.server)
    await ready(this.client, EPOLLIN, deadlineMs)
  }

  /** Ends it in order, and waits until nothing of it is under way. */
  async end({ deadlineMs }: Patience): Promise<void> {
    try {
      shutdownSending(this.client)
      await ready(this.server, EPOLLIN, deadlineMs)
      await endConnection(this.server)
    } catch (error) {
      if (!(error instanceof SystemError)) throw error
    } finally {
      this.#close()
    }
  }

  /** Takes both ends away, and sends nothing that would count as somebody's. */
  forget(): void {
    closeSilently(this.client)
    closeSilently(this.server)
    this.#close()
  }

  #close(): void {
    closeFd(this.client)
    closeFd(this.server)
  }
}

/** What has come in; undefined where that is an error. */
function taken(fd: number): Buffer | undefined {
  const buffer = Buffer.alloc(256)
  try {
    const got = receiveBytes(fd, buffer)
    return got && buffer.subarray(0, got.length)
  } catch (error) {
    if (!(error instanceof SystemError)) throw error
    return undefined
  }
}

/** What a connection has ended with, `''` where it has not. */
function faultOf(fd: number): string {
  const errno = socketError(fd)
  return errno === 0 ? '' : new SystemError('recv', errno).code
}
