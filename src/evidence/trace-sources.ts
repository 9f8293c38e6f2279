/** Drop reasons and route lookups of single packets as evidence. */

import type { DropProof, EvidenceContext, EvidenceSource, FibProof, Finding } from '../model/proof.js'
import { compareKernelVersions, parseKernelVersion } from '../model/version.js'
import type { FibLookup, TracedDrop, TracedPacket } from './trace-events.js'

export const dropSource: EvidenceSource<DropProof> = {
  watch(proof, context) {
    const { source, node } = proof
    const { trace, owner } = context
    if (typeof trace === 'string') return unavailable(proof, trace)
    trace.drain()
    const start = trace.join.drops.length
    const expected = expectedReason(proof, trace.reasons, context.kernel)
    const asExpected = (drop: TracedDrop<unknown>) =>
      (drop.function === undefined || new RegExp(proof.function).test(drop.function)) &&
      (expected === undefined || drop.reason === expected)
    return {
      pollable: false,
      look(): Finding {
        trace.drain()
        const drops = trace.join.drops.slice(start).filter(({ packet }) => isAbout(packet, proof, owner))
        const right = drops.find(asExpected)
        if (right) return { source, node, state: 'seen', says: describeDrop(right) }
        const wrong = drops[0]
        if (wrong)
          return {
            source,
            node,
            state: 'absent',
            says: `${describeDrop(wrong)}; expected was ${proof.function}${expected ? ` with ${expected}` : ''}`,
          }
        return { source, node, state: 'not-seen', says: nothing('drop', proof, trace.join.lost) }
      },
    }
  },
}

export const fibSource: EvidenceSource<FibProof> = {
  watch(proof, { trace, owner }) {
    const { source, node } = proof
    if (typeof trace === 'string') return unavailable(proof, trace)
    trace.drain()
    const start = trace.join.packets.length
    return {
      pollable: false,
      look(): Finding {
        trace.drain()
        const packets = trace.join.packets
          .slice(start)
          .filter(
            packet =>
              isAbout(packet, proof, owner) &&
              (proof.back === undefined ||
                new RegExp(`^(${proof.back})$`).test(reverseLookup(packet)?.device ?? '')),
          )
        // The reverse lookup is what tells most; where strict and loose mode are off, the kernel makes none.
        const packet = packets.find(reverseLookup) ?? packets[0]
        return packet
          ? { source, node, state: 'seen', says: describeLookups(packet) }
          : { source, node, state: 'not-seen', says: nothing('lookup', proof, trace.join.lost) }
      },
    }
  },
}

/** The name that this kernel must give: the newest that it is old enough for, and that its own format knows. */
function expectedReason(
  { reasons = [] }: DropProof,
  known: ReadonlySet<string>,
  kernel: EvidenceContext['kernel'],
): string | undefined {
  return reasons.find(({ name, since }) => {
    const version = parseKernelVersion(since)
    return version !== undefined && compareKernelVersions(kernel, version) >= 0 && known.has(name)
  })?.name
}

function isAbout(packet: TracedPacket<unknown>, proof: DropProof | FibProof, owner: unknown): boolean {
  const lookup = packet.lookups[0]
  return (
    packet.owner === owner &&
    packet.node === proof.node &&
    new RegExp(`^(${proof.device})$`).test(packet.device) &&
    new RegExp(`^(${proof.from})$`).test(lookup?.from ?? '') &&
    new RegExp(`^(${proof.to})$`).test(lookup?.to ?? '')
  )
}

/** The lookup of the way back, which __fib_validate_source() makes with source and destination exchanged and iif lo. */
function reverseLookup({ lookups }: TracedPacket<unknown>): FibLookup | undefined {
  const [forward, ...others] = lookups
  return others.find(({ iif, from, to }) => iif === 1 && from === forward?.to && to === forward.from)
}

function describeDrop({ packet, function: name, reason }: TracedDrop<unknown>): string {
  const { from, to } = packet.lookups[0] ?? { from: '?', to: '?' }
  return `kfree_skb on ${packet.device}, ${from} -> ${to}: location=${name ?? '?'} reason: ${reason ?? '(this kernel names none)'}`
}

function describeLookups(packet: TracedPacket<unknown>): string {
  const back = reverseLookup(packet)
  return [packet.lookups[0], back].flatMap(lookup => (lookup ? [describeLookup(lookup)] : [])).join(' | ')
}

function describeLookup({ table, oif, iif, from, to, device, error }: FibLookup): string {
  return `fib_table_lookup: table ${table} oif ${oif} iif ${iif} ${from} -> ${to} ==> dev ${device} err ${error}`
}

function nothing(what: string, { device, from, to }: DropProof | FibProof, lost: boolean): string {
  return `no ${what} of ${from} -> ${to} on ${device} that could be attributed${lost ? ' (trace events were lost)' : ''}`
}

function unavailable({ source, node }: DropProof | FibProof, why: string) {
  return { pollable: false, look: (): Finding => ({ source, node, state: 'unavailable', says: why }) }
}
