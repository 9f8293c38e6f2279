import { randomInt } from 'node:crypto'
import { z } from 'zod'
import { address, node, port } from '../model/fields.js'
import { type ProbeResult, probeKind } from '../model/probe.js'
import {
  AF_INET,
  AF_INET6,
  bindSocket,
  closeFd,
  connectSocket,
  EPOLLIN,
  openSocket,
  receiveBytes,
  SO_REUSEADDR,
  SOCK_DGRAM,
  SOL_SOCKET,
  type SocketAddress,
  SystemError,
  sendBytes,
  setSocketOption,
} from '../world/libc.js'
import type { Netns } from '../world/netns.js'
import { ready } from '../world/reactor.js'
import { newSourcePort } from './source-port.js'

/** Types and flags of RFC 1035 and RFC 3596. */
const QUERY_TYPES = { A: 1, AAAA: 28 } as const
const CLASS_IN = 1
const FLAGS = { query: 0x0100, answer: 0x8580 }
const HEADER = 12
const QUESTION_TAIL = 4
/** Answers for documentation, RFC 5737 and RFC 3849. */
const ANSWERS: Readonly<Record<number, Buffer>> = {
  [QUERY_TYPES.A]: Buffer.from([192, 0, 2, 53]),
  [QUERY_TYPES.AAAA]: Buffer.from('20010db8000000000000000000000053', 'hex'),
}
const TTL_SECONDS = 60
const NAME = 'service.example'

