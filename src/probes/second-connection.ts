import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { type FieldsOf, ipv4, milliseconds, node, port } from '../model/fields.js'
import { type ProbeContext, type ProbeResult, probeKind } from '../model/probe.js'
import { forget } from './conntrack-forget.js'
import { newSourcePort } from './source-port.js'
import { TcpClient } from './tcp-client.js'

/** Initial sequence numbers: of the first connection, of one that has advanced past it, and of one that has not. */
const SEQUENCE = { first: 1_000_000_000, ahead: 2_000_000_000, behind: 500_000_000 }

/** After so long a SYN that was lost is sent again (TCP_TIMEOUT_INIT): a connection that takes longer had none left at first. */
const SYN_RETRANSMISSION_MS = 1000

const SHAPE = {
  /** Who has the first connection, to a server of the topology’s own. */
  first: z.strictObject({ from: node(), to: ipv4() }),
  /** Whether that is over by then, ended by its client. */
  closed: z.boolean(),
  /** Who wants the second. */
  from: node(),
  to: ipv4(),
  port: port(),
  server: node(),
  /** The node that translates both. It begins with an empty table of connections. */
  nat: node(),
  /** Whether the second begins at a sequence number that is behind where the first began, or past it. */
  sequence: z.enum(['ahead', 'behind']),
  /** Whether connection tracking is told to forget the first, as `conntrack -D -p tcp` does. */
  forgotten: z.literal(true).optional(),
  /** Milliseconds between the two; 0 when left out. */
  afterMs: milliseconds().optional(),
}
type Spec = FieldsOf<typeof SHAPE>

const LIBRARY = `# second_connection NODE FIRST FIRST-ADDRESS CLOSED ADDRESS SERVER PORT NAT SEQUENCE FORGOTTEN SECONDS: two connections through a
# NAT, whose initial sequence numbers are written down (TCP_REPAIR, 19), to a server that ends none by itself.
second='
import ctypes, random, socket, struct, subprocess, sys, time
wait, node, first, firstto, closed, to, server, port, nat, sequence, forgotten, after = sys.argv[1:]
libc = ctypes.CDLL(None, use_errno=True)

def inside(name, *kind):
    with open("/run/netns/" + name) as file:
        if libc.setns(file.fileno(), 0) != 0:
            raise OSError(ctypes.get_errno(), "setns " + name)
    return socket.socket(*kind)

def connect(name, begin, address):
    s = inside(name, socket.AF_INET, socket.SOCK_STREAM)
    s.bind(("0.0.0.0", random.randint(20000, 59999)))
    s.setsockopt(6, 19, 1)
    s.setsockopt(6, 20, 2)
    s.setsockopt(6, 21, struct.pack("=I", begin))
    s.setsockopt(6, 19, -1)
    # A SYN that was lost is sent again after a second (TCP_TIMEOUT_INIT).
    s.settimeout(0.9)
    s.connect((address, int(port)))
    return s, *listening.accept()

def end(s, far):
    s.shutdown(socket.SHUT_WR)
    far.recv(100)
    far.close()
    s.recv(100)
    s.close()
    time.sleep(0.05)

def conntrack(*words):
    subprocess.run(["nsenter", "--net=/run/netns/" + nat, "conntrack", *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

listening = inside(server, socket.AF_INET, socket.SOCK_STREAM)
listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listening.bind(("0.0.0.0", int(port)))
listening.listen(2)
listening.settimeout(float(wait))
conntrack("-F")
one, far, _ = connect(first, ${SEQUENCE.first}, firstto)
if closed == "yes":
    end(one, far)
if forgotten == "yes":
    conntrack("-D", "-p", "tcp")
time.sleep(float(after))
try:
    two, back, peer = connect(node, ${SEQUENCE.ahead} if sequence == "ahead" else ${SEQUENCE.behind}, to)
    print(peer[0])
    end(two, back)
    status = 0
except OSError:
    status = 1
if closed == "no" and forgotten == "no":
    end(one, far)
elif closed == "no":
    # What the NAT has forgotten goes without a word.
    for s in (one, far):
        s.setsockopt(6, 19, 1)
sys.exit(status)
'
second_connection() {
  came=fails said="no connection from $1 to $5 port $7 within $WAIT s"
  if server_saw=$(python3 -c "$second" "$WAIT" "$@"); then
    came=works answered_by=$5 said="the server saw $server_saw"
  fi
}
`

