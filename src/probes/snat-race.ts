import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { type FieldsOf, ipv4, node, port } from '../model/fields.js'
import { type ProbeContext, type ProbeResult, probeKind } from '../model/probe.js'
import { PacketQueue } from './packet-queue.js'
import { newSourcePort } from './source-port.js'
import { type Connection, TcpClient } from './tcp-client.js'
import { tooBusy } from './too-busy.js'

const SHAPE = {
  clients: z.array(node()).min(1),
  to: ipv4(),
  port: port(),
  /** The node that answers, to ask it whom it saw. */
  server: node(),
  /** Node and number of the queue that holds the SYNs. */
  queue: z.strictObject({ node: node(), number: z.int().min(0).max(65535) }),
}

/** A race that was held for longer than this is void: a SYN that is sent again meanwhile looks like one that was lost. */
const LONGEST_HOLD_MS = 800
const ATTEMPTS = 8

/** The initial retransmission time-out of TCP is one second (TCP_TIMEOUT_INIT); a lost SYN shows as a connect of that length. */
const SYN_RETRANSMISSION_MS = 1000

const LIBRARY = `# All clients connect from one source port. The queue behind source NAT holds their SYNs until each has its translation,
# and lets them go in order. A client whose SYN was lost sends it again after a second (TCP_TIMEOUT_INIT).
race='
import ctypes, os, random, select, socket, struct, sys, time
wait, router, queue, to, port, *clients = sys.argv[1:]
libc = ctypes.CDLL(None, use_errno=True)

def inside(node, *kind):
    with open("/run/netns/" + node) as file:
        if libc.setns(file.fileno(), 0) != 0:
            raise OSError(ctypes.get_errno(), "setns " + node)
    return socket.socket(*kind)

# NFQUEUE by hand (linux/netfilter/nfnetlink_queue.h): bind, ask for metadata only, take packets, give verdicts.
def attribute(kind, data):
    return struct.pack("=HH", 4 + len(data), kind) + data + bytes(-len(data) % 4)

def send(kind, body):
    body = struct.pack("!BBH", 0, 0, int(queue)) + body
    held.send(struct.pack("=IHHII", 16 + len(body), 3 << 8 | kind, 1, 0, 0) + body)

def packet(seconds):
    while select.select([held], [], [], seconds)[0]:
        message = held.recv(65536)
        if struct.unpack_from("=H", message, 4)[0] != 3 << 8:
            continue
        at = 20
        while at < len(message):
            length, kind = struct.unpack_from("=HH", message, at)
            if kind == 1:
                return struct.unpack_from("!I", message, at + 4)[0]
            at += (length + 3) & ~3

def accept(number):
    send(1, attribute(2, struct.pack("!II", 1, number)))

held = inside(router, socket.AF_NETLINK, socket.SOCK_RAW, 12)
send(2, attribute(1, struct.pack("!BBH", 1, 0, socket.AF_INET)))
send(2, attribute(2, struct.pack("!IB", 0, 1)))
source = random.randint(20000, 29999)
waiting = []
for client in clients:
    s = inside(client, socket.AF_INET, socket.SOCK_STREAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("0.0.0.0", source))
    s.setblocking(False)
    s.connect_ex((to, int(port)))
    waiting.append(s)
numbers = []
for _ in clients:
    number = packet(float(wait))
    if number is None:
        sys.exit("not triggered: too few SYNs came to the queue")
    numbers.append(number)
released = time.monotonic()
for number in numbers:
    accept(number)
connects = {}
while len(connects) < len(clients) and time.monotonic() < released + float(wait) + 2:
    ready = select.select([held], [s for s in waiting if s not in connects], [], 0.1)
    if ready[0]:
        number = packet(0)
        if number is not None:
            accept(number)
    for s in ready[1]:
        error = s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            sys.exit("OSError: " + os.strerror(error))
        connects[s] = time.monotonic() - released
# tcpi_total_retrans stands at 100 in struct tcp_info (linux/tcp.h).
again = sum(struct.unpack_from("=I", s.getsockopt(socket.IPPROTO_TCP, 11, 104), 100)[0] for s in waiting)
slowest = max(connects.values(), default=0)
seen = set()
for s in connects:
    s.setblocking(True)
    s.settimeout(float(wait))
    s.sendall(b"hello\\n")
    seen.add(s.recv(100).decode().split(" ")[0])
print(f"from source port {source}, {len(connects)} of {len(clients)} connected, the slowest after {slowest:.3f} s, {again} SYNs sent again, the server saw " + " and ".join(seen))
sys.exit(0 if len(connects) == len(clients) and again == 0 else 1)
'
command -v python3 >/dev/null || skip "python3 holds the packets of the race, and is not installed"

# race_for ROUTER QUEUE ADDRESS PORT CLIENT...
race_for() {
  if said=$(python3 -c "$race" "$WAIT" "$@" 2>&1); then came=works; else came=fails; fi
  case $said in
    *'not triggered'* | *Error*) skip "$said" ;;
  esac
  server_saw=\${said##*the server saw }
}
`

