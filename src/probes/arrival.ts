import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { ipv4, node } from '../model/fields.js'
import { probeKind } from '../model/probe.js'
import { closeFd, deviceIndex, SystemError, sendBytes } from '../world/libc.js'
import { Tap } from '../world/tap.js'
import { datagramPacket, OWN_ADDRESS, openRawSender } from './raw-udp.js'
import { newSourcePort } from './source-port.js'

/** Nobody has to listen: it is asked for at the device, before any socket. */
const DISCARD = 9
const SNAP_LENGTH = 128

const SHAPE = {
  from: node(),
  to: ipv4(),
  /** Where it must come in, whatever becomes of it there. */
  at: z.strictObject({ node: node(), device: z.string() }),
  /** The address that it says it is from; the sender's own when left out. */
  source: ipv4().optional(),
}

const LIBRARY = `# arrival_at NODE ADDRESS SERVER DEVICE SOURCE: a datagram, looked for at a device, before anything is asked about it.
arrival='
import ctypes, os, socket, struct, sys, time
wait, node, to, server, device, source = sys.argv[1:]
libc = ctypes.CDLL(None, use_errno=True)

def inside(name, *kind):
    with open("/run/netns/" + name) as file:
        if libc.setns(file.fileno(), 0) != 0:
            raise OSError(ctypes.get_errno(), "setns " + name)
    return socket.socket(*kind)

tap = inside(server, socket.AF_PACKET, socket.SOCK_RAW, 0)
tap.bind((device, 3))
tap.settimeout(float(wait))
near = inside(node, socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
word = os.urandom(8)
header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 0, 0, 0, 64, 17, 0, socket.inet_aton(source), socket.inet_aton(to))
near.sendto(header + struct.pack("!HHHH", 40000, ${DISCARD}, 16, 0) + word, (to, 0))
end = time.monotonic() + float(wait)
try:
    while time.monotonic() < end:
        frame, where = tap.recvfrom(2048)
        if word in frame and where[2] != 4:
            sys.exit(0)
except socket.timeout:
    pass
sys.exit(1)
'
command -v python3 >/dev/null || skip "python3 looks for packets here, and is not installed"

arrival_at() {
  came=fails said="nothing came in on $4 of $3 within $WAIT s"
  if python3 -c "$arrival" "$WAIT" "$@"; then came=works said="it came in on $4 of $3"; fi
}
`

/** A datagram, looked for where it must come in. Works when it does, whatever the kernel then makes of it. */
export const arrival = probeKind('arrival', SHAPE, {
  describe: ({ to, at: { device } }) => `nc -u ${to} ${DISCARD}  # tcpdump -i ${device}`,
  from: ({ from }) => from,
  to: ({ to }) => to,
  oneWay: true,
  typicalMs: (_, outcome) => (outcome === 'fails' ? 50 : 5),
  script: ({ from, to, at, source = OWN_ADDRESS }) => ({
    words: ['arrival_at', from, to, at.node, at.device, source],
    library: LIBRARY,
    tools: [],
  }),

  async run({ from, to, at, source = OWN_ADDRESS }, { netns, deadlineMs }) {
    const index = netns(at.node).inside(() => deviceIndex(at.device))
    const tap = new Tap(netns(at.node), index, SNAP_LENGTH)
    const fd = openRawSender(netns(from))
    const word = randomBytes(8).toString('hex')
    const started = performance.now()
    const elapsed = () => Math.round((performance.now() - started) * 1000) / 1000
    try {
      const sender = { address: source, port: newSourcePort() }
      sendBytes(fd, datagramPacket(sender, { address: to, port: DISCARD }, word), { address: to, port: 0 })
      do {
        for (let frame = tap.next(); frame; frame = tap.next())
          if (frame.direction === 'in' && frame.data.includes(word, 0, 'latin1'))
            return {
              outcome: 'works',
              says: `it came in on ${at.device} of ${at.node}`,
              measured: { arrivedMs: elapsed() },
            }
      } while (await tap.wait(deadlineMs - elapsed()))
      return {
        outcome: 'fails',
        says: `nothing came in on ${at.device} of ${at.node} within ${Math.round(elapsed())} ms`,
      }
    } catch (error) {
      if (!(error instanceof SystemError)) throw error
      return { outcome: 'fails', says: `the datagram could not be sent: ${error.code}` }
    } finally {
      closeFd(fd)
      tap.close()
    }
  },
})
