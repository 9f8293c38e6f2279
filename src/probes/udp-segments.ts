import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { address, type FieldsOf, node, port } from '../model/fields.js'
import { probeKind } from '../model/probe.js'
import {
  AF_INET,
  AF_INET6,
  bindSocket,
  closeFd,
  openSocket,
  SOCK_DGRAM,
  type SocketAddress,
  SystemError,
  sendBytes,
  setSocketOption,
} from '../world/libc.js'
import { Listener } from './raw-udp.js'
import { newSourcePort } from './source-port.js'

const SOL_UDP = 17
const UDP_SEGMENT = 103
/** UDP_MAX_SEGMENTS (include/linux/udp.h) before 6.9; it is 128 since. */
const MOST_SEGMENTS = 64

const SHAPE = {
  from: node(),
  to: address(),
  port: port(),
  /** The node that must get them, on a socket of the probe's own that answers nothing. */
  server: node(),
  /** How many datagrams one system call sends. */
  segments: z.int().min(1).max(MOST_SEGMENTS),
  /** Bytes of each. */
  segmentBytes: z.int().min(16).max(1400),
  /** Whether the kernel cuts them out of one buffer (UDP_SEGMENT), or the program sends each by itself. */
  by: z.enum(['UDP_SEGMENT', 'datagrams']),
}
type Spec = FieldsOf<typeof SHAPE>

const LIBRARY = `# udp_segments NODE ADDRESS PORT SERVER SEGMENTS BYTES UDP_SEGMENT|datagrams: so many datagrams, by one system call or by many.
udp_segments='
import ctypes, errno, os, socket, sys
wait, node, to, port, server, count, size, by = sys.argv[1:]
port, count, size = int(port), int(count), int(size)
family = socket.AF_INET6 if ":" in to else socket.AF_INET
libc = ctypes.CDLL(None, use_errno=True)

def inside(name):
    with open("/run/netns/" + name) as file:
        if libc.setns(file.fileno(), 0x40000000) != 0:
            raise OSError(ctypes.get_errno(), "setns " + name)
    return socket.socket(family, socket.SOCK_DGRAM)

far = inside(server)
far.bind(("::" if family == socket.AF_INET6 else "0.0.0.0", port))
far.settimeout(float(wait))
near = inside(node)
word = os.urandom(8)
each = [word + bytes(size - 8) for _ in range(count)]
try:
    if by == "UDP_SEGMENT":
        near.setsockopt(17, 103, size)
        near.sendto(b"".join(each), (to, port))
    else:
        for one in each:
            near.sendto(one, (to, port))
except OSError as error:
    print("refused", errno.errorcode[error.errno])
    sys.exit()
got, peer = 0, "nobody"
try:
    while got < count:
        data, (peer, *_) = far.recvfrom(65536)
        got += data[:8] == word and len(data) == size
except socket.timeout:
    pass
print("got", got, peer)
'
command -v python3 >/dev/null || skip "python3 sends datagrams here, and is not installed"

udp_segments() {
  answer=$(python3 -c "$udp_segments" "$WAIT" "$@")
  came=fails said="$answer, of $5 datagrams of $6 bytes"
  case $answer in
    "got $5 "*) came=works answered_by=$2 server_saw=\${answer##* } ;;
    refused*) refused="sendto \${answer#refused }" said="sendto: \${answer#refused }" ;;
  esac
}
`

/**
 * Several datagrams of one length by one system call, as QUIC sends them (UDP_SEGMENT, udp(7)), or each by its own. Works when
 * all come in whole; nobody answers.
 */
export const udpSegments = probeKind('udp-segments', SHAPE, {
  describe: ({ to, port, segments, segmentBytes, by }) =>
    by === 'UDP_SEGMENT'
      ? `python3 -c 'import socket as s; u = s.socket(s.AF_INET${to.includes(':') ? '6' : ''}, s.SOCK_DGRAM); u.setsockopt(17, 103, ${segmentBytes}); u.sendto(bytes(${segments * segmentBytes}), ("${to}", ${port}))'`
      : `for i in $(seq ${segments}); do head -c ${segmentBytes} /dev/zero | nc -u -w 0 ${to} ${port}; done`,
  from: ({ from }) => from,
  to: ({ to }) => to,
  oneWay: true,
  typicalMs: () => 5,
  script: ({ from, to, port, server, segments, segmentBytes, by }) => ({
    words: ['udp_segments', from, to, String(port), server, String(segments), String(segmentBytes), by],
    library: LIBRARY,
    tools: [],
  }),

  async run(spec, { netns, keep, deadlineMs, lost }) {
    const { from, to, port, server, segments, segmentBytes } = spec
    const family = to.includes(':') ? AF_INET6 : AF_INET
    const listener = keep(
      `datagrams to ${server} ${port} ${family}`,
      () => new Listener(netns(server), port, family),
    )
    const fd = netns(from).inside(() => openSocket(family, SOCK_DGRAM))
    const word = randomBytes(8).toString('latin1')
    const started = performance.now()
    const elapsed = () => performance.now() - started
    try {
      bindSocket(fd, { address: family === AF_INET6 ? '::' : '0.0.0.0', port: newSourcePort() })
      send(fd, { address: to, port }, word, spec)
      const heard = listener.take(word)
      while (heard.length < segments && (await listener.wait(deadlineMs - elapsed(), lost)))
        heard.push(...listener.take(word))
      const whole = heard.filter(({ data }) => data.length === segmentBytes).length
      return {
        outcome: whole === segments ? 'works' : 'fails',
        says: `${whole} of ${segments} datagrams of ${segmentBytes} bytes came in whole`,
        ...(heard[0] ? { answeredBy: to, serverSaw: heard[0].from.address } : {}),
        measured: { arrivedMs: Math.round(elapsed() * 1000) / 1000 },
      }
    } catch (error) {
      if (!(error instanceof SystemError)) throw error
      const { syscall, code } = error
      return {
        outcome: 'fails',
        says: `the datagrams were refused: ${error.message}`,
        refused: { call: syscall, code },
      }
    } finally {
      closeFd(fd)
    }
  },
})

function send(fd: number, to: SocketAddress, word: string, { segments, segmentBytes, by }: Spec): void {
  const each = Buffer.alloc(segmentBytes)
  each.write(word, 'latin1')
  if (by === 'UDP_SEGMENT') {
    setSocketOption(fd, SOL_UDP, UDP_SEGMENT, segmentBytes)
    sendBytes(fd, Buffer.concat(Array.from({ length: segments }, () => each)), to)
  } else for (let sent = 0; sent < segments; sent++) sendBytes(fd, each, to)
}
