/** Sources of evidence that lie: what they would have seen is withheld, or what they have not seen is invented. */
import { sourceOf } from '../../src/evidence/index.js'
import type { EvidenceContext, EvidenceSource, Finding, Proof, Watch } from '../../src/model/evidence.js'
import type { TrialReport } from '../../src/model/report.js'
import type { Scenario } from '../../src/model/scenario.js'

const LIES = ['withholds', 'invents'] as const
type EvidenceLie = (typeof LIES)[number]

/** A source that lies about one proof of a mechanism. */
export interface EvidenceLiar {
  readonly of: 'evidence'
  readonly scenario: Scenario
  readonly mechanism: string
  /** Which of its proofs. */
  readonly proof: number
  readonly lie: EvidenceLie
  /** The source. */
  readonly tool: string
  readonly level: 'basic' | 'full'
}

/** Sources that may have missed what happened: what they withhold is no contradiction. */
const LOSSY: ReadonlySet<string> = new Set(['kernel-log', 'drop', 'fib'])

/** What a finding says that was turned round. */
const MARK = ' (a lie)'

const liars = new WeakMap<Proof, EvidenceLie>()
const patched = new WeakSet<EvidenceSource>()

/** Every liar about a proof of the scenario's mechanisms. */
export function evidenceLiars(scenario: Scenario): EvidenceLiar[] {
  return Object.entries(scenario.mechanisms).flatMap(([mechanism, { proofs }]) =>
    proofs.flatMap((proof, at) =>
      LIES.map(lie => ({
        of: 'evidence' as const,
        scenario,
        mechanism,
        proof: at,
        lie,
        tool: proof.source,
        level: sourceOf(proof).level,
      })),
    ),
  )
}

/** The scenario with the liar in it. A source lies about this proof alone: all others of the process stay as they are. */
export function withLyingSource({ scenario, mechanism: id, proof: at, lie }: EvidenceLiar): Scenario {
  const mechanism = scenario.mechanisms[id]
  const honest = mechanism?.proofs[at]
  if (!mechanism || !honest) throw new Error(`${scenario.id} has no proof ${at} of ${id}`)
  const proof = { ...honest }
  liars.set(proof, lie)
  patch(sourceOf(proof))
  const proofs = mechanism.proofs.with(at, proof)
  return { ...scenario, mechanisms: { ...scenario.mechanisms, [id]: { ...mechanism, proofs } } }
}

/**
 * Whether a trial could have come out otherwise for a lie: one that fails, and an attack that is refused, are explained by what was
 * seen, and one that works must have nothing left of the failure.
 */
export function restsOn({ outcome, verdict, mechanism, evidence }: TrialReport, liar: EvidenceLiar): boolean {
  if (verdict === 'skipped') return false
  const lies = evidence.filter(({ says }) => says.endsWith(MARK))
  if (outcome === 'fails' || mechanism === liar.mechanism)
    return mechanism === liar.mechanism && lies.some(({ state }) => state !== 'seen')
  const proof = liar.scenario.mechanisms[liar.mechanism]?.proofs[liar.proof]
  if (!proof || proof.stops === false || !sourceOf(proof).happens(proof)) return false
  return lies.some(({ state }) => state === 'seen')
}

/** Has a source look at who asks. It is done here, from outside, so that what users run has no place to lie in. */
function patch(source: EvidenceSource): void {
  if (patched.has(source)) return
  patched.add(source)
  const watch = source.watch.bind(source)
  Object.defineProperty(source, 'watch', {
    async value(proof: Proof, context: EvidenceContext): Promise<Watch> {
      const honest = await watch(proof, context)
      const lie = liars.get(proof)
      if (lie === undefined) return honest
      return {
        pollable: honest.pollable,
        look: async () => turned(await honest.look(), source.happens(proof), lie),
      }
    },
  })
}

/** What a source says that lies: whether it saw something, as its proof asks for it or is glad of its absence. */
export function turned(finding: Finding, happens: boolean, lie: EvidenceLie): Finding {
  const { source, state } = finding
  if (state === 'unavailable') return finding
  const sees = lie === 'invents'
  const saw = happens === (state === 'seen')
  if (sees === saw) return finding
  const nothing: Pick<Finding, 'state' | 'complete'> = LOSSY.has(source)
    ? { state: 'not-seen', complete: true }
    : { state: 'absent' }
  const { complete: _, ...rest } = finding
  const now = sees === happens ? { state: 'seen' as const } : nothing
  return { ...rest, ...now, says: `${finding.says}${MARK}` }
}
