/** What is to be said against the ways that a report has, held against its topologies and the places where mechanisms lose packets. */
import { entryOf } from '../src/base/records.js'
import type { MeasuredWay, Report, ScenarioReport, Stop, TrialReport } from '../src/model/report.js'

/** Why a trial has no way, or one that ends elsewhere than where its mechanism is proved, by scenario and probe. */
const UNDERSTOOD: Readonly<Record<string, string>> = {
  'docker-ra-forwarding host-ping': 'without a route nothing leaves the host',
  'localhost-from-neighbour localhost-nodeport': 'refused before it leaves the node',
  'loopback-published-port published-port': 'refused before it leaves the host',
  'strict-arp-vip client-keeps-vip': 'what the client is asked for is whom it has in its neighbour table',
  'promisc-bridge-duplicates service': 'nothing is lost: it comes twice',
  'snat-port-race source-ports': 'nothing is lost: it is the port that counts',
  'wg-fwmark-rp-filter lan-udp': 'it is sent into the tunnel, and lost at its end',
  'wg-fwmark-rp-filter other-programs-mark-ping': 'so is the answer',
  'vpn-address-from-lan spoofed-server': 'the answer goes to the VPN, which is what gives the victim away',
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

function unwired(
  stops: readonly Stop[],
  { links }: NonNullable<ScenarioReport['story']>['topology'],
): string[] {
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
