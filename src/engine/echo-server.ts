/** TCP and UDP servers that live in a node: they send back what they get, and remember whom they saw. */
import type { ProbedService } from '../model/probe.js'
import {
  AF_INET,
  acceptSocket,
  bindSocket,
  closeFd,
  EPOLLIN,
  EPOLLOUT,
  listenSocket,
  openSocket,
  receiveBytes,
  SO_REUSEADDR,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_SOCKET,
  type SocketAddress,
  SystemError,
  sendBytes,
  setSocketOption,
} from '../world/libc.js'
import type { Netns } from '../world/netns.js'
import { ready } from '../world/reactor.js'
import { endConnection, OpenConnections } from '../world/tcp-state.js'

/** An echo server. What a client sends begins with a word of its own, by which `seen` finds the client's address. */
export class EchoServer implements ProbedService {
  readonly #fd: number
  readonly #stop = new AbortController()
  readonly #peers = new Map<string, SocketAddress>()
  readonly #connections = new OpenConnections()

  /** Binds and listens in `netns` at once, so a client that starts afterwards finds it. Throws SystemError. */
  constructor(
    netns: Netns,
    readonly protocol: 'tcp' | 'udp',
    address: string,
    port: number,
  ) {
    this.#fd = netns.inside(() => {
      const fd = openSocket(AF_INET, protocol === 'tcp' ? SOCK_STREAM : SOCK_DGRAM)
      setSocketOption(fd, SOL_SOCKET, SO_REUSEADDR, 1)
      bindSocket(fd, { address, port })
      if (protocol === 'tcp') listenSocket(fd, 128)
      return fd
    })
    void (protocol === 'tcp' ? this.#accept() : this.#echoDatagrams())
  }

  /** The peer that sent a message beginning with `word`, as this server saw it. */
  seen(word: string): SocketAddress | undefined {
    return this.#peers.get(word)
  }

  /** Resolves when the connection on which this word came is over, its last segment included; or after a second. */
  drained(word: string): Promise<void> {
    return this.#connections.drained(word)
  }

  close(): void {
    this.#stop.abort()
    closeFd(this.#fd)
  }

  async #accept(): Promise<void> {
    while (await ready(this.#fd, EPOLLIN, undefined, this.#stop.signal)) {
      for (let next = acceptSocket(this.#fd); next; next = acceptSocket(this.#fd))
        this.#take(next.fd, next.peer)
    }
  }

  #take(fd: number, peer: SocketAddress): void {
    void this.#connections.during(onWord => this.#echo(fd, peer, onWord))
  }

  async #echo(fd: number, peer: SocketAddress, onWord: (word: string) => void): Promise<void> {
    const buffer = Buffer.alloc(4096)
    try {
      while (await ready(fd, EPOLLIN, undefined, this.#stop.signal)) {
        const got = receiveBytes(fd, buffer)
        if (!got) continue
        if (got.length === 0) {
          await endConnection(fd)
          break
        }
        const data = buffer.subarray(0, got.length)
        onWord(this.#remember(data, peer))
        if (sendBytes(fd, data) === undefined) await ready(fd, EPOLLOUT, 100, this.#stop.signal)
      }
    } catch (error) {
      // A reset connection is something a probe provokes; anything else is the lab's own fault.
      if (!(error instanceof SystemError)) throw error
    } finally {
      closeFd(fd)
    }
  }

  async #echoDatagrams(): Promise<void> {
    const buffer = Buffer.alloc(65536)
    while (await ready(this.#fd, EPOLLIN, undefined, this.#stop.signal)) {
      try {
        for (let got = receiveBytes(this.#fd, buffer); got; got = receiveBytes(this.#fd, buffer)) {
          const data = Buffer.from(buffer.subarray(0, got.length))
          this.#remember(data, got.from)
          sendBytes(this.#fd, data, got.from)
        }
      } catch (error) {
        // ECONNREFUSED: a client that is gone had the kernel say so. The next datagram is another client's.
        if (!(error instanceof SystemError)) throw error
      }
    }
  }

  #remember(data: Buffer, peer: SocketAddress): string {
    const [word = ''] = data.toString('latin1').split(' ', 1)
    if (word) this.#peers.set(word, peer)
    return word
  }
}
