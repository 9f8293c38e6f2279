/** What any user may read of a network namespace under /proc/net: counters, connection tracking, IPv6 addresses. */
import { ipv6Text } from './libc.js'
import type { Netns } from './netns.js'

/**
 * The counters of a namespace by nstat's names (`IpInDelivers`, `TcpExtIPReversePathFilter`, `Icmp6InNeighborSolicits`), as
 * they are when each of its files is first asked for.
 */
export class Mibs {
  readonly #texts = new Map<string, string>()

  constructor(private readonly netns: Netns) {}

  /** A counter, or undefined where the kernel has none of that name. */
  get(name: string): number | undefined {
    // snmp6_seq_show() has a line for each; the others have one of names and one of values for each group.
    if (/^(Ip|Icmp|Udp|UdpLite)6/.test(name)) {
      const value = new RegExp(`^${name}\\s+(\\d+)`, 'm').exec(this.#text('snmp6'))?.[1]
      return value === undefined ? undefined : Number(value)
    }
    const lines = this.#text(/^[A-Za-z]+Ext/.test(name) ? 'netstat' : 'snmp').split('\n')
    for (let at = 0; at + 1 < lines.length; at += 2) {
      const line = lines[at] ?? ''
      const group = line.slice(0, line.indexOf(':'))
      if (!name.startsWith(group)) continue
      const place = line.split(' ').indexOf(name.slice(group.length))
      if (place > 0) return Number(lines[at + 1]?.split(' ')[place])
    }
    return undefined
  }

  #text(file: string): string {
    const text = this.#texts.get(file) ?? this.netns.readProc(file) ?? ''
    this.#texts.set(file, text)
    return text
  }
}

/** `conntrack -S` summed over the CPUs (ct_cpu_seq_show, net/netfilter/nf_conntrack_standalone.c); undefined without procfs support. */
export function readConntrackStatistics(netns: Netns): Map<string, number> | undefined {
  const text = netns.readProc('stat/nf_conntrack')
  if (text === undefined) return undefined
  const [header = '', ...rows] = text.trim().split('\n')
  const names = header.trim().split(/\s+/)
  const sums = new Map<string, number>()
  for (const row of rows)
    for (const [index, value] of row.trim().split(/\s+/).entries()) {
      const name = names[index]
      if (name) sums.set(name, (sums.get(name) ?? 0) + Number.parseInt(value, 16))
    }
  return sums
}

/** An address as /proc/net/if_inet6 has it (if6_seq_show, net/ipv6/addrconf.c). */
export interface DeviceAddress {
  readonly address: string
  readonly device: string
  readonly tentative: boolean
  readonly dadFailed: boolean
}

const IFA_F_DADFAILED = 0x08
const IFA_F_TENTATIVE = 0x40

/** The IPv6 addresses of a namespace's devices. */
export function readIpv6Addresses(netns: Netns): DeviceAddress[] {
  const lines = netns.readProc('if_inet6')?.trim().split('\n') ?? []
  return lines.flatMap(line => {
    const [hex, , , , flagsHex, device] = line.split(/ +/)
    if (!hex || !flagsHex || !device) return []
    const flags = Number.parseInt(flagsHex, 16)
    return [
      {
        address: ipv6Text(Buffer.from(hex, 'hex')),
        device,
        tentative: (flags & IFA_F_TENTATIVE) !== 0,
        dadFailed: (flags & IFA_F_DADFAILED) !== 0,
      },
    ]
  })
}

/** Whether a device has joined an IPv6 multicast group: what igmp6_mc_seq_show() in net/ipv6/mcast.c says. */
export function isMulticastMember(netns: Netns, device: number, group: Buffer): boolean {
  const member = new RegExp(`^${device}\\s+\\S+\\s+${group.toString('hex')}\\s`, 'm')
  return member.test(netns.readProc('igmp6') ?? '')
}
