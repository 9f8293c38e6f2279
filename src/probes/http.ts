import { createHash, randomBytes } from 'node:crypto'
import { z } from 'zod'
import { address, type FieldsOf, node, port } from '../model/fields.js'
import { type ProbeContext, type ProbeResult, probeKind } from '../model/probe.js'
import {
  AF_INET,
  AF_INET6,
  acceptSocket,
  bindSocket,
  closeFd,
  connectSocket,
  EPOLLIN,
  EPOLLOUT,
  listenSocket,
  openSocket,
  receiveBytes,
  SO_REUSEADDR,
  SOCK_STREAM,
  SOL_SOCKET,
  type SocketAddress,
  SystemError,
  sendBytes,
  setSocketOption,
  shutdownSending,
} from '../world/libc.js'
import type { Netns } from '../world/netns.js'
import { ready } from '../world/reactor.js'
import {
  endConnection,
  OpenConnections,
  resetOnClose,
  retransmissions,
  socketError,
} from '../world/tcp-state.js'
import { newSourcePort } from './source-port.js'

/** More than one segment of any MTU up to 9000. */
const REQUEST_BYTES = 20_000
const RESPONSE_BYTES = 100_000
/** What surely goes into one segment. */
const SEGMENT_BYTES = 500
const MOST_BYTES = 100_000_000
const CHUNK = 1 << 16
const BACKLOG = 128
const CLOSE_TIMEOUT_MS = 1000

const SHAPE = {
  from: node(),
  to: address(),
  port: port(),
  /** The node that answers, from a server of the probe's own, which begins to listen when the probe first runs. */
  server: node(),
  /** The server's own port where that is another one. */
  serverPort: port().optional(),
  /** Bytes of the response's body; 100,000 when left out. */
  bytes: z.int().min(1).max(MOST_BYTES).optional(),
  /** Bytes of the request's body; 20,000 when left out. */
  requestBytes: z.int().min(0).max(MOST_BYTES).optional(),
  /** Whether the server is started for this request and stopped after it: a socket has many a setting from when it is made. */
  anew: z.literal(true).optional(),
}
type Spec = FieldsOf<typeof SHAPE>

const LIBRARY = `# http_post NODE ADDRESS PORT SERVER SERVER-PORT REQUEST-BYTES BYTES kept|anew: both bodies by their SHA-256. The server starts
# with the first request to it, or with each and for that alone.
http='
import hashlib, http.client, http.server, os, sys
role, address, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
class Server(http.server.ThreadingHTTPServer):
    address_family = 10 if ":" in address else 2
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        got = self.rfile.read(int(self.headers["Content-Length"]))
        body = os.urandom(int(self.headers["X-Wanted"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Received", hashlib.sha256(got).hexdigest())
        self.send_header("X-Sent", hashlib.sha256(body).hexdigest())
        self.send_header("X-Peer", self.client_address[0])
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *words):
        pass
if role == "server":
    server = Server((address, port), Handler)
    if sys.argv[4] == "kept":
        server.serve_forever()
    request, peer = server.get_request()
    server.server_close()
    server.finish_request(request, peer)
    sys.exit()
wait, sends, wanted = float(sys.argv[4]), int(sys.argv[5]), sys.argv[6]
body = os.urandom(sends)
try:
    client = http.client.HTTPConnection(address, port, timeout=wait)
    client.request("POST", "/", body, {"X-Wanted": wanted})
    response = client.getresponse()
    got = response.read()
except Exception as error:
    sys.exit(f"{address}:{port}: {error}")
if hashlib.sha256(body).hexdigest() != response.getheader("X-Received"):
    sys.exit("the server got another body than was sent")
if hashlib.sha256(got).hexdigest() != response.getheader("X-Sent"):
    sys.exit("the body that came is not the one that was sent")
print(response.getheader("X-Peer"), len(got))
'
command -v python3 >/dev/null || skip "python3 talks HTTP here, and is not installed"

http_post() {
  case $2 in *:*) any=:: ;; *) any=0.0.0.0 ;; esac
  if [ "$8" = anew ] || [ ! -e "$work/http-$4-$5" ]; then
    : >"$work/http-$4-$5"
    in_node "$4" python3 -c "$http" server "$any" "$5" "$8" 2>/dev/null &
    left=200
    until in_node "$4" ss -Hltn "sport = :$5" | grep -q .; do
      left=$((left - 1))
      [ "$left" -gt 0 ] || skip "nothing came to listen on port $5 of $4"
      sleep 0.05
    done
  fi
  came=fails
  if said=$(in_node "$1" python3 -c "$http" client "$2" "$3" "$WAIT" "$6" "$7" 2>&1); then
    came=works answered_by=$2 server_saw=\${said%% *}
    said="\${said#* } bytes came whole, the server saw $server_saw"
  fi
}
`

