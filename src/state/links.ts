/** The settings of links, as rtnetlink says them (rtnl_fill_ifinfo(), net/core/rtnetlink.c). */
import { macText } from '../base/addresses.js'
import { attributes, type NetlinkSocket, NLM_F, RTM } from '../world/rtnetlink.js'

const IFLA = {
  address: 1,
  name: 3,
  mtu: 4,
  link: 5,
  qdisc: 6,
  master: 10,
  linkInfo: 18,
  promiscuity: 30,
  extMask: 29,
}
const IFLA_INFO = { kind: 1, data: 2, slaveData: 5 }
const RTEXT_FILTER_SKIP_STATS = Buffer.from([8, 0, 0, 0])
/** Flags that somebody sets (linux/if.h); the others follow from what the device does. */
const FLAGS = { up: 1, noarp: 0x80, promisc: 0x100, allmulti: 0x200 }

/** A number in an attribute: how it is read, and what it is called. */
interface Field {
  readonly name: string
  readonly bytes: 1 | 2 | 4
  /** Whether it is said as off and on. */
  readonly flag?: true
}

const flag = (name: string): Field => ({ name, bytes: 1, flag: true })
const number = (name: string, bytes: 1 | 2 | 4): Field => ({ name, bytes })

/** IFLA_BRPORT_* (linux/if_link.h) that are settings. */
const PORT: Readonly<Record<number, Field>> = {
  2: number('priority', 2),
  3: number('cost', 4),
  4: flag('hairpin_mode'),
  5: flag('guard'),
  6: flag('root_block'),
  7: flag('fastleave'),
  8: flag('learning'),
  9: flag('flood'),
  10: flag('proxy_arp'),
  11: flag('learning_sync'),
  12: flag('proxy_arp_wifi'),
  25: number('mcast_router', 1),
  27: flag('mcast_flood'),
  28: flag('mcast_to_unicast'),
  29: flag('vlan_tunnel'),
  30: flag('bcast_flood'),
  31: number('group_fwd_mask', 2),
  32: flag('neigh_suppress'),
  33: flag('isolated'),
  38: flag('locked'),
  42: flag('neigh_vlan_suppress'),
}

/** IFLA_BR_* (linux/if_link.h) that are settings. */
const BRIDGE: Readonly<Record<number, Field>> = {
  1: number('forward_delay', 4),
  5: number('stp_state', 4),
  6: number('priority', 2),
  7: flag('vlan_filtering'),
  9: number('group_fwd_mask', 2),
  22: number('mcast_router', 1),
  23: flag('mcast_snooping'),
  24: flag('mcast_query_use_ifaddr'),
  25: flag('mcast_querier'),
  36: flag('nf_call_iptables'),
  37: flag('nf_call_ip6tables'),
  38: flag('nf_call_arptables'),
  39: number('default_pvid', 2),
}

/** LOWER_UP (linux/if.h). */
const IFF_LOWER_UP = 0x10000
const IFLA_BR_MCAST_QUERIER_STATE = 47
const BRIDGE_QUERIER_IPV6_ADDRESS = 5

/**
 * Every link of a namespace with its settings: `link vnet0 hairpin_mode` is `on`. With `every` also what it is besides: its index, whether
 * it has a carrier, the index of a veth's other end, and whether a bridge has heard another querier of MLD.
 */
export function readLinks(socket: NetlinkSocket, into: Map<string, string>, every = false): void {
  const mask = Buffer.concat([Buffer.from([8, 0, IFLA.extMask, 0]), RTEXT_FILTER_SKIP_STATS])
  const messages = socket.ask({
    type: RTM.getLink,
    flags: NLM_F.dump,
    body: Buffer.concat([Buffer.alloc(16), mask]),
  })
  const names = new Map<number, string>()
  const links = messages.map(message => {
    const found = attributes(message.subarray(16))
    const name = text(found.get(IFLA.name))
    names.set(message.readInt32LE(4), name)
    return { name, index: message.readInt32LE(4), flags: message.readUInt32LE(8), found }
  })
  for (const { name, index, flags, found } of links) {
    const set = (what: string, value: string) => into.set(`link ${name} ${what}`, value)
    for (const [word, bit] of Object.entries(FLAGS)) set(word, (flags & bit) === 0 ? 'off' : 'on')
    set('mtu', String(found.get(IFLA.mtu)?.readUInt32LE() ?? ''))
    const mac = found.get(IFLA.address)
    if (mac) set('address', macText(mac))
    const master = found.get(IFLA.master)?.readUInt32LE()
    if (master !== undefined) set('master', names.get(master) ?? String(master))
    const qdisc = text(found.get(IFLA.qdisc))
    if (qdisc !== 'noop') set('qdisc', qdisc)
    const info = attributes(found.get(IFLA.linkInfo))
    const kind = text(info.get(IFLA_INFO.kind))
    if (kind) set('kind', kind)
    if (kind === 'bridge') readFields(attributes(info.get(IFLA_INFO.data)), BRIDGE, set)
    if (every) {
      set('index', String(index))
      set('carrier', (flags & IFF_LOWER_UP) === 0 ? 'off' : 'on')
      const other = found.get(IFLA.link)?.readUInt32LE()
      if (kind === 'veth' && other !== undefined) set('other-end', String(other))
      const querier = attributes(attributes(info.get(IFLA_INFO.data)).get(IFLA_BR_MCAST_QUERIER_STATE))
      if (kind === 'bridge') set('mld-querier', querier.has(BRIDGE_QUERIER_IPV6_ADDRESS) ? 'heard' : 'none')
    }
    const port = info.get(IFLA_INFO.slaveData)
    if (port) readFields(attributes(port), PORT, set)
  }
}

function readFields(
  found: ReadonlyMap<number, Buffer>,
  fields: Readonly<Record<number, Field>>,
  set: (what: string, value: string) => void,
): void {
  for (const [type, { name, bytes, flag: isFlag }] of Object.entries(fields)) {
    const value = found.get(Number(type))
    if (!value || value.length < bytes) continue
    const read = value.readUIntLE(0, bytes)
    set(name, isFlag ? (read === 0 ? 'off' : 'on') : String(read))
  }
}

function text(bytes: Buffer | undefined): string {
  return bytes?.toString('latin1').replace(/\0.*$/s, '') ?? ''
}
