/** Every liar that a scenario has to notice, made from its toggles and its rules. */

import type { Experiment, Scenario, Settings } from '../../src/model/scenario.js'
import { PLAIN_IPTABLES } from '../../src/model/steps.js'
import type { ToggleContext } from '../../src/model/toggle.js'
import { defaultSettings } from '../../src/plan/expectations.js'
import type { Change } from './lie.js'
import { stepsTo, toolOf } from './lie.js'
import { liesAbout } from './lies.js'

/** A program that lies whenever a toggle is brought to a setting. */
export interface ToggleLiar {
  readonly of: 'toggle'
  readonly scenario: Scenario
  readonly toggle: string
  readonly setting: string
  /** What it does: `takes it back after 300 ms`. */
  readonly lie: string
  /** The program. */
  readonly tool: string
  /** The experiments that it is tried on. */
  readonly experiments: readonly Experiment[]
}

/** What the steps of a toggle depend on, where it does not matter which one. */
const SOME_CONTEXT = {
  iptables: PLAIN_IPTABLES,
  folder: '/run/folder',
  mac: () => '02:00:00:00:00:01',
} as const

/** What a change of a toggle is lied about with. */
export function changeOf(
  scenario: Scenario,
  toggle: string,
  { to, from, context }: { to: string; from: string | undefined; context: ToggleContext },
): Change {
  const fixes = new Map(
    scenario.experiments.flatMap(({ fixes }) => fixes.flatMap(fix => Object.entries(fix))),
  )
  const steps = stepsTo(scenario.toggles[toggle], to, from, context)
  return {
    scenario: { topology: scenario.topology, toggles: scenario.toggles, fixes: [...fixes] },
    toggle,
    to,
    from,
    context,
    steps: steps.filter(
      step =>
        step.do === 'run' ||
        // The sysctls that a topology begins with are written by the lab itself (planScenario()).
        (step.by === 'tool' && from !== undefined),
    ),
  }
}

/** Every liar about a setting that an experiment of the scenario uses. */
export function toggleLiars(scenario: Scenario): ToggleLiar[] {
  return Object.entries(scenario.toggles).flatMap(([toggle, { settings }]) =>
    settings.flatMap(setting => {
      const experiments = experimentsWith(scenario, toggle, setting)
      const changes = changesTo(scenario, toggle, setting, experiments)
      const lies = new Map(
        changes.flatMap(change =>
          liesAbout(change).map(({ name, tellings }) => {
            const at = tellings.findIndex(telling => telling !== undefined)
            const step = change.steps[Math.max(at, 0)]
            return [name, step ? toolOf(step) : ''] as const
          }),
        ),
      )
      return [...lies].map(([lie, tool]) => ({
        of: 'toggle' as const,
        scenario,
        toggle,
        setting,
        lie,
        tool,
        experiments,
      }))
    }),
  )
}

function baseOf(scenario: Scenario, { given }: Experiment): Settings {
  return { ...defaultSettings(scenario), ...given }
}

/** Experiments in which a toggle is brought to a setting: by a fix or its end where there are such, else by what is given. */
function experimentsWith(scenario: Scenario, toggle: string, setting: string): Experiment[] {
  const changed = scenario.experiments.flatMap(experiment => {
    const base = baseOf(scenario, experiment)[toggle]
    const fixes = experiment.fixes.filter(fix => {
      const fixed = fix[toggle] ?? base
      return fixed !== base && (fixed === setting || base === setting)
    })
    return fixes.length > 0 ? [{ ...experiment, fixes }] : []
  })
  if (changed.length > 0) return changed
  const given = scenario.experiments.find(experiment => baseOf(scenario, experiment)[toggle] === setting)
  return given ? [{ ...given, fixes: given.fixes.slice(0, 1) }] : []
}

/** Every change of a toggle to a setting in some experiments. */
function changesTo(
  scenario: Scenario,
  toggle: string,
  setting: string,
  experiments: readonly Experiment[],
): Change[] {
  return experiments.flatMap(experiment => {
    const base = baseOf(scenario, experiment)
    const own = base[toggle]
    const change = (settings: Settings, from: string | undefined) =>
      changeOf(scenario, toggle, { to: setting, from, context: { ...SOME_CONTEXT, settings } })
    return [
      ...(own === setting ? [change(base, undefined)] : []),
      ...experiment.fixes.flatMap(fix => {
        const fixed = fix[toggle] ?? own
        if (fixed === own) return []
        if (fixed === setting) return [change({ ...base, ...fix }, own)]
        return own === setting ? [change(base, fixed)] : []
      }),
    ]
  })
}
