/** A topology as plain data: network namespaces, the veth pairs between them, and what is configured in each. */

/** A device of a node, as `node:device`. */
export type Place<N extends string = string> = `${N}:${string}`

/** One end of a veth pair as a scenario writes it: its place, or its place with what is particular about it. */
export type LinkEndDefinition<N extends string = string> =
  | Place<N>
  | ({ readonly end: Place<N> } & Omit<LinkEnd, 'node' | 'device'>)

/** A node as a scenario writes it: what has one address on a device, and one way out, says it in a word each. */
export interface NodeDefinition extends Omit<Node, 'addresses'> {
  /**
   * Addresses with prefix length by device, one or several; `lo` is a device, too. ` nodad` behind one skips duplicate address
   * detection, ` noprefixroute` the route to its prefix.
   */
  readonly addresses?: Readonly<Record<string, string | readonly string[]>>
  /** Where the default route goes. */
  readonly gateway?: string
}

/** A topology as a scenario writes it. */
export interface TopologyDefinition<N extends string = string> {
  readonly nodes: Readonly<Record<N, NodeDefinition>>
  readonly links: readonly (readonly [LinkEndDefinition<NoInfer<N>>, LinkEndDefinition<NoInfer<N>>])[]
}

/** One end of a veth pair. */
export interface LinkEnd {
  readonly node: string
  readonly device: string
  /** The document's MAC address. Left out, each run gives the device one of its own, so that log lines tell runs apart. */
  readonly mac?: string
  /** The document's MAC address where nothing depends on it but how the failure reads: a run, which has several, gives each its own. */
  readonly documentMac?: string
  /** The longest packet that the device takes, in bytes; 1500 when left out. It bounds what is sent, not what comes in. */
  readonly mtu?: number
  /** Set for an end that is left down, so that the other one has no carrier. */
  readonly down?: true
  /** What of the device's features (offloads) is to be on or off, by the names that `ethtool -k` has for them. */
  readonly features?: Readonly<Record<string, 'on' | 'off'>>
}

/** A Linux bridge inside a node. */
interface Bridge {
  /** Devices of this node that become its ports. */
  readonly ports: readonly string[]
  readonly mac?: string
}

/** A server that a node runs while the topology stands. */
interface Service {
  readonly protocol: 'tcp' | 'udp'
  /** Address that it binds to; `0.0.0.0` when left out. */
  readonly address?: string
  readonly port: number
}

/** radvd in a node, sending router advertisements from `device` for `prefix`. */
interface RouterAdvertisements {
  readonly device: string
  readonly prefix: string
}

/** Holding new TCP connections to `port` that leave by `device` in a netfilter queue, after source NAT and before they are confirmed. */
export interface PacketHold {
  readonly device: string
  readonly port: number
  readonly queue: number
}

/** One network namespace. */
export interface Node {
  /** What it stands for in the document: `the VM`, `the Neutron router`. */
  readonly is: string
  /** Whether IPv6 is on. Off unless the scenario is about it: its neighbour discovery is noise elsewhere. */
  readonly ipv6?: boolean
  readonly bridges?: Readonly<Record<string, Bridge>>
  /** MAC address of `lo`, for topologies that send its frames out of another device. */
  readonly loopbackMac?: string
  /** Addresses with prefix length by device; `lo` is one too. Behind each, ` nodad` and ` noprefixroute` where they are wanted. */
  readonly addresses?: Readonly<Record<string, readonly string[]>>
  /** Next hop objects as `ip nexthop add` takes them: `id 1 via 10.1.1.1 dev eth0`, `id 9 group 1/2`. */
  readonly nextHops?: readonly string[]
  /** Routes as `ip route add` takes them: `default via 172.16.0.1`, `default table 300 nexthop via 10.1.1.1 nexthop via 10.1.2.1`. */
  readonly routes?: readonly string[]
  /** Policy rules as `ip rule add` takes them: `from 10.0.1.20 lookup 2`; with `-6` in front those of IPv6. */
  readonly rules?: readonly string[]
  /** Sysctls on top of the neutral ones that every node gets. */
  readonly sysctls?: Readonly<Record<string, string | number>>
  /** Rules by table, as iptables-save writes them: `-A PREROUTING -d … -j DNAT …`; and policies: `-P FORWARD DROP`. */
  readonly iptables?: Readonly<Record<string, readonly string[]>>
  /** The same of ip6tables. */
  readonly ip6tables?: Readonly<Record<string, readonly string[]>>
  /** nftables beside them: command lines without the leading `nft`, which only add. */
  readonly nft?: readonly string[]
  /**
   * Options of its devices as `ip link set` takes them, once all is up: `veth-web type bridge_slave hairpin on`, `br0 type bridge stp_state 1`,
   * `br0 promisc on`. For a machine as it is: what a scenario tries is a toggle.
   */
  readonly linkOptions?: readonly string[]
  /** `tc` command lines without the leading `tc`. */
  readonly tc?: readonly string[]
  readonly services?: readonly Service[]
  readonly packetHold?: PacketHold
  readonly routerAdvertisements?: RouterAdvertisements
}

export interface Topology {
  readonly nodes: Readonly<Record<string, Node>>
  readonly links: readonly (readonly [LinkEnd, LinkEnd])[]
}

/** The two parts of a place; the device is empty where there is no colon. */
export function partsOf(place: string): { readonly node: string; readonly device: string } {
  const at = place.indexOf(':')
  return at < 0 ? { node: place, device: '' } : { node: place.slice(0, at), device: place.slice(at + 1) }
}
