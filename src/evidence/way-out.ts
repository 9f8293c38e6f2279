import { z } from 'zod'
import type { Finding } from '../model/evidence.js'
import { address, type FieldsOf, type Pattern, pattern } from '../model/fields.js'
import { addressText } from '../world/libc.js'
import type { Netns } from '../world/netns.js'
import { RTM_F_FIB_MATCH, routeFor } from '../world/route-lookup.js'
import { attributes, NetlinkError, RTM } from '../world/rtnetlink.js'
import { extended, holding } from './patterns.js'
import { PROOF_FIELDS, withWords, wordsOf } from './source.js'

/** A packet that a node would send, as far as a lookup asks for it. */
const PACKET = {
  to: address(),
  from: address().optional(),
  /** Traffic class, or type of service. */
  tos: z.int().min(0).max(255).optional(),
  mark: z.int().min(0).optional(),
}
const FIELDS = { ...PROOF_FIELDS, ...PACKET, source: z.literal('way-out'), says: pattern() }
type Packet = FieldsOf<typeof PACKET>
type WayOutProof<N extends string = string> = FieldsOf<typeof FIELDS, N>

const LIBRARY = `# way_out before|after NODE REGEX WORDS...: the route that a lookup finds, or why it finds none.
way_out() {
  [ "$1" = after ] || return 0
  where=$2 wanted=$3
  shift 3
  output=$(in_node "$where" ip route get fibmatch "$@" 2>&1 | tr '\\n' ' ')
  if echo "$output" | grep -Eq "$wanted"; then
    finding seen "$where" "ip route get fibmatch $*: $output"
    proved=yes
  else
    finding absent "$where" "ip route get fibmatch $*: $output"
  fi
}
`

/**
 * The route that a node's own lookup finds for a packet, as `ip route get fibmatch` says it: `default via 2001:db8:1::1 dev
 * eth0 proto ra metric 1024 expires 30sec`, or `RTNETLINK answers: Network is unreachable`; `andStays`: also where the
 * failure is repaired.
 */
export const wayOut = wordsOf(
  <const N extends string>(node: N, packet: Packet, says: Pattern) =>
    proof<N>({ source: 'way-out', node, ...packet, says: holding(says) }),
  {
    source: 'way-out',
    fields: z.strictObject(FIELDS),
    level: 'basic',
    happens: () => true,
    watch: ({ source, node, says: wanted, ...packet }: WayOutProof, { netns }) => ({
      pollable: true,
      look(): Finding {
        const said = lookUp(netns(node), packet)
        return {
          source,
          node,
          state: new RegExp(wanted).test(said) ? 'seen' : 'absent',
          says: `ip route get fibmatch ${words(packet).join(' ')}: ${said}`,
        }
      },
    }),
    clarity: 4,
    script: ({ says, ...packet }) => ({
      words: ['way_out', extended(says), ...words(packet)],
      library: LIBRARY,
      tools: ['ip'],
    }),
  },
)

interface WayOutWords<N extends string> {
  /** Also where the failure is repaired. */
  andStays(): WayOutProof<N>
}

function proof<N extends string>(data: WayOutProof<N>): WayOutProof<N> & WayOutWords<N> {
  return withWords(data, { andStays: () => proof({ ...data, stops: false }) })
}

function words({ to, from, tos, mark }: Packet): string[] {
  return [
    to,
    ...(from === undefined ? [] : ['from', from]),
    ...(tos === undefined ? [] : ['tos', `0x${tos.toString(16)}`]),
    ...(mark === undefined ? [] : ['mark', String(mark)]),
  ]
}

/** linux/rtnetlink.h. */
const RTA = {
  destination: 1,
  device: 4,
  gateway: 5,
  priority: 6,
  cacheInfo: 12,
  table: 15,
}
const RT_TABLE_MAIN = 254
/** Those that ip(8) names; what ip(8) made itself goes without saying. */
const PROTOCOLS: Readonly<Record<number, string>> = { 1: 'redirect', 2: 'kernel', 4: 'static', 9: 'ra' }
/** Where struct rta_cacheinfo has the rest of a route's life, in hundredths of a second; 0 where it has no end. */
const EXPIRES_AT = 8
const USER_HZ = 100
const IFLA_IFNAME = 3
/** What ip(8) calls the refusals (inet6_rtm_getroute(), net/ipv6/route.c). */
const REFUSALS: Readonly<Record<string, string>> = {
  EACCES: 'Permission denied',
  EHOSTUNREACH: 'No route to host',
  EINVAL: 'Invalid argument',
  ENETUNREACH: 'Network is unreachable',
}

function lookUp(netns: Netns, packet: Packet): string {
  try {
    const answer = routeFor(netns, packet, RTM_F_FIB_MATCH)
    return answer ? describe(netns, answer) : 'no answer'
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error
    return `RTNETLINK answers: ${REFUSALS[error.code] ?? error.code}`
  }
}

/** A route in the words of ip-route(8), as far as a proof may ask for them. */
function describe(netns: Netns, route: Buffer): string {
  const found = attributes(route.subarray(12))
  const destination = found.get(RTA.destination)
  const gateway = found.get(RTA.gateway)
  const device = found.get(RTA.device)?.readUInt32LE()
  const table = found.get(RTA.table)?.readUInt32LE() ?? route[4] ?? 0
  const protocol = PROTOCOLS[route[5] ?? 0]
  const metric = found.get(RTA.priority)?.readUInt32LE()
  const expires = found.get(RTA.cacheInfo)?.readInt32LE(EXPIRES_AT) ?? 0
  return [
    destination ? `${addressText(destination)}/${route[1]}` : 'default',
    ...(gateway ? [`via ${addressText(gateway)}`] : []),
    ...(device === undefined ? [] : [`dev ${nameOf(netns, device)}`]),
    ...(table === RT_TABLE_MAIN ? [] : [`table ${table}`]),
    ...(protocol === undefined ? [] : [`proto ${protocol}`]),
    ...(metric === undefined ? [] : [`metric ${metric}`]),
    ...(expires === 0 ? [] : [`expires ${Math.trunc(expires / USER_HZ)}sec`]),
  ].join(' ')
}

function nameOf(netns: Netns, index: number): string {
  const header = Buffer.alloc(16)
  header.writeInt32LE(index, 4)
  const [answer] = netns.route().ask({ type: RTM.getLink, flags: 0, body: header })
  return (
    attributes(answer?.subarray(16)).get(IFLA_IFNAME)?.toString('latin1').replace(/\0.*$/s, '') ??
    String(index)
  )
}
