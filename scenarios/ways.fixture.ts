/** What is to be said against the ways that a report has, held against its topologies and the places where mechanisms lose packets. */
import { entryOf } from '../src/base/records.js'
import type {
  DrawnTopology,
  MeasuredWay,
  Report,
  ScenarioReport,
  Stop,
  TrialReport,
} from '../src/model/report.js'
import { trialKey } from '../src/model/trial.js'

/** Why a trial has no way, or one that ends elsewhere than where its mechanism is proved, by scenario and probe. */
const UNDERSTOOD: Readonly<Record<string, string>> = {
  'docker-ra-forwarding host-ping': 'without a route nothing leaves the host',
  'localhost-from-neighbour localhost-nodeport': 'refused before it leaves the node',
  'loopback-published-port published-port': 'refused before it leaves the host',
  'strict-arp-vip client-keeps-vip': 'what the client is asked for is whom it has in its neighbour table',
  'promisc-bridge-duplicates service': 'nothing is lost: it comes twice',
  'snat-port-race many-connections': 'of a thousand connections only the first frames are kept',
  'snat-port-race source-ports': 'nothing is lost: it is the port that counts',
  'wg-fwmark-rp-filter lan-udp': 'it is sent into the tunnel, and lost at its end',
  'wg-fwmark-rp-filter other-programs-mark-ping': 'so is the answer',
  'vpn-address-from-lan spoofed-server': 'the answer goes to the VPN, which is what gives the victim away',
}

/** Where lookups say nothing, or another thing than was captured, by scenario, or scenario and probe. */
const BEYOND_LOOKUPS: Readonly<Record<string, string>> = {
  'bridge-dnat-bounce other-container-tcp':
    'of two copies that a promiscuous bridge makes, one is translated twice',
  'bridge-dnat-bounce own-address-tcp': 'of those, one is not translated',
  'conntrack-invalid-rst future-segment': 'the packet goes on with a connection, and is none of its entry’s',
  'dhcp-checksum': 'it is seen from who gets it, not from who sends it',
  'ecmp-frag-needed': 'the router chooses by ports, and nobody tracks them',
  'ecmp-source-address pings-from-any': 'the way comes with an address that is chosen for it',
  'eks-nodeport-secondary-eni nodeport-tcp': 'rules for a mark',
  'ip6-rule-tos-ecn': 'rules for a mark',
  'localhost-from-neighbour neighbour-to-localhost': 'nft writes another address into it',
  'loopback-published-port neighbour-to-kubelet': 'nft writes another address into it',
  'loopback-published-port neighbour-to-published': 'nft writes another address into it',
  'nat-idle-timeout': 'the packet goes on with a connection whose entry may be gone',
  'neutron-floating-ip-self broadcast-source': 'it is sent from an address that nobody has',
  'rp-filter-loopback-redirect': 'tc sends it elsewhere',
  'snat-port-race many-connections': 'the packet is one of a thousand',
  'ts-offset-snat-time-wait other-client': 'the packet is one of several clients’',
  'vpn-address-from-lan': 'its frames are sent past the routes',
  'wg-fwmark-rp-filter': 'rules for a mark',
}

/** Where the ways that lookups say differ from those that were captured in another run, each with its trial. */
export function wayDeviations(captured: Report, lookups: Report): string[] {
  return captured.scenarios.flatMap(({ id, trials, story }) => {
    const others = new Map<string, TrialReport[]>()
    const key = (trial: TrialReport) => `${trial.experiment} ${trialKey(trial)}`
    for (const trial of lookups.scenarios.find(other => other.id === id)?.trials ?? [])
      others.set(key(trial), [...(others.get(key(trial)) ?? []), trial])
    return trials.flatMap(trial => {
      const other = others.get(key(trial))?.shift()
      const understood = [id, `${id} ${trial.probe}`].some(name => Object.hasOwn(BEYOND_LOOKUPS, name))
      if (!story || !trial.way || understood || other?.outcome !== trial.outcome) return []
      const [seen, said] = [trial.way, other.way].map(way => way && wayText(way, story.topology))
      return seen === said
        ? []
        : [`${id} ${trial.phase} ${trial.probe}: captured ${seen}, by lookups ${said}`]
    })
  })
}

/** A way without what lookups leave out: whether a packet is handed to a bridge, ports of translations, where in a node it is lost. */
function wayText({ stops, answer = [], lost }: MeasuredWay, { nodes }: DrawnTopology): string {
  const address = (text: string) => text.replace(/:\d+$/, '')
  const leg = (some: readonly Stop[]) => {
    let changes = new Set<string>()
    return some.flatMap(({ node, device, direction, source, destination }) => {
      for (const [what, change] of Object.entries({ source, destination }))
        if (change) changes.add(`${what} ${address(change.from)} ${address(change.to)}`)
      if (Object.hasOwn(nodes[node]?.bridges ?? {}, device)) return []
      const text = [`${node}:${device} ${direction}`, ...[...changes].sort()].join(', ')
      changes = new Set()
      return [text]
    })
  }
  return [...leg(stops), 'answer', ...leg(answer), `lost ${lost?.node}`].join('; ')
}

/** Everything that is wrong with the ways of a report, each with its trial. */
export function wayProblems({ scenarios }: Report): string[] {
  return scenarios.flatMap(scenario =>
    scenario.trials.flatMap(trial =>
      Object.hasOwn(UNDERSTOOD, `${scenario.id} ${trial.probe}`)
        ? []
        : problemsOf(scenario, trial).map(text => `${scenario.id} ${trial.phase} ${trial.probe}: ${text}`),
    ),
  )
}

function problemsOf({ story }: ScenarioReport, trial: TrialReport): string[] {
  const { way, outcome, attack = false, mechanism = '' } = trial
  const probe = story && entryOf(story.probes, trial.probe)
  // Some probes send no packets to an address; what was skipped sent none.
  if (!story || probe?.to === undefined || outcome === 'skipped') return []
  if (!way) return ['no way was measured']
  const leaps = [way.stops, way.answer ?? []].flatMap(stops => unwired(stops, story.topology))
  const isLost = outcome === (attack ? 'works' : 'fails')
  const at = entryOf(story.mechanisms, mechanism)?.at
  if (isLost && way.lost?.node !== at?.node)
    leaps.push(`lost at ${way.lost?.node}, and proved at ${at?.node}`)
  if (!isLost) leaps.push(...unfinished(way))
  return leaps
}

function unwired(stops: readonly Stop[], { links }: DrawnTopology): string[] {
  const place = ({ node, device }: { node: string; device: string }) => `${node}:${device}`
  const wired = new Set(links.flatMap(([a, b]) => [`${place(a)} ${place(b)}`, `${place(b)} ${place(a)}`]))
  return stops.flatMap((stop, index) => {
    const before = stops[index - 1]
    if (!before || before.node === stop.node) return []
    const right =
      before.direction === 'out' && stop.direction === 'in' && wired.has(`${place(before)} ${place(stop)}`)
    return right ? [] : [`no link from ${place(before)} to ${place(stop)}`]
  })
}

function unfinished({ stops, answer, lost }: MeasuredWay): string[] {
  const last = (answer ?? stops).at(-1)
  return [
    ...(lost ? [`lost at ${lost.node}, though it works`] : []),
    ...(last?.direction === 'in' ? [] : ['it never comes in anywhere']),
    ...(answer && last?.node !== stops[0]?.node ? [`the answer ends at ${last?.node}`] : []),
  ]
}
