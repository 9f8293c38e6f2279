/** What any user may read of a network namespace under /proc/net: counters, connection tracking, IPv6 addresses. */
import { ipv6Text } from './libc.js'
import type { Netns } from './netns.js'

/** Counters of a namespace by nstat's names (`IpInDelivers`, `TcpExtIPReversePathFilter`, `Icmp6InNeighborSolicits`). */
export function readMibs(netns: Netns): Map<string, number> {
  const counters = new Map<string, number>()
  for (const file of ['netstat', 'snmp']) {
    const lines = netns.readProc(file)?.split('\n') ?? []
    for (let i = 0; i + 1 < lines.length; i += 2) {
      const [group = '', ...names] = (lines[i] ?? '').split(' ')
      const values = (lines[i + 1] ?? '').split(' ').slice(1)
      for (const [index, name] of names.entries())
        counters.set(group.slice(0, -1) + name, Number(values[index]))
    }
  }
  for (const line of netns.readProc('snmp6')?.split('\n') ?? []) {
    const [name, value] = line.split(/\s+/)
    if (name) counters.set(name, Number(value))
  }
  return counters
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