/**
 * A POST over TCP with a body each way, by default of more than one segment, each checked by its SHA-256: what path MTU, window
 * and offload troubles let begin and then stall. Works when both came whole.
 */
export const http = probeKind('http', SHAPE, {
  describe: ({ to, port, requestBytes = REQUEST_BYTES }) =>
    `head -c ${requestBytes} /dev/urandom | curl --data-binary @- http://${to.includes(':') ? `[${to}]` : to}:${port}/`,
  from: ({ from }) => from,
  to: ({ to }) => to,
  // What takes more than one segment may come whole only after time-outs.
  typicalMs: ({ bytes = RESPONSE_BYTES }, outcome) =>
    outcome === 'fails' ? 70 : bytes > SEGMENT_BYTES ? 300 : 10,
  script: ({
    from,
    to,
    port,
    server,
    serverPort = port,
    bytes = RESPONSE_BYTES,
    requestBytes = REQUEST_BYTES,
    anew,
  }) => ({
    words: [
      ...['http_post', from, to, ...[port, server, serverPort, requestBytes, bytes].map(String)],
      anew ? 'anew' : 'kept',
    ],
    library: LIBRARY,
    tools: ['ss'],
  }),

  async run(spec, context) {
    const { from, to, port, server: at, serverPort = port } = spec
    const any = to.includes(':') ? '::' : '0.0.0.0'
    const start = () => new HttpServer(context.netns(at), { address: any, port: serverPort })
    const server = spec.anew ? start() : context.keep(`http ${at} ${any} ${serverPort}`, start)
    const fd = context.netns(from).inside(() => openSocket(familyOf(to), SOCK_STREAM))
    const id = randomBytes(8).toString('hex')
    try {
      setSocketOption(fd, SOL_SOCKET, SO_REUSEADDR, 1)
      bindSocket(fd, { address: any, port: newSourcePort() })
      const came = await post(fd, { ...spec, id }, server, context)
      // What a stalled connection still has to send, it would send again into the next trials.
      if (came.outcome === 'fails') resetOnClose(fd)
      else await endInOrder(fd)
      return came
    } finally {
      closeFd(fd)
      await server.drained(id)
      if (spec.anew) server.close()
    }
  },
})

function familyOf(to: string): number {
  return to.includes(':') ? AF_INET6 : AF_INET
}