/**
 * Clients with the same source port connect to one server through a source NAT, at what counts as the same time: a queue
 * between the choice of the port and its confirmation holds every SYN until all are there, then lets them go in order.
 */
export const snatRace = probeKind('snat-race', SHAPE, {
  describe: ({ clients, to, port }) => `${clients.length} × connect to ${to}:${port} from one source port`,
  from: ({ clients }) => clients.at(-1) ?? '',
  to: ({ to }) => to,
  script: ({ clients, to, port, queue }) => ({
    words: ['race_for', queue.node, String(queue.number), to, String(port), ...clients],
    library: LIBRARY,
    tools: ['python3'],
  }),

  typicalMs: (_, outcome) => (outcome === 'fails' ? SYN_RETRANSMISSION_MS : 20),

  async run(spec, context) {
    let spoiled = false
    for (let attempt = 1; ; attempt++) {
      const { heldMs, result } = await race(spec, context)
      const sentAgain = (result.measured?.retransmissions ?? 0) > 0
      const counts = heldMs <= LONGEST_HOLD_MS || (result.outcome === 'works' && !sentAgain)
      // What a void race has sent again was refused for what it is, and counts as if the clients had met.
      if (counts && !(spoiled && result.outcome === 'works')) return result
      spoiled ||= sentAgain
      if (!counts && attempt < ATTEMPTS) continue
      throw tooBusy(
        `SYNs were held for too long, the last ones for ${Math.round(heldMs)} ms, in ${attempt} attempts`,
        'the race',
      )
    }
  },
})

/** One race, and how long the first SYN was on its way before all were let go, in milliseconds. */
async function race(
  { clients, to, port, server, queue: where }: FieldsOf<typeof SHAPE>,
  { netns, server: serverOf, deadlineMs }: ProbeContext,
): Promise<{ readonly heldMs: number; readonly result: ProbeResult }> {
  // A port of its own for each run: an entry that is left from another one would be avoided by the NAT.
  const sourcePort = newSourcePort()
  const queue = new PacketQueue(netns(where.node), where.number)
  const done = new AbortController()
  const sockets = clients.map(client => new TcpClient(netns(client), sourcePort))
  const words = clients.map(() => randomBytes(8).toString('hex'))
  let passing: Promise<void> | undefined
  try {
    const started = performance.now()
    const connecting = sockets.map(socket =>
      socket.connect({ address: to, port }, deadlineMs + SYN_RETRANSMISSION_MS),
    )
    const held = await queue.hold(clients.length, deadlineMs)
    for (const id of held) queue.accept(id)
    const heldMs = performance.now() - started
    passing = queue.pass(done.signal)
    const connections = await Promise.all(connecting)
    const measured = {
      held: held.length,
      retransmissions: connections.reduce((sum, { retransmissions }) => sum + retransmissions, 0),
      slowestConnectMs: Math.round(Math.max(...connections.map(({ connectMs }) => connectMs))),
    }
    if (held.length < clients.length)
      return {
        heldMs,
        result: {
          outcome: 'not-triggered',
          says: `only ${held.length} of ${clients.length} SYNs came to the queue`,
          measured,
        },
      }
    await Promise.all(
      sockets.map((socket, index) =>
        connections[index]?.connected
          ? socket.exchange(Buffer.from(`${words[index]} from ${clients[index]}`), deadlineMs)
          : undefined,
      ),
    )
    const seen = words.flatMap(word => serverOf(server, port).seen(word)?.address ?? [])
    const serverSaw = [...new Set(seen)].join(' and ')
    const lost = connections.filter(({ connected, retransmissions }) => !connected || retransmissions > 0)
    return {
      heldMs,
      result: {
        outcome: lost.length === 0 ? 'works' : 'fails',
        ...(serverSaw === '' ? {} : { serverSaw }),
        // Of those that failed, it saw none.
        arrived: false,
        says: `source port ${sourcePort}: ${connections.map(describe).join('; ')}${serverSaw === '' ? '' : `, the server saw ${serverSaw}`}`,
        measured,
      },
    }
  } finally {
    await Promise.all(sockets.map(socket => socket.close()))
    await Promise.all(words.map(word => serverOf(server, port).drained(word)))
    done.abort()
    await passing
    queue.close()
  }
}

function describe({ says, retransmissions }: Connection, index: number): string {
  return `client ${index + 1} ${says}${retransmissions > 0 ? ` with ${retransmissions} SYN retransmission` : ''}`
}
