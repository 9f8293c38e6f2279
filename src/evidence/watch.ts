/** Putting a mechanism under watch, and judging from its proofs whether it was at work. */

import type { EvidenceContext, EvidenceSource, Finding, Mechanism, Proof, Watch } from '../model/proof.js'
import { captureSource } from './capture.js'
import { conntrackEventSource } from './conntrack-events.js'
import { conntrackStatSource, mibSource } from './counters.js'
import { kernelLogSource } from './kernel-log.js'
import { addressSource, conntrackSource, routeSource, ruleCounterSource } from './tables.js'
import { dropSource, fibSource } from './trace-sources.js'

const SOURCES: { readonly [S in Proof['source']]: EvidenceSource<Extract<Proof, { source: S }>> } = {
  address: addressSource,
  conntrack: conntrackSource,
  'conntrack-event': conntrackEventSource,
  'conntrack-stat': conntrackStatSource,
  capture: captureSource,
  drop: dropSource,
  fib: fibSource,
  'kernel-log': kernelLogSource,
  mib: mibSource,
  route: routeSource,
  'rule-counter': ruleCounterSource,
}

/** A mechanism under watch. */
export interface MechanismWatch {
  /** What every proof says now. */
  look(): Promise<Finding[]>
  /**
   * Whether every proof that can be polled says that it happened already; a first look leaves out those that take a
   * program. False when none can be polled.
   */
  happened(first: boolean): Promise<boolean>
}

/** Takes up every proof of a mechanism, before the probe runs. */
export async function watchMechanism(
  mechanism: Mechanism,
  context: EvidenceContext,
): Promise<MechanismWatch> {
  const watches = await Promise.all(mechanism.proofs.map(proof => watchProof(proof, context)))
  const cheap = watches.filter(({ pollable }) => pollable === true)
  const dear = watches.filter(({ pollable }) => pollable === 'dear')
  const eventful = mechanism.proofs.some((proof, index) => isEvent(proof) && watches[index]?.pollable)
  return {
    look: () => Promise.all(watches.map(watch => watch.look())),
    async happened(first) {
      if (!eventful) return false
      if (first && cheap.length === 0) return true
      const findings: Finding[] = []
      for (const some of first ? [cheap] : [cheap, dear]) {
        findings.push(...(await Promise.all(some.map(watch => watch.look()))))
        if (!findings.every(({ state }) => state === 'seen' || state === 'unavailable')) return false
      }
      return first || findings.some(isSeen)
    },
  }
}

function watchProof<P extends Proof>(proof: P, context: EvidenceContext): Promise<Watch> | Watch {
  const source = SOURCES[proof.source] as unknown as EvidenceSource<P>
  return source.watch(proof, context)
}

/** Whether a proof is about something that happens, not about something that stays away. */
function isEvent(proof: Proof | undefined): boolean {
  if (!proof) return false
  if ('moves' in proof) return proof.moves
  return 'present' in proof ? proof.present : true
}

/** What the findings say of the mechanism: at work, not at work, or nothing (no source is available). */
export function judgeMechanism(
  mechanism: Mechanism,
  findings: readonly Finding[],
): 'proved' | 'disproved' | 'unknown' {
  if (findings.some(({ state }) => state === 'absent')) return 'disproved'
  return findings.some(({ state }, index) => state === 'seen' && isEvent(mechanism.proofs[index]))
    ? 'proved'
    : 'unknown'
}

/** Findings that show the mechanism still at work in a trial that its fix repaired. */
export function leftovers(mechanism: Mechanism, findings: readonly Finding[]): Finding[] {
  return findings.filter((finding, index) => {
    const proof = mechanism.proofs[index]
    return isSeen(finding) && isEvent(proof) && proof?.stops !== false
  })
}

function isSeen({ state }: Finding): boolean {
  return state === 'seen'
}
