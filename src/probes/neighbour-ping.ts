import { z } from 'zod'
import { node } from '../model/fields.js'
import { probeKind } from '../model/probe.js'
import { forgetNeighbour } from '../world/neighbours.js'
import { readIpv6Addresses } from '../world/proc-net.js'
import { echo } from './ping.js'

const SHAPE = {
  from: node(),
  /** The device of `from` on the link that both are on. */
  device: z.string(),
  /** Who is asked. Its address is the one that its device has under a prefix by then: `fe80:`, `2001:6f8:1477:1111:`. */
  to: z.strictObject({ node: node(), device: z.string() }),
  startsWith: z.string(),
}

const LIBRARY = `# neighbour_ping NODE DEVICE OTHER DEVICE PREFIX: to whatever address the other has, which NODE has forgotten the way to.
neighbour_ping() {
  came=fails answered_by=''
  there=$(in_node "$3" ip -6 -o addr show dev "$4" -tentative -dadfailed | sed -n "s/.*inet6 \\($5[^/]*\\).*/\\1/p" | sed -n 1p)
  if [ -z "$there" ]; then
    said="$4 of $3 has no usable address $5"
    return
  fi
  in_node "$1" ip -6 neigh flush dev "$2"
  reply=$(in_node "$1" ping -n -c 1 -W "$WAIT" "$there" 2>&1 | grep -E 'bytes from|[Ee]rror|unreachable' | sed -n 1p)
  case $reply in *'bytes from'*) came=works answered_by=$there ;; esac
  said=\${reply:-no reply from $there within $WAIT s}
}
`

/**
 * A ping to a host on the same link that nobody has spoken to yet: the neighbour entry is taken away first, so that it begins with
 * a neighbour solicitation by multicast, as any conversation over IPv6 does.
 */
export const neighbourPing = probeKind('neighbour-ping', SHAPE, {
  describe: ({ device, to, startsWith }) =>
    `ip -6 neigh flush dev ${device}; ping -c 1 ${startsWith}…  # the address of ${to.device} in ${to.node}`,
  from: ({ from }) => from,
  typicalMs: (_, outcome) => (outcome === 'fails' ? 50 : 5),
  script: ({ from, device, to, startsWith }) => ({
    words: ['neighbour_ping', from, device, to.node, to.device, startsWith],
    library: LIBRARY,
    tools: ['ping'],
  }),

  async run({ from, device, to, startsWith }, { netns, deadlineMs, lost }) {
    const entry = readIpv6Addresses(netns(to.node)).find(
      found =>
        found.device === to.device &&
        found.address.startsWith(startsWith) &&
        !found.tentative &&
        !found.dadFailed,
    )
    if (!entry)
      return { outcome: 'fails', says: `${to.device} of ${to.node} has no usable address ${startsWith}…` }
    try {
      forgetNeighbour(netns(from), device, entry.address)
      return await echo({ from: netns(from), to: entry.address, deadlineMs, lost })
    } finally {
      // An entry that waits for its answer would go on asking, into the next trial.
      forgetNeighbour(netns(from), device, entry.address)
    }
  },
})
