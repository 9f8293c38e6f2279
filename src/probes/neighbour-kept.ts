import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { ipv4, node } from '../model/fields.js'
import { probeKind } from '../model/probe.js'
import { deviceAddress } from '../world/frames.js'
import { closeFd, sendBytes } from '../world/libc.js'
import { forgetNeighbour, NUD, neighbourOf, setNeighbour } from '../world/neighbours.js'
import { datagramPacket, Listener, openRawSender } from './raw-udp.js'
import { newSourcePort } from './source-port.js'

/** Nobody else listens there. */
const PORT = 4789

const SHAPE = {
  /** Who knows a neighbour. */
  from: node(),
  device: z.string(),
  address: ipv4(),
  /** The neighbour's address, which another one has, too. */
  neighbour: ipv4(),
  /** Whose it is. */
  owner: z.strictObject({ node: node(), device: z.string() }),
  /** The other one, which sends a datagram from that address. */
  other: z.strictObject({ node: node(), device: z.string() }),
}

const LIBRARY = `# neighbour_kept NODE DEVICE ADDRESS NEIGHBOUR OWNER DEVICE OTHER DEVICE: whose MAC address NODE has for NEIGHBOUR, after OTHER spoke from it.
neighbour_kept() {
  came=fails
  wanted=$(in_node "$5" ip -o link show dev "$6" | sed 's/.*link.ether \\([^ ]*\\).*/\\1/')
  in_node "$1" ip neigh replace "$4" lladdr "$wanted" nud stale dev "$2"
  in_node "$7" ip neigh flush dev "$8"
  in_node "$7" python3 -c 'import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind((sys.argv[2], 0))
s.sendto(b"x", (sys.argv[1], ${PORT}))' "$3" "$4"
  sleep 0.3
  got=$(in_node "$1" ip neigh show "$4" dev "$2" | sed 's/.*lladdr \\([^ ]*\\).*/\\1/')
  said="$4 is at $got"
  if [ "$got" = "$wanted" ]; then came=works; fi
}
`

/**
 * Whether a host keeps the MAC address that it knows for a neighbour while another one that has the same address speaks from it: that
 * one has to ask for the host's MAC address first, and may say in its request that the address is its own. Works when it is kept.
 */
export const neighbourKept = probeKind('neighbour-kept', SHAPE, {
  describe: ({ neighbour, other, address }) =>
    `ip neigh show ${neighbour}  # after ${other.node} sent something to ${address} from ${neighbour}`,
  from: ({ from }) => from,
  to: ({ neighbour }) => neighbour,
  typicalMs: () => 10,
  script: ({ from, device, address, neighbour, owner, other }) => ({
    words: [
      ...['neighbour_kept', from, device, address, neighbour],
      ...[owner.node, owner.device, other.node, other.device],
    ],
    library: LIBRARY,
    tools: ['python3'],
  }),

  async run({ from, device, address, neighbour, owner, other }, { netns, keep, deadlineMs, lost }) {
    const [own, far] = [netns(from), netns(other.node)]
    const wanted = deviceAddress(netns(owner.node), owner.device)
    const listener = keep(`datagrams to ${from} ${PORT}`, () => new Listener(own, PORT))
    setNeighbour(own, device, neighbour, wanted, NUD.stale)
    forgetNeighbour(far, other.device, address)
    const fd = openRawSender(far)
    const word = randomBytes(8).toString('hex')
    const started = performance.now()
    try {
      const packet = datagramPacket(
        { address: neighbour, port: newSourcePort() },
        { address, port: PORT },
        word,
      )
      sendBytes(fd, packet, { address, port: 0 })
      // What has come was preceded by the other's request, and that one's answer.
      let heard = listener.take(word)
      while (heard.length === 0 && (await listener.wait(deadlineMs - (performance.now() - started), lost)))
        heard = listener.take(word)
      const mac = neighbourOf(own, neighbour)
      if (heard.length === 0)
        return { outcome: 'fails', says: `what ${other.node} sent from ${neighbour} did not arrive` }
      const kept = mac?.equals(wanted) ?? false
      const whose = kept
        ? owner.node
        : mac?.equals(deviceAddress(far, other.device))
          ? other.node
          : (mac?.toString('hex') ?? 'nobody')
      return { outcome: kept ? 'works' : 'fails', says: `${from} has ${neighbour} at ${whose}` }
    } finally {
      closeFd(fd)
    }
  },
})
