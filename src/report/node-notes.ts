/** What is configured in a node besides its devices, in short lines for a drawing. */
import type { DrawnNode, DrawnTopology } from '../model/report.js'

/** Notes on a node: what it serves, translates, redirects, routes otherwise than by one table, holds and announces. */
export function describeNode(node: DrawnNode): string[] {
  return [
    ...(node.services ?? []).map(({ protocol, port }) => `serves ${protocol} ${port}`),
    ...(node.iptables?.nat ?? []).flatMap(rule => describeNat(rule) ?? []),
    ...(node.nft ?? []).flatMap(line => describeNft(line) ?? []),
    ...(node.rules ?? []).map(rule => `rule ${rule.replace(/^-6 /, '')}`),
    ...(node.routes ?? []).filter(isParticular),
    ...(node.nextHops ?? []).map(hop => `next hop ${hop}`),
    ...(node.linkOptions ?? []).map(line => line.replace(/ type bridge(_slave)?(?= )/, '')),
    ...new Set((node.tc ?? []).flatMap(line => describeRedirect(line) ?? [])),
    ...(node.packetHold ? [`holds new connections to tcp ${node.packetHold.port}`] : []),
    ...(node.routerAdvertisements ? [`radvd ${node.routerAdvertisements.prefix}`] : []),
  ]
}

/** What is particular about a link's end besides its name and addresses. */
export function linkNotes({ mtu, features = {} }: DrawnTopology['links'][number][0]): string[] {
  return [
    ...(mtu === undefined ? [] : [`mtu ${mtu}`]),
    ...Object.entries(features).map(([feature, value]) => `${feature} ${value}`),
  ]
}

function describeNat(rule: string): string | undefined {
  const option = (name: string) => new RegExp(`${name} (\\S+?)(?:/32)?(?: |$)`).exec(rule)?.[1]
  const port = option('--dport')
  const to = option('--to-destination') ?? option('--to-source')
  const target = option('-j')
  const match = target === 'DNAT' ? option('-d') : option('-s')
  if (target !== 'DNAT' && target !== 'SNAT' && target !== 'MASQUERADE') return undefined
  return [target, `${match ?? 'all'}${port ? `:${port}` : ''}`, ...(to ? ['→', to] : [])].join(' ')
}

/** A rule of nftables without the words that are not the rule's own. */
function describeNft(line: string): string | undefined {
  const [, rule] = /^add rule \S+ \S+ (.*)$/.exec(line) ?? []
  return rule && `nft ${rule}`
}

/** Whether a route is more than a way through the main table. */
function isParticular(route: string): boolean {
  return / (table|nexthop|nhid) /.test(route)
}

function describeRedirect(line: string): string | undefined {
  const [, from, to] = /^filter add dev (\S+) .*redirect dev (\S+)/.exec(line) ?? []
  return from && to ? `tc ${from} → ${to}` : undefined
}
