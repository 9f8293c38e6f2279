/** From the settings that a user names to the one experiment that is built for them. */
import { EXIT, LabError } from '../base/errors.js'
import { unknownWord } from '../base/nearest.js'
import { entryOf } from '../base/records.js'
import type { Persistence } from '../model/persistence.js'
import type { ExperimentPlan, IptablesBackend } from '../model/plan.js'
import type { Experiment, Scenario, Settings } from '../model/scenario.js'
import type { IptablesCommands } from '../model/steps.js'
import type { KernelVersion } from '../model/version.js'
import { defaultSettings } from '../plan/expectations.js'
import { ordinaryProbes, planScenario } from '../plan/plan.js'
import { probeOf } from '../probes/index.js'

/** Which of a scenario's states a script shows: the failure, or what the settings make of it. */
export type ScriptPhase = 'broken' | 'fixed'

/** Reads `NAME=SETTING` words; a setting may hold `=` itself. Throws LabError (exit 2) for a toggle or setting that there is not. */
export function parseSettings(scenario: Scenario, words: readonly string[]): Settings {
  return Object.fromEntries(
    words.map(word => {
      const at = word.indexOf('=')
      const name = at < 0 ? word : word.slice(0, at)
      const toggle = entryOf(scenario.toggles, name)
      if (!toggle) throw unknownWord('toggle', name, Object.keys(scenario.toggles))
      if (at < 0)
        throw new LabError(
          `toggle '${name}' has no setting`,
          `write ${name}=SETTING; settings: ${toggle.settings.join(', ')}`,
          EXIT.usage,
        )
      const setting = word.slice(at + 1)
      if (!toggle.settings.includes(setting))
        throw unknownWord(`setting of ${name}`, setting, toggle.settings)
      return [name, setting]
    }),
  )
}

/** Splits settings into what holds from the beginning and what is set to see what it does. */
function split(scenario: Scenario, settings: Settings): { given: Settings; fix: Settings } {
  const defaults = defaultSettings(scenario)
  const has = (fix: Settings | undefined, name: string, setting: string) => fix?.[name] === setting
  // What experiments only ever have as given is a circumstance of the failure, not a remedy for it.
  const isGiven = ([name, setting]: [string, string]) =>
    setting === defaults[name] ||
    (scenario.experiments.some(({ given }) => has(given, name, setting)) &&
      !scenario.experiments.some(({ fixes }) => fixes.some(fix => has(fix, name, setting))))
  const entries = Object.entries(settings)
  return {
    given: Object.fromEntries(entries.filter(isGiven)),
    fix: Object.fromEntries(entries.filter(entry => !isGiven(entry))),
  }
}

export interface PlanChoice {
  readonly settings: Settings
  /** Left out: `fixed` where a setting is one that the scenario tries as a remedy. */
  readonly phase?: ScriptPhase | undefined
  /** Saves and loads the rules of the settings in this way, and shows what is left of them. */
  readonly persist?: Persistence | undefined
  readonly kernel: KernelVersion
  readonly iptables: IptablesBackend
  readonly commands: IptablesCommands
}

/**
 * The plan of one experiment, standing alone: control, broken, and, for phase `fixed`, the settings set and taken back.
 * Probes whose outcome is luck are left out. Throws LabError (exit 2) where the settings make no such phase.
 */
export function planChosen(scenario: Scenario, choice: PlanChoice): ExperimentPlan {
  const { settings, kernel, iptables, commands } = choice
  const parts = split(scenario, settings)
  const phase = choice.phase ?? (Object.keys(parts.fix).length > 0 ? 'fixed' : 'broken')
  if (phase === 'fixed' && Object.keys(parts.fix).length === 0)
    throw new LabError(
      'phase fixed takes a toggle that changes something',
      `name one with --toggle NAME=SETTING; toggles: ${Object.keys(scenario.toggles).join(', ')}`,
      EXIT.usage,
    )
  const given = phase === 'broken' ? settings : parts.given
  const inScript = (id: string) => {
    const spec = scenario.probes[id]
    return spec !== undefined && probeOf(spec).script(commands) !== undefined
  }
  const tried = Object.entries(parts.fix)
  const defaults = defaultSettings(scenario)
  // An experiment that begins elsewhere may have guards that are for what it begins with.
  const beginsHere = (own: Settings = {}) =>
    Object.keys(defaults).every(
      name => name in parts.fix || (own[name] ?? defaults[name]) === (parts.given[name] ?? defaults[name]),
    )
  const guards = scenario.experiments.flatMap(({ fixes, given: own, guards = [] }) =>
    beginsHere(own) && fixes.some(fix => tried.some(([name, setting]) => fix[name] === setting))
      ? guards
      : [],
  )
  const experiment: Experiment = {
    title: `${phase}${Object.entries(settings).map(([name, setting]) => `, ${name} ${setting}`)}`,
    given,
    fixes: phase === 'fixed' ? [parts.fix] : [],
    probes: ordinaryProbes(scenario).filter(inScript),
    guards: [...new Set(guards)].filter(inScript),
  }
  const { persist } = choice
  const plans = planScenario(
    { ...scenario, experiments: [experiment] },
    { kernel, iptables, commands, instance: '', ...(persist ? { persist: [persist] } : {}) },
  )
  const plan = persist ? plans.find(({ phases }) => phases.some(({ persisted }) => persisted)) : plans[0]
  if (!plan && persist)
    throw new LabError(
      `these settings have no rules that ${persist} keeps`,
      'name a toggle that is a rule with --toggle NAME=SETTING; lab explain shows what they set',
      EXIT.usage,
    )
  if (!plan) throw new LabError(`${scenario.id} has nothing to plan`)
  return plan
}
