import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { type FieldsOf, milliseconds, port } from '../model/fields.js'
import { probeKind } from '../model/probe.js'
import type { ScriptPart } from '../model/script-part.js'
import {
  AF_INET,
  attempt,
  bindSocket,
  closeFd,
  connectSocket,
  EPOLLIN,
  openSocket,
  receiveBytes,
  SOCK_DGRAM,
  SOL_SOCKET,
  SystemError,
  sendBytes,
  setSocketOption,
} from '../world/libc.js'
import { ready } from '../world/reactor.js'
import { EXCHANGE_SHAPE, plainExchange, scriptExchange } from './exchange.js'
import { newSourcePort } from './source-port.js'
import { tooBusy } from './too-busy.js'

const SO_MARK = 36
/** By how much a datagram may be late, in milliseconds: after 100 of silence, less than the shortest time-out of connection tracking, a second. */
const LATEST_MS = 800

const SHAPE = {
  ...EXCHANGE_SHAPE,
  /** What the socket marks its packets with (SO_MARK), as a VPN does with those that it has encrypted. */
  mark: z.int().min(1).max(0x7fffffff).optional(),
  /** The port that it is sent from; one that nobody had before when left out. */
  sourcePort: port().optional(),
  /** Milliseconds until then; 0 when left out. */
  afterMs: milliseconds().optional(),
  /** Of these, every so many the same socket sends a datagram that nobody waits for, the first at once; none when left out. */
  everyMs: milliseconds().optional(),
}
type Spec = FieldsOf<typeof SHAPE>

const MARKED = `# ask_marked NODE ADDRESS PORT MARK: a datagram that the socket has marked, and its answer.
marked='
import socket, sys
wait, to, port, mark = sys.argv[1:]
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, ${SO_MARK}, int(mark))
s.settimeout(float(wait))
s.connect((to, int(port)))
s.send(b"hello")
try:
    print(s.recv(2048).decode())
except OSError:
    sys.exit(1)
'
command -v python3 >/dev/null || skip "python3 marks packets here, and is not installed"

ask_marked() {
  came=fails said="no answer from $2 port $3 within $WAIT s"
  answer=$(in_node "$1" python3 -c "$marked" "$WAIT" "$2" "$3" "$4") || return 0
  came=works answered_by=$2 server_saw=\${answer%% *} said="the server saw \${answer%% *}"
}
`

const FROM_PORT = `# ask_from NODE ADDRESS PORT SOURCE-PORT SECONDS: a datagram from this port, after so many seconds.
from_port='
import errno, socket, sys, time
wait, to, port, source, after = sys.argv[1:]
time.sleep(float(after))
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("0.0.0.0", int(source)))
s.connect((to, int(port)))
s.settimeout(float(wait))
try:
    s.send(b"hello")
    print(s.recv(2048).decode())
except socket.timeout:
    sys.exit("silence")
except OSError as error:
    sys.exit(errno.errorcode[error.errno])
'
command -v python3 >/dev/null || skip "python3 chooses ports here, and is not installed"

ask_from() {
  came=fails said="no answer from $2 port $3"
  if answer=$(in_node "$1" python3 -c "$from_port" "$WAIT" "$2" "$3" "$4" "$5" 2>&1); then
    came=works answered_by=$2 server_saw=\${answer%% *} said="the server saw \${answer%% *}"
  else
    refused="recvfrom $answer"
  fi
}
`

