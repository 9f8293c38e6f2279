import { z } from 'zod'
import { ipv4, node } from '../model/fields.js'
import { probeKind } from '../model/probe.js'
import { deviceAddress } from '../world/frames.js'
import { deviceIndex } from '../world/libc.js'
import { setMaster } from '../world/links.js'
import { forgetNeighbour, NUD, neighbourOf, setNeighbour } from '../world/neighbours.js'
import type { Netns } from '../world/netns.js'
import { echo } from './ping.js'

/** How long a ping waits before the next one is sent. */
const PATIENCE_MS = 250

const SHAPE = {
  /** Who knows the host already, the device on the link of both, and its address. */
  from: node(),
  device: z.string(),
  address: ipv4(),
  /** The host's address, on a bridge of its own. */
  to: ipv4(),
  host: node(),
  bridge: z.string(),
  port: z.string(),
  /** What becomes of the port. */
  moves: z.enum(['joins', 'leaves']),
  /** What happens before anybody asks for the host again: the host pings, or its neighbour forgets it. */
  meanwhile: z.enum(['host-pings', 'forgotten']).optional(),
}

const LIBRARY = `# port_moves NODE DEVICE ADDRESS HOST-ADDRESS HOST BRIDGE PORT joins|leaves host-pings|forgotten|-: NODE pings the host that it knew before.
port_moves() {
  came=fails answered_by=''
  [ "$8" = leaves ] || in_node "$5" ip link set dev "$7" nomaster
  known=$(in_node "$5" ip -o link show dev "$6" | sed 's/.*link.ether \\([^ ]*\\).*/\\1/')
  in_node "$1" ip neigh replace "$4" lladdr "$known" nud reachable dev "$2"
  if [ "$8" = leaves ]; then in_node "$5" ip link set dev "$7" nomaster; else in_node "$5" ip link set dev "$7" master "$6"; fi
  case $9 in
    host-pings) in_node "$5" ping -n -c 1 -W "$WAIT" "$3" >/dev/null ;;
    forgotten) in_node "$1" ip neigh del "$4" dev "$2" ;;
  esac
  reply=$(in_node "$1" ping -n -c 3 -i 0.3 -W "$WAIT" "$4" 2>&1 | grep 'bytes from' | sed -n 1p)
  now=$(in_node "$5" ip -o link show dev "$6" | sed 's/.*link.ether \\([^ ]*\\).*/\\1/')
  said="$6 was $known and is $now; \${reply:-no reply}"
  if [ -n "$reply" ]; then came=works answered_by=$4; fi
  in_node "$5" ip link set dev "$7" master "$6"
}
`

/**
 * A port that joins a host's bridge, or leaves it, and a ping to the host by a neighbour that knew it before, until there is a reply. The
 * port is the bridge's again afterwards.
 */
export const portMoves = probeKind('port-moves', SHAPE, {
  describe: ({ port, bridge, moves, to, meanwhile }) =>
    `ip link set dev ${port} ${moves === 'joins' ? `master ${bridge}` : 'nomaster'}; ${meanwhile === undefined ? '' : `${meanwhile}; `}ping -c 3 ${to}`,
  from: ({ from }) => from,
  to: ({ to }) => to,
  typicalMs: (_, outcome) => (outcome === 'fails' ? 50 : 10),
  script: ({ from, device, address, to, host, bridge, port, moves, meanwhile = '-' }) => ({
    words: ['port_moves', from, device, address, to, host, bridge, port, moves, meanwhile],
    library: LIBRARY,
    tools: ['ip', 'ping'],
  }),

  async run(
    { from, device, address, to, host, bridge, port, moves, meanwhile },
    { netns, deadlineMs, lost },
  ) {
    const [peer, own] = [netns(from), netns(host)]
    const index = (name: string) => own.inside(() => deviceIndex(name))
    const join = (joined: boolean) => setMaster(own, index(port), joined ? index(bridge) : 0)
    if (moves === 'joins') join(false)
    const known = deviceAddress(own, bridge)
    setNeighbour(peer, device, to, known, NUD.reachable)
    try {
      join(moves === 'joins')
      const is = macOf(own, bridge)
      const patient = new AbortController().signal
      if (meanwhile === 'host-pings') await echo({ from: own, to: address, deadlineMs, lost: patient })
      if (meanwhile === 'forgotten') forgetNeighbour(peer, device, to)
      const until = performance.now() + deadlineMs
      let result = await echo({ from: peer, to, deadlineMs: PATIENCE_MS, lost })
      while (result.outcome === 'fails' && performance.now() < until && !lost.aborted)
        result = await echo({ from: peer, to, deadlineMs: PATIENCE_MS, lost })
      const has = neighbourOf(peer, to)?.toString('hex') ?? 'nothing'
      return {
        ...result,
        says: `${bridge} was ${known.toString('hex')} and is ${is}; ${from} has ${has} for it; ${result.says}`,
      }
    } finally {
      join(true)
    }
  },
})

function macOf(netns: Netns, device: string): string {
  return deviceAddress(netns, device).toString('hex')
}