/** One request, as far as it comes; the server knows it by its id. */
async function post(
  fd: number,
  { to, port, bytes = RESPONSE_BYTES, requestBytes = REQUEST_BYTES, id }: Spec & { readonly id: string },
  server: HttpServer,
  { deadlineMs, lost }: ProbeContext,
): Promise<ProbeResult> {
  const started = performance.now()
  const elapsed = () => Math.round((performance.now() - started) * 1000) / 1000
  const stream = new Stream(
    fd,
    () => ready(fd, EPOLLIN, deadlineMs, lost),
    () => ready(fd, EPOLLOUT, deadlineMs, lost),
  )
  let connectMs = 0
  const fails = (says: string): ProbeResult => ({
    outcome: 'fails',
    says,
    measured: {
      connectMs,
      retransmissions: retransmissions(fd),
      sentBytes: stream.sent,
      receivedBytes: stream.received,
    },
  })
  try {
    connectSocket(fd, { address: to, port })
    if ((await ready(fd, EPOLLOUT, deadlineMs, lost)) === 0)
      return fails(`no answer to the SYN within ${Math.round(elapsed())} ms`)
    const errno = socketError(fd)
    if (errno !== 0) return fails(`the connection failed: ${new SystemError('connect', errno).code}`)
    connectMs = elapsed()
    const body = randomBytes(requestBytes)
    const head = `POST /${id} HTTP/1.1\r\nHost: ${to}\r\nContent-Length: ${body.length}\r\nX-Wanted: ${bytes}\r\n\r\n`
    const sent = await stream.send(Buffer.concat([Buffer.from(head), body]))
    const response = sent ? await stream.message() : undefined
    const exchange = server.exchange(id)
    const saw = exchange ? { serverSaw: exchange.peer } : {}
    if (!response)
      return {
        ...fails(
          `connected in ${Math.round(connectMs)} ms, and the ${sent ? 'response' : 'request'} stalled: ${stream.received} bytes had come, and none moved for ${Math.round(performance.now() - stream.moved)} ms`,
        ),
        ...saw,
      }
    if (exchange?.received !== sha256(body))
      return { ...fails('the server got another body than was sent'), ...saw }
    if (response.length !== bytes || exchange.sent !== sha256(response))
      return {
        ...fails(`the body that came (${response.length} bytes) is not the one that was sent`),
        ...saw,
      }
    return {
      outcome: 'works',
      answeredBy: to,
      serverSaw: exchange.peer,
      says: `${bytes} bytes came whole in ${Math.round(elapsed())} ms, after ${requestBytes} had gone, the server saw ${exchange.peer}`,
      measured: { connectMs, transferMs: elapsed(), retransmissions: retransmissions(fd) },
    }
  } catch (error) {
    if (!(error instanceof SystemError)) throw error
    return fails(
      `the connection ended with ${error.code} after ${stream.sent} bytes had gone and ${stream.received} had come`,
    )
  }
}

function sha256(data: Buffer): string {
  return createHash('sha256').update(data).digest('hex')
}

/** Ends a connection in order, so that none of its segments runs into the next trial. */
async function endInOrder(fd: number): Promise<void> {
  const buffer = Buffer.allocUnsafe(CHUNK)
  try {
    shutdownSending(fd)
    while (await ready(fd, EPOLLIN, CLOSE_TIMEOUT_MS)) if (receiveBytes(fd, buffer)?.length === 0) break
  } catch (error) {
    // ENOTCONN and resets: there is nothing to end.
    if (!(error instanceof SystemError)) throw error
  }
}

/** One side of a connection: bytes as they come and go, messages as HTTP/1.1 has them. */
class Stream {
  sent = 0
  received = 0
  /** When bytes last came or went, in milliseconds of performance.now(). */
  moved = performance.now()
  readonly #buffer = Buffer.allocUnsafe(CHUNK)
  #rest: Buffer = Buffer.alloc(0)
  /** The head of the message that came last. */
  head = ''

  constructor(
    private readonly fd: number,
    /** Both resolve with 0 when nothing came, or could go, in time. */
    private readonly readable: () => Promise<number>,
    private readonly writable: () => Promise<number>,
  ) {}

  /** Sends everything. False when that stalled. Throws SystemError. */
  async send(data: Buffer): Promise<boolean> {
    for (let at = 0; at < data.length; ) {
      const count = sendBytes(this.fd, data.subarray(at, at + CHUNK))
      at += count ?? 0
      this.sent += count ?? 0
      if (count) this.moved = performance.now()
      if (count === undefined && (await this.writable()) === 0) return false
    }
    return true
  }

