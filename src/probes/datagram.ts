import { randomBytes } from 'node:crypto'
import { ipv4, node, port } from '../model/fields.js'
import { probeKind } from '../model/probe.js'
import { closeFd, SystemError, sendBytes } from '../world/libc.js'
import { datagramPacket, Listener, OWN_ADDRESS, openRawSender } from './raw-udp.js'
import { newSourcePort } from './source-port.js'

const SHAPE = {
  from: node(),
  to: ipv4(),
  port: port(),
  /** The node that must get it, on a socket of the probe's own that answers nothing. */
  server: node(),
  /** The address that it says it is from, whoever's that is; the sender's own when left out. */
  source: ipv4().optional(),
}

const LIBRARY = `# datagram_to NODE ADDRESS PORT SERVER SOURCE: one datagram, from whatever address it says; nobody answers it.
datagram='
import ctypes, os, random, socket, struct, sys
wait, node, to, port, server, source = sys.argv[1:]
libc = ctypes.CDLL(None, use_errno=True)

def inside(name, *kind):
    with open("/run/netns/" + name) as file:
        if libc.setns(file.fileno(), 0) != 0:
            raise OSError(ctypes.get_errno(), "setns " + name)
    return socket.socket(*kind)

far = inside(server, socket.AF_INET, socket.SOCK_DGRAM)
far.bind(("0.0.0.0", int(port)))
far.settimeout(float(wait))
near = inside(node, socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
word = os.urandom(8)
header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 0, 0, 0, 64, 17, 0, socket.inet_aton(source), socket.inet_aton(to))
near.sendto(header + struct.pack("!HHHH", random.randint(20000, 59999), int(port), 16, 0) + word, (to, 0))
try:
    while True:
        got, peer = far.recvfrom(2048)
        if got == word:
            print(peer[0])
            break
except socket.timeout:
    sys.exit(1)
'
command -v python3 >/dev/null || skip "python3 sends datagrams here, and is not installed"

datagram_to() {
  came=fails said="nothing came to $4 within $WAIT s"
  if server_saw=$(python3 -c "$datagram" "$WAIT" "$@"); then came=works said="$4 got it from $server_saw"; fi
}
`

/** One datagram, from whatever address it says. Works when the server gets it; nobody answers. */
export const datagram = probeKind('datagram', SHAPE, {
  describe: ({ to, port, source }) =>
    `hping3 --udp -c 1 -p ${port}${source === undefined ? '' : ` -a ${source}`} ${to}`,
  from: ({ from }) => from,
  to: ({ to }) => to,
  oneWay: true,
  typicalMs: (_, outcome) => (outcome === 'fails' ? 50 : 5),
  script: ({ from, to, port, server, source = OWN_ADDRESS }) => ({
    words: ['datagram_to', from, to, String(port), server, source],
    library: LIBRARY,
    tools: [],
  }),

  async run({ from, to, port, server, source = OWN_ADDRESS }, { netns, keep, deadlineMs, lost }) {
    const listener = keep(`datagrams to ${server} ${port}`, () => new Listener(netns(server), port))
    const fd = openRawSender(netns(from))
    const word = randomBytes(8).toString('hex')
    const started = performance.now()
    const elapsed = () => performance.now() - started
    try {
      const sender = { address: source, port: newSourcePort() }
      sendBytes(fd, datagramPacket(sender, { address: to, port }, word), { address: to, port: 0 })
      let [heard] = listener.take(word)
      while (!heard && (await listener.wait(deadlineMs - elapsed(), lost))) [heard] = listener.take(word)
      if (!heard)
        return { outcome: 'fails', says: `nothing came to ${server} within ${Math.round(elapsed())} ms` }
      return {
        outcome: 'works',
        serverSaw: heard.from.address,
        says: `${server} got it from ${heard.from.address}`,
        measured: { arrivedMs: Math.round(elapsed() * 1000) / 1000 },
      }
    } catch (error) {
      if (!(error instanceof SystemError)) throw error
      return { outcome: 'fails', says: `the datagram could not be sent: ${error.code}` }
    } finally {
      closeFd(fd)
    }
  },
})
