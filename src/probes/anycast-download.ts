import { z } from 'zod'
import { type FieldsOf, ipv4, node, port } from '../model/fields.js'
import { type ProbeContext, probeKind } from '../model/probe.js'
import {
  AF_INET,
  acceptSocket,
  bindSocket,
  closeFd,
  connectSocket,
  deviceIndex,
  EPOLLIN,
  EPOLLOUT,
  listenSocket,
  openSocket,
  receiveBytes,
  SO_REUSEADDR,
  SOCK_STREAM,
  SOL_SOCKET,
  SystemError,
  sendBytes,
  setSocketOption,
} from '../world/libc.js'
import type { Netns } from '../world/netns.js'
import { Mibs } from '../world/proc-net.js'
import { ready } from '../world/reactor.js'
import { outputDevice, routeFor } from '../world/route-lookup.js'
import { resetOnClose, retransmissions, socketError } from '../world/tcp-state.js'
import { newSourcePort } from './source-port.js'

const IPPROTO_ICMP = 1
/** So many connections that all go to one of two servers are no chance any more. */
const MOST_TRIES = 64
const COUNTER = 'IcmpInDestUnreachs'

const SHAPE = {
  from: node(),
  /** Addresses that the client connects from, one after the other, until it comes to the server that is wanted. */
  sources: z.array(ipv4()).min(1),
  to: ipv4(),
  port: port(),
  /** The router that chooses among the servers, and its device that the client's packets and the ICMP come in on. */
  router: node(),
  device: z.string(),
  /** The servers, all with the address, and the router's device to each. */
  servers: z.array(z.object({ node: node(), device: z.string() })).min(2),
  /** The address that a router on the way sends its ICMP from. */
  icmpFrom: ipv4(),
  /** The server that a packet of that router's own goes to, or another one. */
  server: z.enum(['that-icmp-reaches', 'another']),
  bytes: z.int().min(1).max(10_000_000),
}
type Spec = FieldsOf<typeof SHAPE>

const LIBRARY = `# anycast_download NODE ADDRESS PORT ROUTER DEVICE ICMP-FROM that-icmp-reaches|another BYTES SOURCE,... SERVER=DEVICE...
anycast='
import ctypes, os, socket, struct, sys, threading
wait, way, node, to, port, wanted, size, sources, *servers = sys.argv[1:]
port, size, sources = int(port), int(size), sources.split(",")
reached = next(name for name, device in (one.split("=") for one in servers) if device == way)
libc = ctypes.CDLL(None, use_errno=True)

def inside(name):
    with open("/run/netns/" + name) as file:
        if libc.setns(file.fileno(), 0x40000000) != 0:
            raise OSError(ctypes.get_errno(), "setns " + name)
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return s

def answer(connection, name):
    try:
        connection.sendall(name.encode() + b"\\n")
        if connection.recv(64):
            connection.sendall(bytes(size))
            connection.recv(64)
    except OSError:
        pass

def serve(listener, name):
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=answer, args=(connection, name), daemon=True).start()

for one in servers:
    name = one.split("=")[0]
    listener = inside(name)
    listener.bind(("0.0.0.0", port))
    listener.listen(64)
    threading.Thread(target=serve, args=(listener, name), daemon=True).start()
for number in range(64):
    s = inside(node)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.settimeout(float(wait))
    s.bind((sources[number % len(sources)], 0))
    s.connect((to, port))
    name = s.recv(64).decode().strip()
    if (name == reached) == (wanted == "that-icmp-reaches"):
        got = 0
        try:
            s.sendall(b"go\\n")
            while got < size:
                data = s.recv(65536)
                if not data:
                    break
                got += len(data)
        except OSError:
            pass
        print(got, "of", size, "bytes from", name + ", ICMP goes to", reached)
        sys.stdout.flush()
        os._exit(0)
    s.close()
print("0: no connection came to such a server")
sys.stdout.flush()
os._exit(0)
'
command -v python3 >/dev/null || skip "python3 serves and downloads here, and is not installed"

anycast_download() {
  way=$(in_node "$4" ip route get "$2" from "$6" iif "$5" ipproto icmp | sed -n 's/.* dev \\([^ ]*\\) .*/\\1/p')
  node=$1 address=$2 port=$3 which=$7 size=$8 sources=$9
  shift 9
  said=$(python3 -c "$anycast" "$WAIT" "$way" "$node" "$address" "$port" "$which" "$size" "$sources" "$@" 2>&1)
  came=fails
  case $said in "$size of "*) came=works answered_by=$address ;; esac
}
`

