/** Experiments that are not begun. */
import type { Missing } from '../kernel/capabilities.js'
import type { ExperimentPlan } from '../model/plan.js'
import type { TrialReport } from '../model/report.js'
import { trialReport } from './experiment.js'

/** The trials of an experiment that cannot be tried: skipped for what is missing, in error where that is not known. */
export function untriedTrials(
  plan: ExperimentPlan,
  repetition: number,
  lacks: readonly Missing[],
): TrialReport[] {
  const why = lacks.map(({ why }) => why).join('; ')
  const verdict = lacks.every(({ undecided }) => undecided) ? 'error' : 'skipped'
  return plan.phases.flatMap(phase =>
    phase.trials.map(trial =>
      trialReport(trial, phase, plan, repetition, {
        outcome: verdict,
        says: `not run: ${why}`,
        ok: verdict === 'skipped',
        verdict,
        why,
        evidence: [],
        elapsedMs: 0,
      }),
    ),
  )
}
