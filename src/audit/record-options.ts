/** Options of links, and traffic control, as a topology has them; what it has no words for is named. */
import type { Facts } from './facts.js'

/** What the kernel gives a port of a bridge by itself, by the name that ip-link(8) has for it (new_nbp(), net/bridge/br_if.c). */
const OF_PORTS: Readonly<Record<string, readonly [word: string, usual: string]>> = {
  hairpin_mode: ['hairpin', 'off'],
  guard: ['guard', 'off'],
  root_block: ['root_block', 'off'],
  fastleave: ['fastleave', 'off'],
  learning: ['learning', 'on'],
  flood: ['flood', 'on'],
  proxy_arp: ['proxy_arp', 'off'],
  proxy_arp_wifi: ['proxy_arp_wifi', 'off'],
  mcast_router: ['mcast_router', '1'],
  mcast_flood: ['mcast_flood', 'on'],
  mcast_to_unicast: ['mcast_to_unicast', 'off'],
  bcast_flood: ['bcast_flood', 'on'],
  group_fwd_mask: ['group_fwd_mask', '0'],
  neigh_suppress: ['neigh_suppress', 'off'],
  isolated: ['isolated', 'off'],
  locked: ['locked', 'off'],
}
/** The same of a bridge (br_dev_setup(), net/bridge/br_device.c). */
const OF_BRIDGES: Readonly<Record<string, readonly [word: string, usual: string]>> = {
  forward_delay: ['forward_delay', '1500'],
  stp_state: ['stp_state', '0'],
  priority: ['priority', '32768'],
  group_fwd_mask: ['group_fwd_mask', '0'],
  mcast_router: ['mcast_router', '1'],
  mcast_snooping: ['mcast_snooping', 'on'],
  mcast_query_use_ifaddr: ['mcast_query_use_ifaddr', 'off'],
  mcast_querier: ['mcast_querier', 'off'],
  nf_call_iptables: ['nf_call_iptables', 'off'],
  nf_call_ip6tables: ['nf_call_ip6tables', 'off'],
  nf_call_arptables: ['nf_call_arptables', 'off'],
}
/** What belongs together with something that is not read: VLANs of ports, tunnels. */
const NOT_ALONE: Readonly<Record<string, string>> = { vlan_filtering: 'off', vlan_tunnel: 'off' }
/** A user's own spanning tree (BR_USER_STP), which a program keeps. */
const USER_STP = '2'

interface Device {
  readonly name: string
  readonly option: (what: string) => string | undefined
}

/** Every option that is not the kernel's own, in the words of `ip link set`. */
export function linkOptionsOf(devices: readonly Device[], leave: (what: string) => void): string[] {
  return devices
    .flatMap(({ name, option }) => {
      const kind = option('kind') === 'bridge' ? 'bridge' : 'bridge_slave'
      const isPort = option('master') !== undefined && option('master') !== 'none'
      const options = kind === 'bridge' ? OF_BRIDGES : isPort ? OF_PORTS : {}
      for (const [what, usual] of Object.entries(NOT_ALONE)) {
        const value = option(what)
        if (value !== undefined && value !== usual) leave(`${name}: ${what} ${value}`)
      }
      const words = Object.entries(options).flatMap(([what, [word, usual]]) => {
        const value = option(what)
        if (value === undefined || value === '' || value === usual) return []
        if (what === 'stp_state' && value === USER_STP) {
          leave(`${name}: a spanning tree that a program keeps`)
          return []
        }
        const asNumber = kind === 'bridge' ? value.replace(/^off$/, '0').replace(/^on$/, '1') : value
        return [`${word} ${asNumber}`]
      })
      return [
        ...(words.length > 0 ? [`${name} type ${kind} ${words.join(' ')}`] : []),
        ...(option('promisc') === 'on' ? [`${name} promisc on`] : []),
        ...(option('allmulti') === 'on' ? [`${name} allmulticast on`] : []),
      ]
    })
    .sort()
}

/** A filter whose every word tc(8) takes as it was read. */
const SIMPLE_FILTER =
  /^protocol \S+ pref \d+ u32(?: match u32 0x[\da-f]+ 0x[\da-f]+ at (?:nexthdr\+)?-?\d+)+ action (?:mirred \w+ \w+ dev \S+|csum \w+(?: and \w+)*)$/

/** Filters at the hooks of clsact, as tc(8) takes them. */
export function trafficControlOf(facts: Facts, leave: (what: string) => void): string[] {
  const filters = new Map(facts.beginningWith('filter'))
  const lines: string[] = []
  for (const [name, kind] of facts.beginningWith('qdisc')) {
    const [, device = '', handle = ''] = name.split(' ')
    if (kind !== 'clsact') {
      leave(`${device}: the queueing discipline ${handle} ${kind}, whose options are not read`)
      continue
    }
    lines.push(`qdisc add dev ${device} clsact`)
    for (const hook of ['ingress', 'egress']) {
      const own = filters.get(`filter ${device} ${hook}`)?.split('; ') ?? []
      filters.delete(`filter ${device} ${hook}`)
      if (own.every(filter => SIMPLE_FILTER.test(filter)))
        lines.push(...own.map(filter => `filter add dev ${device} ${hook} ${filter}`))
      else leave(`${device}: filters at ${hook} that are more than matches of u32: ${own.join('; ')}`)
    }
  }
  for (const [name, value] of filters) leave(`${name}: ${value}`)
  return lines.sort((a, b) => Number(b.startsWith('qdisc')) - Number(a.startsWith('qdisc')))
}