/** A datagram and its answer through a connected socket, which takes answers from the address that it asked only. */
export const udp = probeKind('udp', SHAPE, {
  describe: ({ to, port, mark }) =>
    mark === undefined ? `nc -u ${to} ${port}` : `socat - UDP:${to}:${port},setsockopt=1:36:${mark}`,
  from: ({ from }) => from,
  to: ({ to }) => to,
  script: scriptOf,
  // socat marks a socket once it is connected, and has its source address by then.
  plain: ({ mark, sourcePort, afterMs, everyMs, ...spec }, enter) =>
    [mark, sourcePort, afterMs, everyMs].every(field => field === undefined)
      ? plainExchange(spec, enter, 'UDP', '')
      : undefined,

  typicalMs: ({ afterMs = 0 }, outcome) => afterMs + (outcome === 'fails' ? 50 : 5),

  async run(spec, { netns, server: serverOf, deadlineMs, lost }) {
    const { from, to, port, server, serverPort = port, mark, sourcePort = newSourcePort() } = spec
    const fd = netns(from).inside(() => openSocket(AF_INET, SOCK_DGRAM))
    const word = randomBytes(8).toString('hex')
    const saw = () => serverOf(server, serverPort).seen(word)?.address
    try {
      if (mark !== undefined) setSocketOption(fd, SOL_SOCKET, SO_MARK, mark)
      bindSocket(fd, { address: '0.0.0.0', port: sourcePort })
      connectSocket(fd, { address: to, port })
      const longestSilence = await before(fd, spec)
      const started = performance.now()
      const sent = Buffer.from(`${word} from ${from}`)
      sendBytes(fd, sent)
      // What became of those before is no evidence about this one.
      const events = await ready(fd, EPOLLIN, deadlineMs, spec.everyMs === undefined ? lost : undefined)
      const buffer = Buffer.alloc(2048)
      const got = events ? receiveBytes(fd, buffer) : undefined
      const silentMs = longestSilence()
      const serverSaw = saw()
      const common = serverSaw ? { serverSaw } : {}
      if (!got)
        return {
          outcome: 'fails',
          ...common,
          says: `no answer within ${Math.round(performance.now() - started)} ms${serverSaw ? `, though the server got the datagram, from ${serverSaw}` : ''}`,
        }
      const same = buffer.subarray(0, got.length).equals(sent)
      // Where there is none, the flow was not forgotten in spite of the silence.
      if (same && silentMs > (spec.everyMs ?? 0) + LATEST_MS)
        throw tooBusy(`a client that was to go on was silent for ${Math.round(silentMs)} ms`)
      return {
        outcome: same ? 'works' : 'fails',
        answeredBy: got.from.address,
        ...common,
        says: same
          ? `${got.length} bytes sent and received${serverSaw ? `, the server saw ${serverSaw}` : ''}`
          : 'the bytes that came back are not those that were sent',
        measured: { rttMs: Math.round((performance.now() - started) * 1000) / 1000 },
      }
    } catch (error) {
      if (!(error instanceof SystemError)) throw error
      const { syscall: call, code } = error
      return { outcome: 'fails', says: `the datagram was refused: ${code}`, refused: { call, code } }
    } finally {
      closeFd(fd)
    }
  },
})

/**
 * Lets the time pass until the datagram that counts, and sends the others. Resolves with what says, as soon as that one is answered, how
 * long the flow's longest silence may have been in milliseconds; 0 where there are not several, which are no flow that goes on.
 */
async function before(fd: number, { afterMs = 0, everyMs = 0 }: Spec): Promise<() => number> {
  const count = everyMs > 0 ? Math.floor(afterMs / everyMs) : 0
  // From before the one is sent until the next has an answer, or an error. That it is sent says less: where the machine is busy,
  // ksoftirqd takes its time over it. So what connection tracking sees is never longer.
  let last = performance.now()
  let longest = 0
  const longestUntilNow = () => (count > 1 ? Math.max(longest, performance.now() - last) : 0)
  const buffer = Buffer.alloc(2048)
  for (let number = 0; number < count; number++) {
    const started = performance.now()
    attempt(() => sendBytes(fd, Buffer.from('before')))
    await ready(fd, EPOLLIN, everyMs)
    // Answers to these, and errors, are none of the one's that counts.
    while (!attempt(() => drain(fd, buffer)));
    if (number > 0) longest = longestUntilNow()
    last = started
    await delay(Math.max(0, started + everyMs - performance.now()))
  }
  await delay(afterMs - count * everyMs)
  while (!attempt(() => drain(fd, buffer)));
  return longestUntilNow
}

/** Takes everything that waits. Throws SystemError for an error that waits, which is gone then. */
function drain(fd: number, buffer: Buffer): void {
  while (receiveBytes(fd, buffer));
}

/** How a script does the same; not at all where it has to be in time with others of its flow. */
function scriptOf({ mark, sourcePort, afterMs = 0, everyMs, ...spec }: Spec): ScriptPart | undefined {
  const { from, to, port: at } = spec
  if (everyMs !== undefined) return undefined
  if (sourcePort !== undefined)
    return {
      words: ['ask_from', from, to, String(at), String(sourcePort), String(afterMs / 1000)],
      library: FROM_PORT,
      tools: [],
    }
  if (mark === undefined) return scriptExchange('udp', spec)
  return { words: ['ask_marked', from, to, String(at), String(mark)], library: MARKED, tools: [] }
}
