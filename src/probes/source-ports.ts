import { randomBytes } from 'node:crypto'
import { ipv4, node } from '../model/fields.js'
import { type ProbeResult, probeKind } from '../model/probe.js'
import { closeFd, SystemError, sendBytes } from '../world/libc.js'
import { datagramPacket, type Heard, Listener, OWN_ADDRESS, openRawSender } from './raw-udp.js'
import { newSourcePort } from './source-port.js'

const SHAPE = {
  from: node(),
  to: ipv4(),
  /** The node that gets them, on a port of the probe's own, which answers nothing. */
  server: node(),
}

/** Datagrams of one trial, each a connection of its own to connection tracking. */
const COUNT = 128
/** What a source NAT picks from, for source ports that are not below it (nf_nat_l4proto_unique_tuple). */
const FIRST_PORT = 1024
const LAST_PORT = 65535
const PARTS = 16
/**
 * Ports that are picked at random over the whole range leave more than three of sixteen parts empty once in 3.6 · 10¹² trials, and
 * have as many as twelve next to one that was picked before once in 6 · 10¹³. scenarios/snat-port-race/README.md derives both.
 */
const FEWEST_PARTS = 13
const MOST_NEIGHBOURS = 11

const LIBRARY = `# ports_to NODE ADDRESS SERVER: whether the source ports of ${COUNT} datagrams are spread over the whole range.
ports='
import ctypes, os, random, socket, struct, sys
wait, node, to, server = sys.argv[1:]
libc = ctypes.CDLL(None, use_errno=True)

def inside(name, *kind):
    with open("/run/netns/" + name) as file:
        if libc.setns(file.fileno(), 0) != 0:
            raise OSError(ctypes.get_errno(), "setns " + name)
    return socket.socket(*kind)

far = inside(server, socket.AF_INET, socket.SOCK_DGRAM)
# A port that connection tracking knows nothing of: what it remembers is avoided, and ports would come to stand side by side.
port = random.randint(20000, 59999)
far.bind(("0.0.0.0", port))
far.settimeout(float(wait))
near = inside(node, socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
first = random.randint(20000, 59000)
header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 0, 0, 0, 64, 17, 0, bytes(4), socket.inet_aton(to))
for number in range(${COUNT}):
    near.sendto(header + struct.pack("!HHHH", first + number, port, 8, 0), (to, 0))
seen, picked = set(), []
try:
    while len(picked) < ${COUNT}:
        got, peer = far.recvfrom(2048)
        seen.add(peer[0])
        picked.append(peer[1])
except socket.timeout:
    pass
parts = len({(one - ${FIRST_PORT}) * ${PARTS} // ${LAST_PORT - FIRST_PORT + 1} for one in picked})
beside = sum(any(near in picked[:at] for near in (one - 1, one, one + 1)) for at, one in enumerate(picked))
print(f"{len(picked)} datagrams came from ports in {parts} of ${PARTS} parts of the range, {beside} of them next to an earlier one, the server saw " + " and ".join(seen))
sys.exit(0 if len(picked) == ${COUNT} and parts >= ${FEWEST_PARTS} and beside <= ${MOST_NEIGHBOURS} else 1)
'
command -v python3 >/dev/null || skip "python3 sends datagrams here, and is not installed"

ports_to() {
  if said=$(python3 -c "$ports" "$WAIT" "$@" 2>&1); then came=works; else came=fails; fi
  case $said in *Error*) skip "$said" ;; esac
  server_saw=\${said##*the server saw }
}
`

/**
 * Which source ports a server sees of datagrams that were sent from ports one after the other. Works when they are spread over
 * the whole range, as ports are that a source NAT picks at random.
 */
export const sourcePorts = probeKind('source-ports', SHAPE, {
  describe: ({ to }) => `for p in $(seq ${COUNT}); do nc -u -p $((20000 + p)) ${to} 40000; done`,
  from: ({ from }) => from,
  to: ({ to }) => to,
  oneWay: true,
  typicalMs: () => 10,
  script: ({ from, to, server }) => ({
    words: ['ports_to', from, to, server],
    library: LIBRARY,
    tools: [],
  }),

  async run({ from, to, server }, { netns, deadlineMs }) {
    // Connection tracking knows nothing of this port: what it remembers is avoided, and ports would come to stand side by side.
    const port = newSourcePort()
    const listener = new Listener(netns(server), port)
    const fd = openRawSender(netns(from))
    const word = randomBytes(8).toString('hex')
    const started = performance.now()
    try {
      const sent = Array.from({ length: COUNT }, newSourcePort)
      for (const own of sent) {
        const sender = { address: OWN_ADDRESS, port: own }
        const packet = datagramPacket(sender, { address: to, port }, `${word} ${own}`)
        sendBytes(fd, packet, { address: to, port: 0 })
      }
      const heard = listener.take(word)
      // A datagram that is lost is no evidence of anything that a port could be: all are waited for.
      const never = new AbortController().signal
      while (heard.length < COUNT && (await listener.wait(started + deadlineMs - performance.now(), never)))
        heard.push(...listener.take(word))
      return judge(heard)
    } catch (error) {
      if (!(error instanceof SystemError)) throw error
      return { outcome: 'fails', says: `a datagram could not be sent: ${error.code}` }
    } finally {
      closeFd(fd)
      listener.close()
    }
  },
})

function judge(heard: readonly Heard[]): ProbeResult {
  const ports = heard.map(({ from }) => from.port)
  const kept = heard.filter(({ from, data }) => Number(data.split(' ')[1]) === from.port).length
  const { parts, neighbours } = spread(ports)
  const serverSaw = [...new Set(heard.map(({ from }) => from.address))].join(' and ')
  const isSpread = heard.length === COUNT && parts >= FEWEST_PARTS && neighbours <= MOST_NEIGHBOURS
  return {
    outcome: isSpread ? 'works' : 'fails',
    ...(serverSaw === '' ? {} : { serverSaw }),
    says: `${heard.length} of ${COUNT} datagrams came from ports in ${parts} of ${PARTS} parts of the range, ${neighbours} of them next to an earlier one, ${kept} from the port that they were sent from${serverSaw === '' ? '' : `, the server saw ${serverSaw}`}`,
    measured: { datagrams: heard.length, parts, neighbours, kept },
  }
}

/** In how many parts of the range ports are, and how many of them are equal or next to one that came before. */
export function spread(ports: readonly number[]): { readonly parts: number; readonly neighbours: number } {
  const parts = new Set(
    ports.map(port => Math.floor(((port - FIRST_PORT) * PARTS) / (LAST_PORT - FIRST_PORT + 1))),
  )
  const earlier = new Set<number>()
  let neighbours = 0
  for (const port of ports) {
    if ([port - 1, port, port + 1].some(near => earlier.has(near))) neighbours++
    earlier.add(port)
  }
  return { parts: parts.size, neighbours }
}