/**
 * A download from one of several servers that have one address, which a router chooses among: from the one that the ICMP of a
 * router on the way is sent to, or from another one. Connections are made until one comes to it: it says who it is. Works when all
 * comes.
 */
export const anycastDownload = probeKind('anycast-download', SHAPE, {
  describe: ({ to, port: at, bytes }) => `nc ${to} ${at} | head -c ${bytes} | wc -c`,
  from: ({ from }) => from,
  to: ({ to }) => to,
  typicalMs: (_, outcome) => (outcome === 'fails' ? 600 : 100),

  script: ({ from, to, port: at, router, device, icmpFrom, server, bytes, sources, servers }) => ({
    words: [
      ...['anycast_download', from, to, String(at), router, device, icmpFrom, server, String(bytes)],
      sources.join(','),
      ...servers.map(one => `${one.node}=${one.device}`),
    ],
    library: LIBRARY,
    tools: ['sed'],
  }),

  async run(spec, context) {
    const { server, bytes, to } = spec
    for (const { node: name } of spec.servers)
      context.keep(
        `downloads from ${name} ${spec.port}`,
        () => new Server(context.netns(name), spec.port, name, bytes),
      )
    const reached = serverOfIcmp(spec, context)
    const counts = () => spec.servers.map(one => new Mibs(context.netns(one.node)).get(COUNTER) ?? 0)
    const before = counts()
    const found = await connectTo(spec, reached, context)
    if (typeof found === 'string') return { outcome: 'fails', says: found }
    const { fd, name, source } = found
    const started = performance.now()
    try {
      const came = await download(fd, bytes, context)
      const icmp = counts().map(
        (count, index) => `${spec.servers[index]?.node} +${count - (before[index] ?? 0)}`,
      )
      return {
        outcome: came === bytes ? 'works' : 'fails',
        ...(came === bytes ? { answeredBy: to } : {}),
        arrived: true,
        says: `${came} of ${bytes} bytes from ${name} to ${source} in ${Math.round(performance.now() - started)} ms, ICMP of the router goes to ${reached}${server === 'another' ? `, not to ${name}` : ''} (${COUNTER}: ${icmp.join(', ')})`,
        measured: { receivedBytes: came, retransmissions: retransmissions(fd) },
      }
    } finally {
      resetOnClose(fd)
      closeFd(fd)
    }
  },
})

/** The server that the router sends ICMP from `icmpFrom` to: `ip route get TO from ICMP-FROM iif DEVICE ipproto icmp`. */
function serverOfIcmp({ router, device, servers, icmpFrom, to }: Spec, { netns }: ProbeContext): string {
  const at = netns(router)
  const index = (name: string) => at.inside(() => deviceIndex(name))
  const packet = { to, from: icmpFrom, inputDevice: index(device), protocol: IPPROTO_ICMP }
  const answer = routeFor(at, packet, 0)
  const out = outputDevice(answer)
  const server = servers.find(one => index(one.device) === out)
  if (!server) throw new SystemError('netlink', ENODEV, `${router} sends it to none of the servers`)
  return server.node
}

const ENODEV = 19

