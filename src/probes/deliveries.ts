import { randomBytes } from 'node:crypto'
import { LabError } from '../base/errors.js'
import { ipv4, node, port } from '../model/fields.js'
import { probeKind } from '../model/probe.js'
import { AF_INET, bindSocket, closeFd, openSocket, SOCK_DGRAM, sendBytes } from '../world/libc.js'
import { echo } from './ping.js'
import { Listener } from './raw-udp.js'
import { newSourcePort } from './source-port.js'

const SHAPE = {
  from: node(),
  to: ipv4(),
  port: port(),
  /** The node that must get it, on a socket of the probe's own that answers nothing, and its address on the link. */
  server: node(),
  serverAddress: ipv4(),
  /** The node that sends it on. It knows its way to the server by then: nothing waits for an answer to ARP. */
  through: node(),
}

const LIBRARY = `# deliveries NODE ADDRESS PORT SERVER SERVER-ADDRESS THROUGH: one datagram, and how often it comes.
deliveries='
import ctypes, os, socket, sys
wait, node, to, port, server = sys.argv[1:]
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
word = os.urandom(8)
near.sendto(word, (to, int(port)))
came, peer = 0, ("nobody",)
try:
    while True:
        got, who = far.recvfrom(2048)
        if got == word:
            came, peer = came + 1, who
except socket.timeout:
    print(came, peer[0])
'
command -v python3 >/dev/null || skip "python3 counts datagrams here, and is not installed"

deliveries() {
  in_node "$6" ping -n -c 1 -W "$WAIT" "$5" >/dev/null
  answer=$(python3 -c "$deliveries" "$WAIT" "$1" "$2" "$3" "$4")
  came=fails said="it came \${answer%% *} times to $4" server_saw=\${answer#* }
  [ "\${answer%% *}" != 1 ] || came=works
}
`

/**
 * One datagram, and how often it comes to the server: works when once. It is counted when a ping that was sent after it has come back
 * from there, which it was in front of all the way.
 */
export const deliveries = probeKind('deliveries', SHAPE, {
  describe: ({ to, port, server }) => `nc -u ${to} ${port}  # in ${server}: nc -u -l ${port} | uniq -c`,
  from: ({ from }) => from,
  to: ({ to }) => to,
  oneWay: true,
  typicalMs: () => 10,
  script: ({ from, to, port, server, serverAddress, through }) => ({
    words: ['deliveries', from, to, String(port), server, serverAddress, through],
    library: LIBRARY,
    tools: ['ping'],
  }),

  async run({ from, to, port, server, serverAddress, through }, { netns, keep, deadlineMs }) {
    // What the kernel says of a second copy comes before the copy does, and must not end the count.
    const lost = new AbortController().signal
    const ping = async (node: string) => {
      const { outcome } = await echo({ from: netns(node), to: serverAddress, deadlineMs, lost })
      if (outcome === 'works') return
      throw new LabError(
        `${serverAddress} does not answer a ping of ${node}'s: what came there cannot be counted`,
      )
    }
    const listener = keep(`datagrams to ${server} ${port}`, () => new Listener(netns(server), port))
    await ping(through)
    const fd = netns(from).inside(() => openSocket(AF_INET, SOCK_DGRAM))
    const word = randomBytes(8).toString('hex')
    try {
      bindSocket(fd, { address: '0.0.0.0', port: newSourcePort() })
      const started = performance.now()
      sendBytes(fd, Buffer.from(word, 'latin1'), { address: to, port })
      const heard = listener.take(word)
      while (heard.length === 0 && (await listener.wait(started + deadlineMs - performance.now(), lost)))
        heard.push(...listener.take(word))
      if (heard.length > 0) await ping(from)
      heard.push(...listener.take(word))
      const [first] = heard
      return {
        outcome: heard.length === 1 ? 'works' : 'fails',
        ...(first ? { serverSaw: first.from.address } : {}),
        says: first
          ? `${server} got it ${heard.length === 1 ? 'once' : `${heard.length} times`}, from ${first.from.address}`
          : `${server} did not get it`,
        measured: { deliveries: heard.length },
      }
    } finally {
      closeFd(fd)
    }
  },
})
