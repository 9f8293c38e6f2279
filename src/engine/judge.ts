/** From what came of a trial to what that means, and from the trials of a scenario to its verdict. */

import { judgeMechanism, leftovers } from '../evidence/index.js'
import type { Finding, Mechanism } from '../model/evidence.js'
import { mustWord, outcomeClause } from '../model/outcome.js'
import type { Phase, TrialPlan } from '../model/plan.js'
import type { ProbeResult } from '../model/probe.js'
import type { ScenarioReport, TrialReport } from '../model/report.js'
import { nameTrial, trialKey, untriedBackends } from '../model/trial.js'
import { resultOf, type Verdict, worstVerdict } from '../model/verdict.js'

/** Findings of one mechanism in one trial. */
export interface MechanismFindings {
  readonly id: string
  readonly mechanism: Mechanism
  readonly findings: readonly Finding[]
}

/** A trial's verdict, and why. */
export interface Judgement {
  readonly verdict: Verdict
  readonly why: string
  /** The mechanism whose evidence was seen. */
  readonly mechanism?: string
}

/** Judges one trial: its outcome against the expectation, and its evidence against the mechanism. */
export function judgeTrial(
  trial: TrialPlan,
  phase: Phase,
  result: ProbeResult,
  evidence: readonly MechanismFindings[],
): Judgement {
  const { expectation } = trial
  const attack = trial.spec.attack ?? false
  const came = (outcome: 'works' | 'fails') => outcomeClause({ outcome, attack })
  const must = mustWord({ expected: expectation.outcome, ...(attack ? { attack } : {}) })
  const good: Verdict = expectation.differs ? 'changed' : 'confirmed'
  const why = expectation.differs
    ? `${expectation.why} The document differs: ${expectation.differs}`
    : expectation.why
  const says = (verdict: Verdict, text: string, mechanism?: string): Judgement => ({
    verdict: phase === 'control' && verdict !== good ? 'error' : verdict,
    why: text,
    ...(mechanism ? { mechanism } : {}),
  })
  if (result.outcome === 'not-triggered') return { verdict: 'skipped', why: `not triggered: ${result.says}` }
  const proved = evidence.filter(
    ({ mechanism, findings }) => judgeMechanism(mechanism, findings) === 'proved',
  )

  if (expectation.outcome === 'fails') {
    if (result.outcome === 'works' && expectation.statistical)
      return { verdict: 'skipped', why: `not triggered: ${result.says}` }
    if (result.outcome === 'works')
      return says(
        'unexpected-pass',
        `${came('works')}, and ${must}: ${expectation.why} It says: ${result.says}`,
      )
    const expected = evidence.find(({ id }) => id === expectation.mechanism)
    if (!expected) return { verdict: good, why }
    const judgement = judgeMechanism(expected.mechanism, expected.findings)
    if (judgement === 'proved') return says(good, why, expected.id)
    const other = proved[0]
    // The kernel itself says which failure it is: the setting does not do its part of what it must.
    if (other && (phase === 'fixed' || phase === 'persisted'))
      return says(
        'regressed',
        `${came('fails')} by ${other.mechanism.title} (${other.mechanism.where}), and with this setting must get as far as ${expected.mechanism.title}: ${expectation.why} It says: ${result.says}`,
        other.id,
      )
    return says(
      'error',
      `${came('fails')} (${result.says}), but not by ${expected.mechanism.title}${other ? `; by ${other.mechanism.title} instead` : ''}: ${contradictions(expected.findings)}`,
    )
  }

  if (result.outcome === 'fails') {
    const cause = proved.find(({ id }) => id !== expectation.refusedBy)
    if (cause)
      return says(
        'regressed',
        `${came('fails')} by ${cause.mechanism.title} (${cause.mechanism.where}), and ${must}: ${expectation.why} It says: ${result.says}`,
        cause.id,
      )
    return says(
      'error',
      `${came('fails')} (${result.says}) and ${must}, without evidence of a known mechanism: ${evidence.map(({ findings }) => contradictions(findings)).join('; ')}`,
    )
  }
  if (expectation.answeredBy !== undefined && result.answeredBy !== expectation.answeredBy)
    return says(
      'regressed',
      `answered by ${result.answeredBy ?? 'nobody'}, not by ${expectation.answeredBy}: ${expectation.why}`,
    )
  if (expectation.serverSaw !== undefined && result.serverSaw !== expectation.serverSaw)
    return says(
      'regressed',
      `the server saw ${result.serverSaw ?? 'nobody'}, not ${expectation.serverSaw}: ${expectation.why}`,
    )
  const refusal = evidence.find(({ id }) => id === expectation.refusedBy)
  const others = evidence.filter(one => one !== refusal)
  const left = others.flatMap(({ mechanism, findings }) => leftovers(mechanism, findings))
  if (left[0])
    return says(
      'error',
      `${came('works')}, but the evidence of the failure goes on: ${left.map(cited).join('; ')}`,
    )
  // What never got there would be refused by nobody.
  if (refusal && judgeMechanism(refusal.mechanism, refusal.findings) !== 'proved')
    return says(
      'error',
      `${came('works')} (${result.says}), but not by ${refusal.mechanism.title}: ${contradictions(refusal.findings)}`,
    )
  return { verdict: good, why, ...(refusal ? { mechanism: refusal.id } : {}) }
}

