/** What known machines are made of. */

/** A machine: commands of ip(8), rules, and what it may be exposed to, with the reason. */
export interface KnownMachine {
  /** What made these rules, with its version, or where they are written down. */
  readonly source: string
  readonly ip: readonly string[]
  readonly sysctls?: Readonly<Record<string, string>>
  /** For iptables-restore. */
  readonly iptables?: string
  /** For `nft -f`. */
  readonly nft?: string
  /** For `tc -batch`. */
  readonly tc?: readonly string[]
  /** Ports of UDP that somebody listens on. */
  readonly listens?: readonly number[]
  /** Failures that it really has. */
  readonly exposed: Readonly<Record<string, string>>
}

/** A card with an address and a way out. */
export const card = (address: string) => [
  'link add eth0 type veth peer name uplink',
  'link set uplink up',
  `address add ${address} dev eth0`,
  'link set eth0 up',
  `route add default via ${address.replace(/\d+\/\d+$/, '254')}`,
]
/** A bridge with ports, whose other ends are called guest0, guest1, …, and are moved into a namespace of their own. */
export const bridge = (name: string, address: string, ports: readonly string[]) => [
  `link add ${name} type bridge`,
  `link set ${name} address 02:42:00:00:00:01`,
  `address add ${address} dev ${name}`,
  ...ports.flatMap((port, at) => [
    `link add ${port} type veth peer name guest${at}`,
    `link set ${port} master ${name} up`,
  ]),
  `link set ${name} up`,
]

export const NO_RANDOM =
  'its MASQUERADE has no --random-fully: two containers or guests may get one port, and one loses its SYN'
export const HELPERS = 'this kernel has the helper of TFTP, and no rule gives it to who is behind the NAT'
