/** Per-namespace counters that any user may read: the MIBs of the IP stack, and connection tracking's statistics. */

import type { ConntrackStatProof, EvidenceSource, Finding, MibProof } from '../model/proof.js'
import type { Netns } from '../world/netns.js'
import { momentary } from './momentary.js'

const reading = momentary<Netns, Map<string, number>>()

/** Counters of a namespace by nstat's names (`IpInDelivers`, `TcpExtIPReversePathFilter`, `Icmp6InNeighborSolicits`). */
function readMibs(netns: Netns): Map<string, number> {
  return reading(netns, () => parseMibs(netns))
}

function parseMibs(netns: Netns): Map<string, number> {
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

export const mibSource: EvidenceSource<MibProof> = {
  watch: (proof, { netns }) => watchCounter(proof, proof.counter, () => readMibs(netns(proof.node))),
}

export const conntrackStatSource: EvidenceSource<ConntrackStatProof> = {
  watch: (proof, { netns }) =>
    watchCounter(
      proof,
      `conntrack -S ${proof.counter}`,
      () => readConntrackStatistics(netns(proof.node)),
      proof.counter,
    ),
}

function watchCounter(
  proof: MibProof | ConntrackStatProof,
  label: string,
  read: () => Map<string, number> | undefined,
  name = label,
) {
  const before = read()?.get(name)
  return {
    pollable: true,
    look(): Finding {
      const after = read()?.get(name)
      const { source, node } = proof
      if (before === undefined || after === undefined)
        return { source, node, state: 'unavailable', says: `this kernel does not count ${label}` }
      const delta = after - before
      const least = ('atLeast' in proof ? proof.atLeast : undefined) ?? 1
      return {
        source,
        node,
        state: delta >= least === proof.moves ? 'seen' : 'absent',
        says: `${label} +${delta}`,
      }
    },
  }
}
