import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { type FieldsOf, ipv4, milliseconds, node, port } from '../model/fields.js'
import { probeKind } from '../model/probe.js'
import {
  AF_INET,
  bindSocket,
  closeFd,
  connectSocket,
  openSocket,
  SOCK_DGRAM,
  SystemError,
  sendBytes,
} from '../world/libc.js'
import { Listener } from './raw-udp.js'
import { newSourcePort } from './source-port.js'

const SHAPE = {
  from: node(),
  to: ipv4(),
  port: port(),
  /** The node that must get one, on a socket of the probe's own that answers nothing. */
  server: node(),
  /** Bytes of the datagram, without its headers. */
  bytes: z.int().min(16).max(1472),
  /** How often it is sent, as programs do. */
  tries: z.int().min(1).max(10),
  /** From one try to the next. */
  everyMs: milliseconds(),
}
type Spec = FieldsOf<typeof SHAPE>

const LIBRARY = `# long_datagram NODE ADDRESS PORT SERVER BYTES TRIES SECONDS
long_datagram='
import ctypes, errno, os, socket, sys
node, to, port, server, size, tries, wait = sys.argv[1:]
libc = ctypes.CDLL(None, use_errno=True)

def inside(name):
    with open("/run/netns/" + name) as file:
        if libc.setns(file.fileno(), 0x40000000) != 0:
            raise OSError(ctypes.get_errno(), "setns " + name)
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

far = inside(server)
far.bind(("0.0.0.0", int(port)))
far.settimeout(float(wait))
near = inside(node)
near.connect((to, int(port)))
word = os.urandom(8) + bytes(int(size) - 8)
said = []
for number in range(int(tries)):
    try:
        near.send(word)
        said.append("sent")
    except OSError as error:
        said.append(errno.errorcode[error.errno])
    try:
        while True:
            got, peer = far.recvfrom(65536)
            if got == word:
                print(peer[0], ", ".join(said))
                sys.exit()
    except socket.timeout:
        pass
print("nobody", ", ".join(said))
'
command -v python3 >/dev/null || skip "python3 sends datagrams here, and is not installed"

long_datagram() {
  answer=$(python3 -c "$long_datagram" "$@")
  came=fails said="\${answer#* }; \${answer%% *} was seen by $4"
  case $answer in
    nobody*) ;;
    *) came=works answered_by=$2 server_saw=\${answer%% *} ;;
  esac
}
`

/**
 * A datagram as long as the sender's own device takes, sent a few times from a connected socket: by default with DF, and again
 * after the kernel has learned what fits (EMSGSIZE). Works when one comes in whole.
 */
export const longDatagram = probeKind('long-datagram', SHAPE, {
  describe: ({ to, port, bytes, tries }) =>
    `for i in $(seq ${tries}); do head -c ${bytes} /dev/zero | nc -u -w 1 ${to} ${port}; done`,
  from: ({ from }) => from,
  to: ({ to }) => to,
  oneWay: true,
  typicalMs: ({ tries, everyMs }, outcome) => (outcome === 'fails' ? tries * everyMs : everyMs),
  script: ({ from, to, port, server, bytes, tries, everyMs }) => ({
    words: [
      'long_datagram',
      from,
      to,
      ...[String(port), server],
      ...[bytes, tries, everyMs / 1000].map(String),
    ],
    library: LIBRARY,
    tools: [],
  }),

  async run({ from, to, port, server, bytes, tries, everyMs }: Spec, { netns, keep, deadlineMs, lost }) {
    const listener = keep(`datagrams to ${server} ${port}`, () => new Listener(netns(server), port))
    const fd = netns(from).inside(() => openSocket(AF_INET, SOCK_DGRAM))
    const word = randomBytes(8).toString('latin1')
    const data = Buffer.alloc(bytes)
    data.write(word, 'latin1')
    const said: string[] = []
    const started = performance.now()
    try {
      bindSocket(fd, { address: '0.0.0.0', port: newSourcePort() })
      connectSocket(fd, { address: to, port })
      for (let number = 1; number <= tries && !lost.aborted; number++) {
        said.push(trySend(fd, data))
        const patience = number === tries ? Math.max(everyMs, deadlineMs - tries * everyMs) : everyMs
        let [heard] = listener.take(word)
        while (!heard && (await listener.wait(patience, lost))) [heard] = listener.take(word)
        if (heard)
          return {
            outcome: heard.data.length === bytes ? 'works' : 'fails',
            answeredBy: to,
            serverSaw: heard.from.address,
            says: `${bytes} bytes came to ${server} with try ${number} (${said.join(', ')})`,
            measured: { tries: number, arrivedMs: Math.round((performance.now() - started) * 1000) / 1000 },
          }
      }
      return { outcome: 'fails', says: `${bytes} bytes never came to ${server} (${said.join(', ')})` }
    } finally {
      closeFd(fd)
    }
  },
})

/** What came of sending. */
function trySend(fd: number, data: Buffer): string {
  try {
    sendBytes(fd, data)
    return 'sent'
  } catch (error) {
    if (!(error instanceof SystemError)) throw error
    return error.code
  }
}