const SHAPE = {
  from: node(),
  to: address(),
  /** 53 when left out. */
  port: port().optional(),
  /** The node that answers, from a server of the probe's own, which begins to listen when the probe first runs. */
  server: node(),
  /** The server's own port where that is another one. */
  serverPort: port().optional(),
  /** The name that is asked for; `service.example` when left out. */
  name: z
    .string()
    .regex(/^[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*$/, 'expected a domain name')
    .optional(),
}

const LIBRARY = `# dns_ask NODE ADDRESS PORT SERVER SERVER-PORT NAME: A and AAAA at once from one socket, as a C library asks. The server starts
# with the first question to it.
dns='
import random, socket, struct, sys, time
role, address, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
family = socket.AF_INET6 if ":" in address else socket.AF_INET
s = socket.socket(family, socket.SOCK_DGRAM)
if role == "server":
    s.bind((address, port))
    data = {1: bytes([192, 0, 2, 53]), 28: bytes.fromhex("20010db8000000000000000000000053")}
    while True:
        try:
            question, peer = s.recvfrom(512)
            kind = struct.unpack("!H", question[-4:-2])[0]
            answer = struct.pack("!HHHIH", 0xC00C, kind, 1, 60, len(data[kind])) + data[kind]
            s.sendto(question[:2] + struct.pack("!HHHHH", 0x8580, 1, 1, 0, 0) + question[12:] + answer, peer)
            print(peer[0], flush=True)
        except OSError:
            pass
wait, name = float(sys.argv[4]), sys.argv[5]
s.connect((address, port))
labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + bytes(1)
number = random.randint(0, 65000)
kinds = {number: "A", number + 1: "AAAA"}
try:
    for one, kind in kinds.items():
        s.send(struct.pack("!HHHHHH", one, 0x0100, 1, 0, 0, 0) + labels + struct.pack("!HH", 28 if kind == "AAAA" else 1, 1))
    end = time.monotonic() + wait
    while kinds and time.monotonic() < end:
        s.settimeout(max(0.001, end - time.monotonic()))
        kinds.pop(struct.unpack("!H", s.recv(512)[:2])[0], None)
except OSError as error:
    if not isinstance(error, socket.timeout):
        sys.exit(f"{address}:{port}: {error}")
if kinds:
    sys.exit("no answer to " + " and ".join(kinds.values()) + " for " + name)
print("A and AAAA of " + name + " answered")
'
command -v python3 >/dev/null || skip "python3 asks and answers DNS here, and is not installed"

dns_ask() {
  case $2 in *:*) any=:: ;; *) any=0.0.0.0 ;; esac
  if [ ! -e "$work/dns-$4-$5" ]; then
    : >"$work/dns-$4-$5"
    in_node "$4" python3 -c "$dns" server "$any" "$5" >>"$work/dns-$4-$5" &
    left=200
    until in_node "$4" ss -Hlun "sport = :$5" | grep -q .; do
      left=$((left - 1))
      [ "$left" -gt 0 ] || skip "nothing came to listen on port $5 of $4"
      sleep 0.05
    done
  fi
  : >"$work/dns-$4-$5"
  came=fails
  if said=$(in_node "$1" python3 -c "$dns" client "$2" "$3" "$WAIT" "$6" 2>&1); then came=works answered_by=$2; fi
  server_saw=$(sed -n '1s/^::ffff://;1p' "$work/dns-$4-$5")
}
`

/**
 * Two questions from one socket at once, A and AAAA of one name, as a C library's resolver asks. Works when both are answered:
 * where one is lost, a resolver asks again only after five seconds.
 */
export const dnsUdp = probeKind('dns-udp', SHAPE, {
  describe: ({ to, port = 53, name = NAME }) => `getent ahosts ${name}  # nameserver ${to}, port ${port}`,
  from: ({ from }) => from,
  to: ({ to }) => to,
  typicalMs: (_, outcome) => (outcome === 'fails' ? 100 : 5),
  script: ({ from, to, port = 53, server, serverPort = port, name = NAME }) => ({
    words: ['dns_ask', from, to, String(port), server, String(serverPort), name],
    library: LIBRARY,
    tools: ['ss'],
  }),

  async run(
    { from, to, port = 53, server: at, serverPort = port, name = NAME },
    { netns, keep, deadlineMs, lost },
  ) {
    const any = to.includes(':') ? '::' : '0.0.0.0'
    const server = keep(
      `dns ${at} ${any} ${serverPort}`,
      () => new DnsServer(netns(at), { address: any, port: serverPort }),
    )
    const fd = netns(from).inside(() => openSocket(familyOf(to), SOCK_DGRAM))
    try {
      bindSocket(fd, { address: any, port: newSourcePort() })
      connectSocket(fd, { address: to, port })
      return await ask(fd, { name, server, deadlineMs, lost })
    } catch (error) {
      if (!(error instanceof SystemError)) throw error
      return { outcome: 'fails', says: `a question was refused: ${error.code}` }
    } finally {
      closeFd(fd)
    }
  },
})

function familyOf(to: string): number {
  return to.includes(':') ? AF_INET6 : AF_INET
}

/** Asks both questions and waits for both answers. Throws SystemError. */
async function ask(
  fd: number,
  how: {
    readonly name: string
    readonly server: DnsServer
    readonly deadlineMs: number
    readonly lost: AbortSignal
  },
): Promise<ProbeResult> {
  const started = performance.now()
  const number = randomInt(0xffff)
  const waiting = new Map(Object.keys(QUERY_TYPES).map((type, index) => [number + index, type]))
  const times: number[] = []
  for (const [id, type] of waiting)
    sendBytes(fd, question(id, how.name, QUERY_TYPES[type as keyof typeof QUERY_TYPES]))
  const buffer = Buffer.alloc(512)
  let answeredBy: string | undefined
  while (waiting.size > 0) {
    const left = Math.max(0, started + how.deadlineMs - performance.now())
    if (!(await ready(fd, EPOLLIN, left, how.lost))) break
    const got = receiveBytes(fd, buffer)
    if (!got || got.length < HEADER || !waiting.delete(buffer.readUInt16BE(0))) continue
    answeredBy = got.from.address
    times.push(Math.round((performance.now() - started) * 1000) / 1000)
  }
  const serverSaw = how.server.peerOf(number) ?? how.server.peerOf(number + 1)
  const [firstMs, lastMs] = times
  const common = {
    ...(answeredBy === undefined ? {} : { answeredBy }),
    ...(serverSaw === undefined ? {} : { serverSaw }),
    measured: {
      answers: times.length,
      ...(firstMs === undefined ? {} : { firstMs }),
      ...(lastMs === undefined ? {} : { lastMs }),
    },
  }
  if (waiting.size > 0)
    return {
      ...common,
      outcome: 'fails',
      says: `no answer to ${[...waiting.values()].join(' and ')} within ${Math.round(performance.now() - started)} ms, ${times.length} of 2 answered: a resolver asks again after 5 s`,
    }
  return {
    ...common,
    outcome: 'works',
    says: `A and AAAA answered after ${firstMs} and ${lastMs} ms${serverSaw ? `, the server saw ${serverSaw}` : ''}`,
  }
}

/** A question for one name, RFC 1035 4.1. */
export function question(id: number, name: string, type: number): Buffer {
  const header = Buffer.alloc(HEADER)
  header.writeUInt16BE(id, 0)
  header.writeUInt16BE(FLAGS.query, 2)
  header.writeUInt16BE(1, 4)
  const labels = name
    .split('.')
    .map(label => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]))
  const tail = Buffer.alloc(1 + QUESTION_TAIL)
  tail.writeUInt16BE(type, 1)
  tail.writeUInt16BE(CLASS_IN, 3)
  return Buffer.concat([header, ...labels, tail])
}