/** What a mechanism's proofs said against it. */
function contradictions(findings: readonly Finding[]): string {
  const against = findings.filter(({ state }) => state !== 'seen')
  return against.map(cited).join('; ') || 'there is no evidence at all'
}

/** A finding with whom it is from. */
function cited({ source, node, says }: Finding): string {
  return `[${source} ${node}] ${says}`
}

/** A trial that its fix seems to repair says nothing where the failure had not come before, as chance has it. */
export function untriggered(trial: TrialReport, before: readonly TrialReport[]): TrialReport {
  const last = before.findLast(({ probe, phase }) => probe === trial.probe && phase !== 'fixed')
  if (trial.phase !== 'fixed' || last?.verdict !== 'skipped' || trial.outcome !== 'works') return trial
  const why = `not triggered: without the fix, it did not fail either (${last.says})`
  return { ...trial, verdict: 'skipped', ok: true, why }
}

/** The verdict of a scenario from its trials: the worst of them; skipped ones count only when nothing else is there. */
export function judgeScenario(trials: readonly TrialReport[]): Pick<ScenarioReport, 'verdict' | 'reason'> {
  const judged = trials.filter(({ verdict }) => verdict !== 'skipped')
  const untried = untriedBackends(trials)
  const reasons = (own: readonly TrialReport[]) => [...new Set(own.map(({ why }) => why))].join('; ')
  const left = trials.filter(({ verdict }) => verdict === 'skipped')
  const skipped = left.filter(({ iptables }) => !untried.includes(iptables))
  const but = [
    ...(skipped.length > 0 ? [` Skipped: ${reasons(skipped)}.`] : []),
    ...untried.map(
      backend =>
        ` Nothing was tried with iptables-${backend}: ${reasons(left.filter(({ iptables }) => iptables === backend))}.`,
    ),
  ].join('')
  if (judged.length === 0) return { verdict: 'skipped', reason: reasons(left) || 'there was nothing to do' }

  const worst = worstVerdict(judged.map(({ verdict }) => verdict)) ?? 'confirmed'
  const first = judged.find(({ verdict }) => verdict === worst)
  const outcomes = new Map<string, Set<string>>()
  for (const trial of judged) {
    const key = trialKey(trial)
    outcomes.set(key, (outcomes.get(key) ?? new Set()).add(trial.outcome))
  }
  const unstable = [...outcomes].find(([, seen]) => seen.size > 1)
  // The same trial came out both ways: a verdict about the kernel would be a guess, unless the lab itself broke.
  if (unstable && worst !== 'error') {
    const trial = judged.find(candidate => trialKey(candidate) === unstable[0])
    return { verdict: 'flaky', reason: `${trial ? nameTrial(trial) : 'a trial'} came out both ways.${but}` }
  }
  if (worst === 'confirmed')
    return {
      verdict: worst,
      reason: `as documented${untried.length > 0 ? ` with iptables-${judged[0]?.iptables} alone` : ''}, in ${judged.length} trials.${but}`,
    }
  if (worst === 'changed') return { verdict: worst, reason: `${first?.why ?? ''}${but}` }
  // An error says that the lab got nowhere; what it must not hide is what the kernel did say.
  const telling = worst === 'error' ? judged.find(({ verdict }) => resultOf(verdict) === 'fail') : undefined
  const besides = telling ? ` Besides, ${telling.verdict}: ${nameTrial(telling)}: ${telling.why}` : ''
  return { verdict: worst, reason: `${first ? `${nameTrial(first)}: ${first.why}` : ''}${besides}${but}` }
}
