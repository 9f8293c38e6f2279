/** What the files of this folder share: a source with the words that make its proofs. */
import { z } from 'zod'
import type { EvidenceSource, Finding, Proof, Watch } from '../model/evidence.js'
import { node } from '../model/fields.js'

/** The fields that every proof has. */
export const PROOF_FIELDS = { node: node(), stops: z.literal(false).optional() }
/** The fields of a proof that is seen on one device. */
export const DEVICE_FIELDS = { ...PROOF_FIELDS, device: z.string() }

/** The words by which proofs of a source are written, with the source itself. */
export type Words<W, P extends Proof> = W & { readonly evidence: EvidenceSource<P> }

/** Words that make proofs of a source. */
export function wordsOf<W extends (...args: never) => Proof, P extends Proof>(
  words: W,
  evidence: EvidenceSource<P>,
): Words<W, P> {
  return Object.assign(words, { evidence })
}

/** A proof with words behind it that make another one of it. They are no part of the data. */
export function withWords<P extends Proof, W extends object>(proof: P, words: W): P & W {
  const described = Object.entries(words).map(([word, value]) => [word, { value }] as const)
  return Object.defineProperties({ ...proof }, Object.fromEntries(described)) as P & W
}

/** A watch over something that this machine does not have. */
export function unavailable({ source, node: at }: Proof, why: string): Watch {
  return {
    pollable: false,
    look: (): Finding => ({ source, node: at, state: 'unavailable', says: why }),
  }
}
