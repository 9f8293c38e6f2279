/** What the sources of evidence have in common: finding one, and judging a mechanism from what its proofs say. */
import { unknownWord } from '../base/nearest.js'
import type {
  EvidenceContext,
  EvidenceLevel,
  EvidenceSource,
  Finding,
  Mechanism,
  Observer,
  Proof,
  Watch,
} from '../model/evidence.js'
import { partsOf } from '../model/topology.js'
import { conntrackEventObserver } from './conntrack-event.js'
import * as WORDS from './registry.js'

const SOURCES: ReadonlyMap<string, EvidenceSource> = new Map(
  Object.values(WORDS).map(({ evidence }) => [evidence.source, evidence as unknown as EvidenceSource]),
)

/** The source of a proof. Throws LabError for a name that none has. */
export function sourceOf({ source }: Pick<Proof, 'source'>): EvidenceSource {
  const found = SOURCES.get(source)
  if (!found) throw unknownWord('source of evidence', source, [...SOURCES.keys()])
  return found
}

/** What has to be opened for the sources of a level, and for the ways of packets. */
export function observersOf(level: EvidenceLevel): Observer<unknown>[] {
  return [
    ...new Set([
      ...[...SOURCES.values()].flatMap(source => (isAsked(source, level) ? (source.observer ?? []) : [])),
      ...(isAsked(conntrackEventObserver, level) ? [conntrackEventObserver] : []),
    ]),
  ]
}

/** Whether a source, or what has to be opened for it, is used at a level. */
export function isAsked({ level }: { readonly level: 'basic' | 'full' }, at: EvidenceLevel): boolean {
  return at === 'full' || at === level
}

/** A mechanism under watch. */
export interface MechanismWatch {
  /** What every proof says now. */
  look(): Promise<Finding[]>
  /** Whether every proof that can be polled says that it happened already. False when none can be polled. */
  happened(): Promise<boolean>
}

/** Takes up every proof of a mechanism, before the probe runs. */
export async function watchMechanism(
  mechanism: Mechanism,
  context: EvidenceContext,
): Promise<MechanismWatch> {
  const watches = await Promise.all(mechanism.proofs.map(proof => watchProof(proof, context)))
  const polled = watches.filter(({ pollable }) => pollable)
  const eventful = mechanism.proofs.some((proof, index) => happens(proof) && watches[index]?.pollable)
  return {
    look: () => Promise.all(watches.map(watch => watch.look())),
    async happened() {
      if (!eventful) return false
      let seen = false
      for (const watch of polled) {
        const finding = await watch.look()
        // There is no need to look at the rest.
        if (finding.state === 'absent') return false
        seen ||= isSeen(finding)
      }
      return seen
    },
  }
}

function watchProof(proof: Proof, context: EvidenceContext): Promise<Watch> | Watch {
  return sourceOf(proof).watch(proof, context)
}

/** Whether a proof is about something that happens, not about something that stays away. */
function happens(proof: Proof | undefined): boolean {
  return proof !== undefined && sourceOf(proof).happens(proof)
}

/** Whether a proof is the kernel's own account of a loss, and no count that something else may have moved. */
export function isOwnAccount(proof: Proof): boolean {
  return sourceOf(proof).isOwnAccount?.(proof) ?? false
}

/** What the findings say of the mechanism: at work, not at work, or nothing (no source is available). */
export function judgeMechanism(
  mechanism: Mechanism,
  findings: readonly Finding[],
): 'proved' | 'disproved' | 'unknown' {
  if (findings.some(({ state }) => state === 'absent')) return 'disproved'
  return findings.some(({ state }, index) => state === 'seen' && happens(mechanism.proofs[index]))
    ? 'proved'
    : 'unknown'
}

/** The findings about something that happened, without those about something that stayed away. */
export function happenings({ proofs }: Mechanism, findings: readonly Finding[]): Finding[] {
  return findings.filter((_, index) => happens(proofs[index]))
}

/** Findings that show the mechanism still at work in a trial that its fix repaired. */
export function leftovers(mechanism: Mechanism, findings: readonly Finding[]): Finding[] {
  return findings.filter((finding, index) => {
    const proof = mechanism.proofs[index]
    return isSeen(finding) && happens(proof) && proof?.stops !== false
  })
}

function isSeen({ state }: Finding): boolean {
  return state === 'seen'
}

/** What says most about a failure, in a line: where, and how clearly (1 is best). Undefined where nothing was seen. */
export function clearest(
  findings: readonly Finding[],
):
  | { readonly node: string; readonly device?: string; readonly says: string; readonly clarity: number }
  | undefined {
  const seen = findings.filter(isSeen)
  const clarity = (finding: Finding) => sourceOf(finding).clarity ?? UNCLEAR
  const best = Math.min(...seen.map(clarity))
  const [first, ...others] = seen.filter(finding => clarity(finding) === best)
  if (!first) return undefined
  const source = sourceOf(first)
  const same = others.filter(finding => finding.source === first.source)
  const told = source.tells?.([first, ...same]) ?? { says: first.says.split(' | ')[0] ?? first.says }
  return { node: first.node, ...told, clarity: best }
}

const UNCLEAR = 9

/** Where a mechanism loses the packet: where it says so, else the device that those of its proofs look at which know best. */
export function placeOfLoss({
  at: said,
  proofs,
}: Mechanism): { readonly node: string; readonly device?: string } | undefined {
  if (said !== undefined) return partsOf(said)
  const located = proofs.flatMap(proof => {
    const at = sourceOf(proof).locates?.(proof)
    return at ? [{ node: proof.node, ...at }] : []
  })
  const best = located.sort((a, b) => a.rank - b.rank)[0]
  const [first] = proofs
  if (best) return { node: best.node, device: best.device }
  return first && { node: first.node }
}
