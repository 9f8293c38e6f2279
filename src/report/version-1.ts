/** Reports of version 1, which did not say which experiment a trial was of, nor what their scenarios are about: read, and lifted. */
import { z } from 'zod'
import { PHASES } from '../model/plan.js'
import { REPORT_SCHEMA, type Report, reportSchema, type TrialReport } from '../model/report.js'
import { settingsBeyond } from './words.js'

const { scenarios, ...head } = reportSchema.shape
const { trials, story, phases, retried, ...scenario } = scenarios.element.shape
const { experiment, fix, cause, ...trial } = trials.element.shape

/** What a report of version 1 is. */
export const version1Schema = z.object({
  ...head,
  schema: z.literal('netns-lab.report/1'),
  scenarios: z.array(z.object({ ...scenario, trials: z.array(z.object(trial)) })),
})

type Report1 = z.infer<typeof version1Schema>
type Trial1 = Report1['scenarios'][number]['trials'][number]

/** The same as a report of today. Experiments get names that tell them apart, the same in every report of the same scenarios. */
export function lift(report: Report1): Report {
  return {
    ...report,
    schema: REPORT_SCHEMA,
    scenarios: report.scenarios.map(one => ({ ...one, trials: liftTrials(one.trials) })),
  }
}

function liftTrials(all: readonly Trial1[]): TrialReport[] {
  const lives = livesOf(all)
  const starts = lives.map(([first]) => first?.toggles ?? {})
  return lives.flatMap((life, index) => {
    const base = starts[index] ?? {}
    const name = nameOf(life, base, starts)
    let fixed: Record<string, string> | undefined
    return life.map((trial): TrialReport => {
      if (trial.phase === 'fixed')
        fixed = Object.fromEntries(
          Object.entries(trial.toggles).filter(([toggle, setting]) => base[toggle] !== setting),
        )
      const isFix = trial.phase === 'fixed' || trial.phase === 'reverted'
      return { ...trial, experiment: name, ...(isFix && fixed ? { fix: fixed } : {}) }
    })
  })
}

/** The trials of one topology's life after the other: each begins with its controls. */
function livesOf(all: readonly Trial1[]): Trial1[][] {
  const lives: Trial1[][] = []
  let before: Trial1['phase'] | undefined
  for (const trial of all) {
    const last = lives.at(-1)
    const begins = PHASES.indexOf(trial.phase) === 0 && before !== 'control'
    if (last && !begins) last.push(trial)
    else lives.push([trial])
    before = trial.phase
  }
  return lives
}

/** What tells a life from the others of its scenario: the settings that it starts with, and its first fix. */
function nameOf(
  life: readonly Trial1[],
  base: Readonly<Record<string, string>>,
  starts: readonly Readonly<Record<string, string>>[],
): string {
  const given = Object.entries(base).flatMap(([toggle, setting]) =>
    starts.some(other => other[toggle] !== setting) ? [`${toggle} ${setting}`] : [],
  )
  const fixed = life.find(({ phase }) => phase === 'fixed')
  const first = fixed ? settingsBeyond(fixed.toggles, base) : []
  return (
    [
      ...(given.length > 0 ? [`with ${given.join(', ')}`] : []),
      ...(first.length > 0 ? [`first ${first.join(', ')}`] : []),
    ].join('; ') || 'without a fix'
  )
}