/** The answer to a question that ends with its type and class; undefined where it is none. */
export function answerTo(asked: Buffer): Buffer | undefined {
  if (asked.length < HEADER + 1 + QUESTION_TAIL) return undefined
  const type = asked.readUInt16BE(asked.length - QUESTION_TAIL)
  const data = ANSWERS[type]
  if (!data) return undefined
  const header = Buffer.from(asked.subarray(0, HEADER))
  header.writeUInt16BE(FLAGS.answer, 2)
  header.writeUInt16BE(1, 6)
  const record = Buffer.alloc(12)
  // The name is the one in the question, at offset 12.
  record.writeUInt16BE(0xc00c, 0)
  record.writeUInt16BE(type, 2)
  record.writeUInt16BE(CLASS_IN, 4)
  record.writeUInt32BE(TTL_SECONDS, 6)
  record.writeUInt16BE(data.length, 10)
  return Buffer.concat([header, asked.subarray(HEADER), record, data])
}

/** A name server that knows every name, and by which peer it was asked what. */
class DnsServer {
  readonly #fd: number
  readonly #stop = new AbortController()
  readonly #peers = new Map<number, string>()

  /** Binds at once. Throws SystemError. */
  constructor(netns: Netns, at: SocketAddress) {
    this.#fd = netns.inside(() => {
      const fd = openSocket(familyOf(at.address), SOCK_DGRAM)
      setSocketOption(fd, SOL_SOCKET, SO_REUSEADDR, 1)
      bindSocket(fd, at)
      return fd
    })
    void this.#answer()
  }

  /** The peer that asked the question of this number. */
  peerOf(id: number): string | undefined {
    return this.#peers.get(id)
  }

  close(): void {
    this.#stop.abort()
    closeFd(this.#fd)
  }

  async #answer(): Promise<void> {
    const buffer = Buffer.alloc(512)
    while (await ready(this.#fd, EPOLLIN, undefined, this.#stop.signal)) {
      try {
        for (let got = receiveBytes(this.#fd, buffer); got; got = receiveBytes(this.#fd, buffer)) {
          const answer = answerTo(buffer.subarray(0, got.length))
          if (!answer) continue
          this.#peers.set(buffer.readUInt16BE(0), got.from.address)
          sendBytes(this.#fd, answer, got.from)
        }
      } catch (error) {
        // ECONNREFUSED: a client that is gone had the kernel say so. The next question is another client's.
        if (!(error instanceof SystemError)) throw error
      }
    }
  }
}
