import { z } from 'zod'
import { node } from '../model/fields.js'
import { probeKind } from '../model/probe.js'
import { AF_INET6, deviceIndex, ipv6Bytes } from '../world/libc.js'
import type { Netns } from '../world/netns.js'
import { readIpv6Addresses } from '../world/proc-net.js'
import { attribute, NetlinkError, RTM } from '../world/rtnetlink.js'
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
      forget(netns(from), device, entry.address)
      return await echo({ from: netns(from), to: entry.address, deadlineMs, lost })
    } finally {
      // An entry that waits for its answer would go on asking, into the next trial.
      forget(netns(from), device, entry.address)
    }
  },
})

/** Takes a neighbour entry away. One that there is not is none. */
function forget(netns: Netns, device: string, address: string): void {
  const header = Buffer.alloc(12)
  header[0] = AF_INET6
  header.writeInt32LE(
    netns.inside(() => deviceIndex(device)),
    4,
  )
  const NDA_DST = 1
  const body = Buffer.concat([header, attribute(NDA_DST, ipv6Bytes(address))])
  try {
    netns.route().perform([{ type: RTM.deleteNeighbour, flags: 0, body }])
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error
  }
}
