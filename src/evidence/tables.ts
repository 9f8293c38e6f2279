/** State that any user may read: rule counters, routes as the input path sees them, address flags, tracked connections. */

import type {
  AddressProof,
  ConntrackProof,
  EvidenceContext,
  EvidenceSource,
  Finding,
  RouteProof,
  RuleProof,
} from '../model/proof.js'
import { ipv6Addresses } from '../probes/ipv6-address.js'
import { AF_INET } from '../world/libc.js'
import type { Netns } from '../world/netns.js'
import { attribute, attributes, NetlinkError, RTM } from '../world/rtnetlink.js'

export const ruleCounterSource: EvidenceSource<RuleProof> = {
  async watch(proof, context) {
    const before = await ruleCounter(proof, context)
    return {
      pollable: 'dear',
      async look(): Promise<Finding> {
        const after = await ruleCounter(proof, context)
        const { source, node } = proof
        if (after === undefined)
          return {
            source,
            node,
            state: 'unavailable',
            says: `no rule '${proof.rule}' in table ${proof.table}`,
          }
        // A rule that a toggle put there meanwhile starts from zero.
        const delta = after - (before ?? 0)
        return {
          source,
          node,
          state: delta > 0 === proof.moves ? 'seen' : 'absent',
          says: `${proof.table} '${proof.rule}' counted ${delta} packet${delta === 1 ? '' : 's'}`,
        }
      },
    }
  },
}

async function ruleCounter(proof: RuleProof, context: EvidenceContext): Promise<number | undefined> {
  // All tables at once: the proofs of a trial then have one program to wait for.
  const { stdout } = await context.exec(proof.node, [context.iptables.save, '-c'])
  const table = stdout.split(/^(?=\*)/m).find(text => text.startsWith(`*${proof.table}\n`))
  const line = table?.split('\n').find(text => text.includes(proof.rule))
  const packets = line && /^\[(\d+):/.exec(line)?.[1]
  return packets === undefined ? undefined : Number(packets)
}

export const routeSource: EvidenceSource<RouteProof> = {
  watch: (proof, context) => ({
    pollable: false,
    look(): Finding {
      const { source, node, from, to, device } = proof
      const said = lookUpRoute(context.netns(node), { from, to, device: context.index(node, device) })
      return {
        source,
        node,
        state: new RegExp(proof.says).test(said) ? 'seen' : 'absent',
        says: `ip route get ${to} from ${from} iif ${device}: ${said}`,
      }
    },
  }),
}

const RTA = { destination: 1, source: 2, inputDevice: 3, outputDevice: 4 }
const RTM_F_LOOKUP_TABLE = 0x1000
/** What ip(8) calls the refusals of the input path (inet_rtm_getroute, net/ipv4/route.c). */
const REFUSALS: Readonly<Record<string, string>> = {
  EINVAL: 'Invalid argument',
  EXDEV: 'Invalid cross-device link',
  EHOSTUNREACH: 'No route to host',
  ENETUNREACH: 'Network is unreachable',
}

/** What `ip route get TO from FROM iif DEVICE` would say: the kernel's own input lookup, source validation included. */
function lookUpRoute(
  netns: Netns,
  { from, to, device }: { readonly from: string; readonly to: string; readonly device: number },
): string {
  const bytes = (address: string) => Buffer.from(address.split('.').map(Number))
  const header = Buffer.alloc(12)
  header.set([AF_INET, 32, 32])
  header.writeUInt32LE(RTM_F_LOOKUP_TABLE, 8)
  const body = [
    header,
    attribute(RTA.destination, bytes(to)),
    attribute(RTA.source, bytes(from)),
    attribute(RTA.inputDevice, device),
  ]
  try {
    const [answer] = netns.route().ask({ type: RTM.getRoute, flags: 0, body: Buffer.concat(body) })
    const out = answer && attributes(answer.subarray(12)).get(RTA.outputDevice)?.readUInt32LE()
    return `a route out of the device with index ${out ?? 'unknown'}`
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error
    return `RTNETLINK answers: ${REFUSALS[error.code] ?? error.code}`
  }
}

export const addressSource: EvidenceSource<AddressProof> = {
  watch: (proof, context) => ({
    pollable: true,
    look(): Finding {
      const { source, node, device, startsWith, flag } = proof
      const entry = ipv6Addresses(context.netns(node)).find(
        found => found.device === device && found.address.startsWith(startsWith),
      )
      if (!entry)
        return {
          source,
          node,
          state: flag === 'dadfailed' ? 'absent' : 'seen',
          says: `${device} has no address ${startsWith}…`,
        }
      const states = { dadfailed: entry.dadFailed, missing: entry.tentative, none: false }
      const flags = [entry.dadFailed ? 'dadfailed' : '', entry.tentative ? 'tentative' : ''].filter(Boolean)
      return {
        source,
        node,
        state: states[flag] ? 'seen' : 'absent',
        says: `${device} inet6 ${entry.address}${flags.length > 0 ? ` ${flags.join(' ')}` : ', no flag of trouble'}`,
      }
    },
  }),
}

export const conntrackSource: EvidenceSource<ConntrackProof> = {
  watch(proof, context) {
    const pattern = new RegExp(proof.entry)
    const matching = () => {
      const table = context.netns(proof.node).readProc('nf_conntrack')
      return table?.split('\n').filter(line => pattern.test(line))
    }
    const before = new Set(matching()?.map(identity) ?? [])
    return {
      pollable: true,
      look(): Finding {
        const { source, node } = proof
        const now = matching()
        if (!now)
          return { source, node, state: 'unavailable', says: 'this kernel has no /proc/net/nf_conntrack' }
        const fresh = now.filter(line => !before.has(identity(line)))
        return {
          source,
          node,
          state: fresh.length > 0 === proof.present ? 'seen' : 'absent',
          says: fresh[0] === undefined ? `no new entry /${proof.entry}/` : tidy(fresh[0]),
        }
      },
    }
  },
}

/** An entry without its time-out and state, which change while it lives. */
function identity(line: string): string {
  return line.replace(/ \d+ (?=[A-Z_]+ |src=)/g, ' ').replace(/ [A-Z_]{3,} /g, ' ')
}

function tidy(line: string): string {
  return line
    .replace(/\s+/g, ' ')
    .replace(/ (mark|use|zone)=\d+/g, '')
    .trim()
}
