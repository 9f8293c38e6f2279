import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { type FieldsOf, ipv4, node, port } from '../model/fields.js'
import { type ProbeContext, probeKind } from '../model/probe.js'
import {
  acceptSocket,
  closeFd,
  connectSocket,
  deviceIndex,
  EPOLLIN,
  EPOLLOUT,
  listenSocket,
  receiveBytes,
  type SocketAddress,
  SystemError,
  sendBytes,
  setSocketOption,
} from '../world/libc.js'
import type { Netns } from '../world/netns.js'
import { ready } from '../world/reactor.js'
import { Tap } from '../world/tap.js'
import { retransmissions, socketError } from '../world/tcp-state.js'
import { openBound } from './bound-socket.js'
import { forget } from './conntrack-forget.js'
import { timestampOf } from './tcp-timestamp.js'

const SOL_IP = 0
const IP_TTL = 2
const SNAP_LENGTH = 96
const FIRST_SOURCE_PORT = 40_000
const PORTS_OF_ONE = 12
/** For so long a lower timestamp counts as an old one (PAWS takes half of the numbers), and at least so much lower it must be. */
const [LOWEST, HIGHEST] = [-1_500_000_000, -1_000_000]
const CLOSE_MS = 1000
const POLL_MS = 2
const TICKS_MS = 5

const SHAPE = {
  from: node(),
  /** Device that its SYNs leave by. */
  device: z.string(),
  /** Addresses of the client: with one, the two connections differ in their port; with several, in their address. */
  sources: z.array(ipv4()).min(1),
  to: ipv4(),
  /** The first port of the server; each try takes the next, which has no TIME_WAIT yet. */
  port: port(),
  server: node(),
  /** The node that translates both to one address and port. Its connection tracking forgets the first before the second comes. */
  nat: node(),
}
type Spec = FieldsOf<typeof SHAPE>

/**
 * Two connections, one after the other, that a NAT gives the same address and port, while the server remembers the first
 * (TIME_WAIT). They are a pair of which the second has the lower timestamp, where there is one: what a user has by chance. Works
 * when the second is accepted at its first SYN.
 */
export const portReuse = probeKind('port-reuse', SHAPE, {
  describe: ({ to, port: at, sources }) =>
    `two connections to ${to}:${at} from ${sources.length > 1 ? 'two addresses' : 'two ports of one address'}, translated alike`,
  from: ({ from }) => from,
  to: ({ to }) => to,
  typicalMs: (_, outcome) => (outcome === 'fails' ? 80 : 40),

  async run(spec, context) {
    const counter = context.keep(`ports of ${spec.server}`, () => new Counter())
    const to = { address: spec.to, port: spec.port + counter.next() }
    const server = new Server(context.netns(spec.server), to.port)
    try {
      const [first, second, difference] = await choosePair(spec, to, context)
      forget(context.netns(spec.nat))
      const before = await connectOnce(spec, first, to, context)
      await server.remembers()
      // Of two with one clock, the second must have the later time: it counts milliseconds.
      await delay(TICKS_MS)
      forget(context.netns(spec.nat))
      const came = await connectOnce(spec, second, to, context)
      const measured = {
        timestampDifferenceMs: difference,
        connectMs: came.connectMs,
        retransmissions: came.retransmissions,
      }
      const saw = came.peer === undefined ? {} : { serverSaw: came.peer }
      if (!before.answered) return { outcome: 'fails', says: 'the first connection already failed', measured }
      const says = `second TSval ${difference > 0 ? '+' : ''}${difference} against the first, ${came.answered ? 'connected' : 'not connected'} in ${Math.round(came.connectMs)} ms with ${came.retransmissions} SYN retransmissions`
      if (!came.answered || came.retransmissions > 0) return { outcome: 'fails', ...saw, says, measured }
      return { outcome: 'works', answeredBy: spec.to, ...saw, says, measured }
    } finally {
      server.close()
    }
  },
})

/** Numbers from 0 on, until the topology is taken down. */
class Counter {
  #next = 0

  next(): number {
    return this.#next++
  }

  close(): void {}
}

/** Where a connection comes from, and the TSval that its SYN has. */
interface Candidate extends SocketAddress {
  readonly timestamp: number
}

/**
 * Two candidates, the first and the second, of which the second has a timestamp that is lower by as much as counts; the first
 * two where there are no such. Their offsets are a hash that is the same each time (secure_tcp_ts_off(), net/core/secure_seq.c).
 */
async function choosePair(
  spec: Spec,
  to: SocketAddress,
  context: ProbeContext,
): Promise<readonly [SocketAddress, SocketAddress, number]> {
  const addresses = spec.sources.length > 1 ? spec.sources : Array(PORTS_OF_ONE).fill(spec.sources[0] ?? '')
  const netns = context.netns(spec.from)
  const index = netns.inside(() => deviceIndex(spec.device))
  const tap = new Tap(netns, index, SNAP_LENGTH)
  const found: Candidate[] = []
  try {
    for (const [number, address] of addresses.entries()) {
      const source = { address: String(address), port: FIRST_SOURCE_PORT + number }
      found.push({ ...source, timestamp: await measure(netns, tap, source, to, context.deadlineMs) })
    }
  } finally {
    tap.close()
  }
  const pairs = found.flatMap((first, at) =>
    found.flatMap((second, other) =>
      at === other ? [] : [[first, second, (second.timestamp - first.timestamp) | 0] as const],
    ),
  )
  const pair =
    pairs.find(([, , difference]) => difference > LOWEST && difference < HIGHEST) ??
    pairs.toSorted((a, b) => Math.abs(a[2]) - Math.abs(b[2])).find(([, , difference]) => difference >= 0)
  if (!pair) throw new SystemError('connect', ENODATA, 'no two SYNs with timestamps')
  return pair
}

