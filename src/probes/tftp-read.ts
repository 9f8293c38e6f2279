import { randomBytes } from 'node:crypto'
import { ipv4, node, port } from '../model/fields.js'
import { probeKind } from '../model/probe.js'
import {
  AF_INET,
  bindSocket,
  closeFd,
  EPOLLIN,
  openSocket,
  receiveBytes,
  SOCK_DGRAM,
  SystemError,
  sendBytes,
} from '../world/libc.js'
import { ready } from '../world/reactor.js'
import { newSourcePort } from './source-port.js'

/** RFC 1350, 5. */
const OPCODE = { readRequest: 1, data: 3, acknowledgment: 4 }

const SHAPE = {
  from: node(),
  to: ipv4(),
  /** The port that it asks; 69 is that of TFTP. */
  port: port(),
  /** The node that has the file, on sockets of the probe's own. */
  server: node(),
}

const LIBRARY = `# tftp_read NODE ADDRESS PORT SERVER: a file of a few bytes, which the server sends from a port that nobody asked.
tftp_read='
import ctypes, os, socket, struct, sys
wait, node, to, port, server = sys.argv[1:]
libc = ctypes.CDLL(None, use_errno=True)

def inside(name):
    with open("/run/netns/" + name) as file:
        if libc.setns(file.fileno(), 0x40000000) != 0:
            raise OSError(ctypes.get_errno(), "setns " + name)
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(float(wait))
    return s

asked = inside(server)
asked.bind(("0.0.0.0", int(port)))
answers = inside(server)
client = inside(node)
word = os.urandom(8)
try:
    client.sendto(struct.pack("!H", ${OPCODE.readRequest}) + word.hex().encode() + b"\\0octet\\0", (to, int(port)))
    request, peer = asked.recvfrom(2048)
    answers.sendto(struct.pack("!HH", ${OPCODE.data}, 1) + word, peer)
    got, source = client.recvfrom(2048)
    client.sendto(struct.pack("!HH", ${OPCODE.acknowledgment}, 1), source)
    if got[4:] != word or answers.recvfrom(2048)[0] != struct.pack("!HH", ${OPCODE.acknowledgment}, 1):
        sys.exit(1)
    print(source[0], peer[0])
except OSError:
    sys.exit(1)
'
command -v python3 >/dev/null || skip "python3 speaks TFTP here, and is not installed"

tftp_read() {
  came=fails said="no file from $2 port $3 within $WAIT s"
  answer=$(python3 -c "$tftp_read" "$WAIT" "$@") || return 0
  came=works answered_by=\${answer%% *} server_saw=\${answer##* } said="a file for \${answer##* }"
}
`

/**
 * A file by TFTP (RFC 1350): the client asks a port, and the server sends the file from another one, which nobody has asked. Works
 * when the file comes in, and its acknowledgment at that other port.
 */
export const tftpRead = probeKind('tftp-read', SHAPE, {
  describe: ({ to, port }) => `tftp ${to} ${port} -m binary -c get file`,
  from: ({ from }) => from,
  to: ({ to }) => to,
  typicalMs: (_, outcome) => (outcome === 'fails' ? 50 : 5),
  script: ({ from, to, port, server }) => ({
    words: ['tftp_read', from, to, String(port), server],
    library: LIBRARY,
    tools: [],
  }),

  async run({ from, to, port, server }, { netns, deadlineMs, lost }) {
    const started = performance.now()
    const buffer = Buffer.alloc(2048)
    const receive = async (fd: number) => {
      const left = Math.max(0, deadlineMs - (performance.now() - started))
      const got = (await ready(fd, EPOLLIN, left, lost)) ? receiveBytes(fd, buffer) : undefined
      return got && { from: got.from, data: Buffer.from(buffer.subarray(0, got.length)) }
    }
    const open = (at: string, own: number) => {
      const fd = netns(at).inside(() => openSocket(AF_INET, SOCK_DGRAM))
      fds.push(fd)
      bindSocket(fd, { address: '0.0.0.0', port: own })
      return fd
    }
    const fds: number[] = []
    try {
      const asked = open(server, port)
      const answers = open(server, newSourcePort())
      const client = open(from, newSourcePort())
      const word = randomBytes(8)
      const name = Buffer.from(`${word.toString('hex')}\0octet\0`)
      sendBytes(client, Buffer.concat([words(OPCODE.readRequest), name]), { address: to, port })
      const request = await receive(asked)
      if (!request) return { outcome: 'fails', says: `the request did not come to ${server}` }
      const serverSaw = request.from.address
      sendBytes(answers, Buffer.concat([words(OPCODE.data, 1), word]), request.from)
      const file = await receive(client)
      if (!file)
        return {
          outcome: 'fails',
          serverSaw,
          says: `${server} sent the file to ${serverSaw}, and it did not come in`,
        }
      sendBytes(client, words(OPCODE.acknowledgment, 1), file.from)
      const acknowledged = (await receive(answers))?.data.equals(words(OPCODE.acknowledgment, 1)) ?? false
      return {
        outcome: acknowledged && file.data.subarray(4).equals(word) ? 'works' : 'fails',
        answeredBy: file.from.address,
        serverSaw,
        says: `${file.data.length} bytes from ${file.from.address}, ${acknowledged ? '' : 'not '}acknowledged, the server saw ${serverSaw}`,
        measured: { elapsedMs: Math.round((performance.now() - started) * 1000) / 1000 },
      }
    } catch (error) {
      if (!(error instanceof SystemError)) throw error
      return { outcome: 'fails', says: `a datagram was refused: ${error.code}` }
    } finally {
      for (const fd of fds) closeFd(fd)
    }
  },
})

/** Numbers of two bytes each. */
function words(...numbers: readonly number[]): Buffer {
  const bytes = Buffer.alloc(2 * numbers.length)
  for (const [at, number] of numbers.entries()) bytes.writeUInt16BE(number, 2 * at)
  return bytes
}