/**
 * A connection through a NAT that has another one already, to the same server or another, open or over. Works when its first SYN is answered.
 */
export const secondConnection = probeKind('second-connection', SHAPE, {
  describe: ({ to, port: at, first, closed }) =>
    `nc ${to} ${at}, while the NAT has one of ${first.from} to ${first.to}${closed ? ' that is over' : ''}`,
  from: ({ from }) => from,
  to: ({ to }) => to,
  typicalMs: ({ afterMs = 0 }, outcome) => afterMs + (outcome === 'fails' ? 60 : 15),
  script: ({ first, closed, from, to, server, port: at, nat, sequence, forgotten, afterMs = 0 }) => ({
    words: [
      ...['second_connection', from, first.from, first.to, closed ? 'yes' : 'no'],
      // The topology’s own server has the port itself.
      ...[to, server, String(at + 1), nat],
      ...[sequence, forgotten ? 'yes' : 'no', String(afterMs / 1000)],
    ],
    library: LIBRARY,
    tools: ['python3', 'conntrack'],
  }),

  async run(spec, context) {
    const { first, closed, port: at, server, nat, forgotten, afterMs = 0 } = spec
    forget(context.netns(nat))
    const before = new TcpClient(context.netns(first.from), newSourcePort(), SEQUENCE.first)
    const word = randomBytes(8).toString('hex')
    const end = async () => {
      await before.close()
      await context.server(server, at).drained(word)
    }
    let open = true
    try {
      const { connected, says } = await before.connect({ address: first.to, port: at }, context.deadlineMs)
      const answered = connected && (await before.exchange(Buffer.from(word), context.deadlineMs))
      if (!answered) return { outcome: 'fails', says: `the first connection already failed: ${says}` }
      before.acknowledge()
      if (closed) {
        open = false
        await end()
      }
      if (forgotten) forget(context.netns(nat))
      await delay(afterMs)
      return await connect(spec, context)
    } finally {
      // What the NAT has forgotten cannot be ended in order; the server has given it up for the second.
      if (open) await (forgotten ? before.vanish() : end())
    }
  },
})

async function connect(
  { from, to, port: at, server, sequence }: Spec,
  { netns, server: serverOf, deadlineMs, lost }: ProbeContext,
): Promise<ProbeResult> {
  const client = new TcpClient(netns(from), newSourcePort(), SEQUENCE[sequence])
  const word = randomBytes(8).toString('hex')
  const connection = await client.connect({ address: to, port: at }, deadlineMs, lost)
  const measured = {
    connectMs: Math.round(connection.connectMs * 1000) / 1000,
    retransmissions: connection.retransmissions,
  }
  if (!connection.connected || connection.connectMs >= SYN_RETRANSMISSION_MS) {
    client.vanish()
    return { outcome: 'fails', says: connection.says, measured }
  }
  const sent = Buffer.from(`${word} from ${from}`)
  const got = await client.exchange(sent, deadlineMs)
  const serverSaw = serverOf(server, at).seen(word)?.address
  await client.close()
  await serverOf(server, at).drained(word)
  return {
    outcome: got?.equals(sent) ? 'works' : 'fails',
    answeredBy: to,
    ...(serverSaw ? { serverSaw } : {}),
    says: `${connection.says}${serverSaw ? `, the server saw ${serverSaw}` : ', but the bytes did not come back'}`,
    measured,
  }
}