/** A connection to a server of the kind that is wanted; or why there is none. */
async function connectTo(
  { from, sources, to, port: at, server: wanted }: Spec,
  reached: string,
  { netns, deadlineMs }: ProbeContext,
): Promise<{ readonly fd: number; readonly name: string; readonly source: string } | string> {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const source = sources[tries % sources.length] ?? ''
    const fd = netns(from).inside(() => openSocket(AF_INET, SOCK_STREAM))
    setSocketOption(fd, SOL_SOCKET, SO_REUSEADDR, 1)
    try {
      bindSocket(fd, { address: source, port: newSourcePort() })
      connectSocket(fd, { address: to, port: at })
      const name =
        (await ready(fd, EPOLLOUT, deadlineMs)) !== 0 && socketError(fd) === 0
          ? await readName(fd, deadlineMs)
          : undefined
      if (name === undefined) {
        closeFd(fd)
        return `no connection from ${source}`
      }
      if ((name === reached) === (wanted === 'that-icmp-reaches')) return { fd, name, source }
      resetOnClose(fd)
    } catch (error) {
      closeFd(fd)
      throw error
    }
    closeFd(fd)
  }
  return `${MOST_TRIES} connections came to no server of this kind: ICMP goes to ${reached}`
}

/** The line that a server begins with. */
async function readName(fd: number, deadlineMs: number): Promise<string | undefined> {
  const buffer = Buffer.alloc(64)
  const got = (await ready(fd, EPOLLIN, deadlineMs)) === 0 ? undefined : receiveBytes(fd, buffer)
  const line = buffer.toString('latin1', 0, got?.length ?? 0)
  return line.endsWith('\n') ? line.trim() : undefined
}

/** How many bytes came, until all had, or none did for a while. */
async function download(fd: number, bytes: number, { deadlineMs, lost }: ProbeContext): Promise<number> {
  const buffer = Buffer.allocUnsafe(1 << 16)
  let came = 0
  try {
    sendBytes(fd, Buffer.from('go\n'))
    while (came < bytes && (await ready(fd, EPOLLIN, deadlineMs, lost)) !== 0) {
      const got = receiveBytes(fd, buffer)
      if (got?.length === 0) break
      came += got?.length ?? 0
    }
  } catch (error) {
    if (!(error instanceof SystemError)) throw error
  }
  return came
}

/** A server that says who it is, and, when it is asked, sends so many bytes. */
class Server {
  readonly #fd: number
  readonly #stop = new AbortController()

  /** Throws SystemError. */
  constructor(
    netns: Netns,
    at: number,
    private readonly name: string,
    private readonly bytes: number,
  ) {
    this.#fd = netns.inside(() => openSocket(AF_INET, SOCK_STREAM))
    setSocketOption(this.#fd, SOL_SOCKET, SO_REUSEADDR, 1)
    bindSocket(this.#fd, { address: '0.0.0.0', port: at })
    listenSocket(this.#fd, MOST_TRIES)
    void this.#accept()
  }

  close(): void {
    this.#stop.abort()
    closeFd(this.#fd)
  }

  async #accept(): Promise<void> {
    while (await ready(this.#fd, EPOLLIN, undefined, this.#stop.signal))
      for (let next = acceptSocket(this.#fd); next; next = acceptSocket(this.#fd)) void this.#serve(next.fd)
  }

  async #serve(fd: number): Promise<void> {
    try {
      sendBytes(fd, Buffer.from(`${this.name}\n`))
      if ((await ready(fd, EPOLLIN, undefined, this.#stop.signal)) === 0) return
      if ((receiveBytes(fd, Buffer.alloc(64))?.length ?? 0) === 0) return
      for (let left = this.bytes; left > 0; ) {
        const sent = sendBytes(fd, Buffer.alloc(Math.min(left, 1 << 16)))
        left -= sent ?? 0
        if (sent === undefined && (await ready(fd, EPOLLOUT, undefined, this.#stop.signal)) === 0) return
      }
      // Until the client closes: what it has not got yet is sent again.
      while ((await ready(fd, EPOLLIN, undefined, this.#stop.signal)) !== 0)
        if (receiveBytes(fd, Buffer.alloc(64))?.length === 0) return
    } catch (error) {
      if (!(error instanceof SystemError)) throw error
    } finally {
      closeFd(fd)
    }
  }
}