  /** The body of the next message; undefined when it stalled, or the other side closed before its end. Throws SystemError. */
  async message(): Promise<Buffer | undefined> {
    let end = this.#rest.indexOf('\r\n\r\n')
    for (; end < 0; end = this.#rest.indexOf('\r\n\r\n')) {
      const more = await this.#receive()
      if (!more) return undefined
      this.#rest = Buffer.concat([this.#rest, more])
    }
    this.head = this.#rest.toString('latin1', 0, end)
    const length = Number(/^content-length: *(\d+)/im.exec(this.head)?.[1] ?? 0)
    const parts = [this.#rest.subarray(end + 4)]
    let have = parts[0]?.length ?? 0
    while (have < length) {
      const more = await this.#receive()
      if (!more) return undefined
      parts.push(more)
      have += more.length
    }
    const all = Buffer.concat(parts)
    this.#rest = Buffer.from(all.subarray(length))
    return all.subarray(0, length)
  }

  async #receive(): Promise<Buffer | undefined> {
    for (;;) {
      if ((await this.readable()) === 0) return undefined
      const got = receiveBytes(this.fd, this.#buffer)
      if (!got) continue
      this.received += got.length
      this.moved = performance.now()
      return got.length === 0 ? undefined : Buffer.from(this.#buffer.subarray(0, got.length))
    }
  }
}

/** What a server knows of one request. */
interface Exchange {
  readonly peer: string
  /** SHA-256 of the body that it got, and of the one that it sends. */
  readonly received: string
  readonly sent: string
}

/** A server that answers each POST with as many random bytes as are wanted. */
class HttpServer {
  readonly #fd: number
  readonly #stop = new AbortController()
  readonly #exchanges = new Map<string, Exchange>()
  readonly #connections = new OpenConnections()

  /** Binds and listens at once. Throws SystemError. */
  constructor(netns: Netns, at: SocketAddress) {
    this.#fd = netns.inside(() => {
      const fd = openSocket(familyOf(at.address), SOCK_STREAM)
      setSocketOption(fd, SOL_SOCKET, SO_REUSEADDR, 1)
      bindSocket(fd, at)
      listenSocket(fd, BACKLOG)
      return fd
    })
    void this.#accept()
  }

  /** What it knows of the request with this path. */
  exchange(id: string): Exchange | undefined {
    return this.#exchanges.get(id)
  }

  /** Resolves when the connection of the request with this path is over, its last segment included; or after a second. */
  drained(id: string): Promise<void> {
    return this.#connections.drained(id)
  }

  close(): void {
    this.#stop.abort()
    closeFd(this.#fd)
  }

  async #accept(): Promise<void> {
    while (await ready(this.#fd, EPOLLIN, undefined, this.#stop.signal))
      for (let next = acceptSocket(this.#fd); next; next = acceptSocket(this.#fd))
        this.#take(next.fd, next.peer.address)
  }

  #take(fd: number, peer: string): void {
    void this.#connections.during(onWord => this.#serve(fd, peer, onWord))
  }

  async #serve(fd: number, peer: string, onRequest: (id: string) => void): Promise<void> {
    const wait = (events: number) => () => ready(fd, events, undefined, this.#stop.signal)
    const stream = new Stream(fd, wait(EPOLLIN), wait(EPOLLOUT))
    try {
      for (let body = await stream.message(); body; body = await stream.message()) {
        const [, id = ''] = /^POST \/(\w+) /.exec(stream.head) ?? []
        const wanted = Number(/^x-wanted: *(\d+)/im.exec(stream.head)?.[1] ?? 0)
        onRequest(id)
        const answer = randomBytes(wanted)
        this.#exchanges.set(id, { peer, received: sha256(body), sent: sha256(answer) })
        const head = `HTTP/1.1 200 OK\r\nContent-Length: ${answer.length}\r\n\r\n`
        if (!(await stream.send(Buffer.concat([Buffer.from(head), answer])))) break
      }
      await endConnection(fd)
    } catch (error) {
      // A connection that the probe lost is what it is there to see.
      if (!(error instanceof SystemError)) throw error
    } finally {
      closeFd(fd)
    }
  }
}