const ENODATA = 61

/** The TSval of a SYN from there, which the next router drops: its TTL is over. 0 where it has none. */
async function measure(
  netns: Netns,
  tap: Tap,
  source: SocketAddress,
  to: SocketAddress,
  deadlineMs: number,
): Promise<number> {
  const fd = openBound(netns, source)
  const until = performance.now() + deadlineMs
  try {
    setSocketOption(fd, SOL_IP, IP_TTL, 1)
    connectSocket(fd, to)
    while (performance.now() < until) {
      for (let got = tap.next(); got; got = tap.next()) {
        const syn = got.direction === 'out' ? timestampOf(got.data) : undefined
        if (syn?.source === source.address && syn.sourcePort === source.port) return syn.timestamp ?? 0
      }
      await tap.wait(until - performance.now())
    }
    throw new SystemError('connect', ETIMEDOUT, `${source.address}:${source.port}: no SYN left`)
  } finally {
    closeFd(fd)
  }
}

const ETIMEDOUT = 110

/** How a connection went. */
interface Came {
  readonly answered: boolean
  readonly connectMs: number
  readonly retransmissions: number
  /** Whom the server saw. */
  readonly peer: string | undefined
}

/** Connects, has the server answer a word and close, and closes after it. */
async function connectOnce(
  spec: Spec,
  from: SocketAddress,
  to: SocketAddress,
  { netns, deadlineMs }: ProbeContext,
): Promise<Came> {
  const fd = openBound(netns(spec.from), from)
  const started = performance.now()
  try {
    connectSocket(fd, to)
    const connected = (await ready(fd, EPOLLOUT, deadlineMs)) !== 0 && socketError(fd) === 0
    const connectMs = Math.round((performance.now() - started) * 1000) / 1000
    const again = retransmissions(fd)
    if (!connected) return { answered: false, connectMs, retransmissions: again, peer: undefined }
    sendBytes(fd, Buffer.from(randomBytes(8).toString('hex')))
    const answer = await readAll(fd, deadlineMs)
    return { answered: answer !== '', connectMs, retransmissions: again, peer: answer || undefined }
  } catch (error) {
    if (!(error instanceof SystemError)) throw error
    return { answered: false, connectMs: 0, retransmissions: retransmissions(fd), peer: undefined }
  } finally {
    closeFd(fd)
  }
}

/** Everything to the end of a stream; nothing where that does not come in time. Throws SystemError. */
async function readAll(fd: number, deadlineMs: number): Promise<string> {
  const buffer = Buffer.alloc(256)
  let text = ''
  while ((await ready(fd, EPOLLIN, deadlineMs)) !== 0) {
    const got = receiveBytes(fd, buffer)
    if (got?.length === 0) return text
    if (got) text += buffer.toString('latin1', 0, got.length)
  }
  return ''
}

/** A server that tells each client its address, and closes first: TIME_WAIT is then its own. */
class Server {
  readonly #fd: number
  readonly #stop = new AbortController()

  /** Throws SystemError. */
  constructor(
    private readonly netns: Netns,
    private readonly at: number,
  ) {
    this.#fd = openBound(netns, { address: '0.0.0.0', port: at })
    listenSocket(this.#fd, 8)
    void this.#accept()
  }

  /** Resolves when it has a connection in TIME_WAIT, or after a second. */
  async remembers(): Promise<void> {
    const own = this.at.toString(16).toUpperCase().padStart(4, '0')
    // Local address, remote address, state; 06 is TCP_TIME_WAIT (include/net/tcp_states.h).
    const line = new RegExp(`^ *\\d+: [0-9A-F]{8}:${own} [0-9A-F:]+ 06 `, 'm')
    const until = performance.now() + CLOSE_MS
    while (performance.now() < until && !line.test(this.netns.readProc('tcp') ?? '')) await delay(POLL_MS)
  }

  close(): void {
    this.#stop.abort()
    closeFd(this.#fd)
  }

  async #accept(): Promise<void> {
    while (await ready(this.#fd, EPOLLIN, undefined, this.#stop.signal))
      for (let next = acceptSocket(this.#fd); next; next = acceptSocket(this.#fd))
        void this.#answer(next.fd, next.peer.address)
  }

  async #answer(fd: number, peer: string): Promise<void> {
    try {
      if ((await ready(fd, EPOLLIN, CLOSE_MS, this.#stop.signal)) === 0) return
      receiveBytes(fd, Buffer.alloc(256))
      sendBytes(fd, Buffer.from(peer))
    } catch (error) {
      if (!(error instanceof SystemError)) throw error
    } finally {
      closeFd(fd)
    }
  }
}
