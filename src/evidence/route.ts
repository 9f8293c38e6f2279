import { z } from 'zod'
import type { Finding } from '../model/evidence.js'
import { type FieldsOf, ipv4, type Pattern, pattern } from '../model/fields.js'
import { type Place, partsOf } from '../model/topology.js'
import type { Netns } from '../world/netns.js'
import { outputDevice, RTM_F_LOOKUP_TABLE, routeFor } from '../world/route-lookup.js'
import { NetlinkError } from '../world/rtnetlink.js'
import { extended, holding } from './patterns.js'
import { DEVICE_FIELDS, withWords, wordsOf } from './source.js'

const FIELDS = {
  ...DEVICE_FIELDS,
  source: z.literal('route'),
  from: ipv4(),
  to: ipv4(),
  /** What `ip route get` must print. */
  says: pattern(),
}
type RouteProof<N extends string = string> = FieldsOf<typeof FIELDS, N>

const LIBRARY = `# route before|after NODE TO FROM DEVICE REGEX: what the input path makes of such a packet.
route() {
  [ "$1" = after ] || return 0
  output=$(in_node "$2" ip route get "$3" from "$4" iif "$5" 2>&1 | tr '\\n' ' ')
  if echo "$output" | grep -Eq "$6"; then
    finding seen "$2" "ip route get $3 from $4 iif $5: $output"
    proved=yes
  else
    finding absent "$2" "ip route get $3 from $4 iif $5: $output"
  fi
}
`

/** What `ip route get` says for a packet that comes in on `place`; `andStays`: also where the failure is repaired. */
export const routed = wordsOf(
  <const N extends string>(
    place: Place<N>,
    { from, to, says }: { from: string; to: string; says: Pattern },
  ) => {
    const { node, device } = partsOf(place)
    return proof<N>({ source: 'route', node: node as N, device, from, to, says: holding(says) })
  },
  {
    source: 'route',
    fields: z.strictObject(FIELDS),
    level: 'basic',
    happens: () => true,
    watch: ({ source, node, from, to, device, says: wanted }: RouteProof, { netns, index }) => ({
      pollable: false,
      look(): Finding {
        const said = lookUp(netns(node), { from, to, device: index(node, device) })
        return {
          source,
          node,
          state: new RegExp(wanted).test(said) ? 'seen' : 'absent',
          says: `ip route get ${to} from ${from} iif ${device}: ${said}`,
        }
      },
    }),
    clarity: 3,
    locates: ({ device }) => ({ device, rank: 3 }),
    script: ({ to, from, device, says }) => ({
      words: ['route', to, from, device, extended(says)],
      library: LIBRARY,
      tools: [],
    }),
  },
)

interface RouteWords<N extends string> {
  /** Also where the failure is repaired. */
  andStays(): RouteProof<N>
}

function proof<N extends string>(data: RouteProof<N>): RouteProof<N> & RouteWords<N> {
  return withWords(data, { andStays: () => proof({ ...data, stops: false }) })
}

/** What ip(8) calls the refusals of the input path (inet_rtm_getroute, net/ipv4/route.c). */
const REFUSALS: Readonly<Record<string, string>> = {
  EINVAL: 'Invalid argument',
  EXDEV: 'Invalid cross-device link',
  EHOSTUNREACH: 'No route to host',
  ENETUNREACH: 'Network is unreachable',
}

/** What `ip route get TO from FROM iif DEVICE` would say: the kernel's own input lookup, source validation included. */
function lookUp(
  netns: Netns,
  { from, to, device }: { readonly from: string; readonly to: string; readonly device: number },
): string {
  try {
    const answer = routeFor(netns, { to, from, inputDevice: device }, RTM_F_LOOKUP_TABLE)
    const out = outputDevice(answer)
    return `a route out of the device with index ${out ?? 'unknown'}`
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error
    return `RTNETLINK answers: ${REFUSALS[error.code] ?? error.code}`
  }
}
