/** Operations on a node's links, addresses and routes in the words of ip(8): for people, for scripts, and for ip(8) itself. */
import { policyRuleLine } from '../model/policy-rule.js'
import type { NetworkOperation, NewDevice, NextHopObject, Route } from '../model/steps.js'

/** The line of `ip -batch` for an operation. */
export function ipLine(operation: NetworkOperation): string {
  return words(operation).join(' ')
}

/** The lines of `ip -batch` for operations, as its standard input. */
export function ipBatch(operations: readonly NetworkOperation[]): string {
  return operations.map(operation => `${ipLine(operation)}\n`).join('')
}

function words(operation: NetworkOperation): readonly string[] {
  switch (operation.op) {
    case 'add-veth': {
      const { end, peer, peerNetns, bridge } = operation
      return [
        ...['link', 'add', ...device(end), ...ONE_QUEUE],
        ...(bridge === undefined ? [] : ['master', bridge, 'up']),
        ...['type', 'veth', 'peer', 'name', ...device(peer), ...ONE_QUEUE, 'netns', peerNetns],
      ]
    }
    case 'add-bridge':
      return [
        'link',
        'add',
        ...device(operation.bridge),
        'type',
        'bridge',
        'stp_state',
        '0',
        'forward_delay',
        '0',
      ]
    case 'set-link': {
      const { device: name, mac, bridge, up } = operation
      return [
        ...['link', 'set', name],
        ...(mac === undefined ? [] : ['address', mac]),
        ...(bridge === undefined ? [] : ['master', bridge]),
        ...(up ? ['up'] : []),
      ]
    }
    case 'add-address':
      return [
        ...['addr', 'add', operation.address],
        ...(operation.nodad ? ['nodad'] : []),
        ...(operation.noprefixroute ? ['noprefixroute'] : []),
        ...['dev', operation.device],
      ]
    case 'add-next-hop':
      return ['nexthop', 'add', ...nextHopWords(operation.nextHop)]
    case 'add-route':
      return ['route', 'add', ...routeWords(operation.route)]
    case 'add-rule':
      return ['rule', 'add', ...policyRuleLine(operation.rule)]
  }
}

/** A veth pair is born with a queue for each CPU otherwise, which takes time that nothing needs here. */
const ONE_QUEUE = ['numtxqueues', '1', 'numrxqueues', '1']

function device({ name, index, mac, mtu }: NewDevice): string[] {
  return [
    name,
    ...(index === undefined ? [] : ['index', String(index)]),
    ...(mac === undefined ? [] : ['address', mac]),
    ...(mtu === undefined ? [] : ['mtu', String(mtu)]),
  ]
}

/** A route as `ip route add` takes it. */
function routeWords(route: Route): string[] {
  const {
    type,
    to,
    table,
    metric,
    source,
    onlink,
    mtu,
    advmss,
    rtoMin,
    nextHopId,
    nextHops = [],
    more = [],
  } = route
  return [
    ...(type === undefined ? [] : [type]),
    to,
    ...wayWords(route),
    ...(onlink ? ['onlink'] : []),
    ...(table === undefined ? [] : ['table', table]),
    ...(metric === undefined ? [] : ['metric', String(metric)]),
    ...(source === undefined ? [] : ['src', source]),
    ...(nextHopId === undefined ? [] : ['nhid', String(nextHopId)]),
    ...(mtu === undefined ? [] : ['mtu', String(mtu)]),
    ...(advmss === undefined ? [] : ['advmss', String(advmss)]),
    ...(rtoMin === undefined ? [] : ['rto_min', `${rtoMin}ms`]),
    ...more,
    // All that follows is about next hops (parse_nexthops(), iproute2's ip/iproute.c).
    ...nextHops.flatMap(hop => [
      'nexthop',
      ...wayWords(hop),
      ...(hop.weight === undefined ? [] : ['weight', String(hop.weight)]),
    ]),
  ]
}

function nextHopWords(nextHop: NextHopObject): string[] {
  const { id, group } = nextHop
  return ['id', String(id), ...wayWords(nextHop), ...(group === undefined ? [] : ['group', group.join('/')])]
}

function wayWords({ via, device: dev }: Pick<Route, 'via' | 'device'>): string[] {
  return [...(via === undefined ? [] : ['via', via]), ...(dev === undefined ? [] : ['dev', dev])]
}
