import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { probeKind } from '../model/probe.js'
import {
  AF_INET,
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
import { EXCHANGE_SHAPE, scriptExchange } from './exchange.js'
import { newSourcePort } from './source-port.js'

const SO_MARK = 36

const SHAPE = {
  ...EXCHANGE_SHAPE,
  /** What the socket marks its packets with (SO_MARK), as a VPN does with those that it has encrypted. */
  mark: z.int().min(1).max(0x7fffffff).optional(),
}

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

/** A datagram and its answer through a connected socket, which takes answers from the address that it asked only. */
export const udp = probeKind('udp', SHAPE, {
  describe: ({ to, port, mark }) =>
    mark === undefined ? `nc -u ${to} ${port}` : `socat - UDP:${to}:${port},setsockopt=1:36:${mark}`,
  from: ({ from }) => from,
  to: ({ to }) => to,
  script: ({ mark, ...spec }) =>
    mark === undefined
      ? scriptExchange('udp', spec)
      : {
          words: ['ask_marked', spec.from, spec.to, String(spec.port), String(mark)],
          library: MARKED,
          tools: [],
        },

  typicalMs: (_, outcome) => (outcome === 'fails' ? 50 : 5),

  async run(
    { from, to, port, server, serverPort = port, mark },
    { netns, server: serverOf, deadlineMs, lost },
  ) {
    const fd = netns(from).inside(() => openSocket(AF_INET, SOCK_DGRAM))
    const word = randomBytes(8).toString('hex')
    const saw = () => serverOf(server, serverPort).seen(word)?.address
    try {
      if (mark !== undefined) setSocketOption(fd, SOL_SOCKET, SO_MARK, mark)
      bindSocket(fd, { address: '0.0.0.0', port: newSourcePort() })
      connectSocket(fd, { address: to, port })
      const started = performance.now()
      const sent = Buffer.from(`${word} from ${from}`)
      sendBytes(fd, sent)
      const events = await ready(fd, EPOLLIN, deadlineMs, lost)
      const buffer = Buffer.alloc(2048)
      const got = events ? receiveBytes(fd, buffer) : undefined
      const serverSaw = saw()
      const common = serverSaw ? { serverSaw } : {}
      if (!got)
        return {
          outcome: 'fails',
          ...common,
          says: `no answer within ${Math.round(performance.now() - started)} ms${serverSaw ? `, though the server got the datagram, from ${serverSaw}` : ''}`,
        }
      const same = buffer.subarray(0, got.length).equals(sent)
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
      return { outcome: 'fails', says: `the datagram was refused: ${error.code}` }
    } finally {
      closeFd(fd)
    }
  },
})
