/** From the settings that a user names to the one experiment that is built for them. */
import { EXIT, LabError } from '../base/errors.js'
import { unknownWord } from '../base/nearest.js'
import { entryOf } from '../base/records.js'
import type { Persistence } from '../model/persistence.js'
import type { ExperimentPlan, IptablesBackend, PhasePlan, TrialPlan } from '../model/plan.js'
import type { Experiment, Scenario, Settings } from '../model/scenario.js'
import type { IptablesCommands } from '../model/steps.js'
import type { KernelVersion } from '../model/version.js'
import { defaultSettings } from '../plan/expectations.js'
import { ordinaryProbes, type PlanOptions, planScenario } from '../plan/plan.js'
import { probeOf } from '../probes/index.js'

/** Which of a scenario's states a script shows: the failure alone, or what the fixes, or the settings that are named, make of it. */
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
  /** Left out: `fixed` where a setting is one that the scenario tries as a remedy, or where it has remedies for these circumstances. */
  readonly phase?: ScriptPhase | undefined
  /** Saves and loads the rules of the settings in this way, and shows what is left of them. */
  readonly persist?: Persistence | undefined
  readonly kernel: KernelVersion
  readonly iptables: IptablesBackend
  readonly commands: IptablesCommands
}

/**
 * The plan of one topology, standing alone: control, broken, and, for phase `fixed`, the settings set and taken back; where none
 * of them is a remedy, each remedy that the scenario tries under these circumstances, one after the other. Probes whose outcome is
 * luck are left out. Throws LabError (exit 2) where the settings make no such phase.
 */
export function planChosen(scenario: Scenario, choice: PlanChoice): ExperimentPlan {
  const { settings, kernel, iptables, commands, persist } = choice
  const { given, fix } = split(scenario, settings)
  const named = Object.keys(fix).length > 0
  const circumstances = choice.phase === 'broken' ? settings : given
  const experiments =
    choice.phase === 'broken'
      ? [{ fixes: [] }]
      : named
        ? [experimentOf(scenario, given, fix)]
        : remediesAt(scenario, given)
  const title = `${choice.phase ?? (named ? 'fixed' : 'broken')}${Object.entries(settings).map(([name, setting]) => `, ${name} ${setting}`)}`
  const plan = planTogether(
    {
      ...scenario,
      experiments: experiments.map((experiment, at) => ({
        ...forScript(scenario, experiment, commands),
        given: circumstances,
        title: at === 0 ? title : `${title}, ${at + 1}`,
      })),
    },
    { kernel, iptables, commands, instance: '', ...(persist ? { persist: [persist] } : {}) },
  )
  const fixed = plan?.phases.some(({ phase }) => phase === 'fixed')
  if (plan && (choice.phase !== 'fixed' || fixed)) return plan
  if (persist)
    throw new LabError(
      `these settings have no rules that ${persist} keeps`,
      'name a toggle that is a rule with --toggle NAME=SETTING; lab explain shows what they set',
      EXIT.usage,
    )
  throw new LabError(
    'phase fixed takes a toggle that changes something',
    `name one with --toggle NAME=SETTING; toggles: ${Object.keys(scenario.toggles).join(', ')}`,
    EXIT.usage,
  )
}

/** What the scenario tries under these circumstances; nothing but the failure where it tries nothing. */
function remediesAt(scenario: Scenario, given: Settings): readonly Omit<Experiment, 'title'>[] {
  const here = scenario.experiments.filter(({ given: own }) => beginsAt(scenario, own, given))
  return here.length > 0 ? here : [{ fixes: [] }]
}

/** Whether an experiment has these settings given, but for toggles in `beside`. */
function beginsAt(scenario: Scenario, own: Settings = {}, given: Settings, beside: Settings = {}): boolean {
  const defaults = defaultSettings(scenario)
  return Object.keys(defaults).every(
    name => name in beside || (own[name] ?? defaults[name]) === (given[name] ?? defaults[name]),
  )
}

/** An experiment of these settings. One that begins elsewhere may have guards that are for what it begins with. */
function experimentOf(scenario: Scenario, given: Settings, fix: Settings): Omit<Experiment, 'title'> {
  const tried = Object.entries(fix)
  const guards = scenario.experiments.flatMap(({ fixes, given: own, guards = [] }) =>
    beginsAt(scenario, own, given, fix) &&
    fixes.some(other => tried.some(([name, setting]) => other[name] === setting))
      ? guards
      : [],
  )
  return { fixes: [fix], guards }
}

/** What of an experiment a script can do. */
function forScript(
  scenario: Scenario,
  { fixes, probes = ordinaryProbes(scenario), guards = [], fresh }: Omit<Experiment, 'title'>,
  commands: IptablesCommands,
): Omit<Experiment, 'title'> {
  const inScript = (id: string) => {
    const spec = scenario.probes[id]
    return spec !== undefined && probeOf(spec).script(commands) !== undefined
  }
  return {
    fixes,
    probes: probes.filter(inScript),
    guards: [...new Set(guards)].filter(inScript),
    ...(fresh ? { fresh } : {}),
  }
}

/**
 * The experiments of a scenario as one plan; with a way to persist, the one that has something to. Those that take more of a machine
 * than the first one are left out: who lacks it can still have the rest. A later phase `control` begins with a topology made anew.
 */
function planTogether(scenario: Scenario, options: PlanOptions): ExperimentPlan | undefined {
  const all = scenario.experiments.flatMap(experiment =>
    planScenario({ ...scenario, experiments: [experiment] }, options).map(plan => ({
      ...plan,
      fresh: experiment.fresh ?? false,
    })),
  )
  if (options.persist) return all.find(({ phases }) => phases.some(({ persisted }) => persisted))
  const [first] = all
  if (!first) return undefined
  const plans = all.filter(({ needs }) => needs.every(need => first.needs.includes(need)))
  // What another experiment has tried is not tried again, nor is a fix set for nothing.
  const tried = new Set<string>()
  const isNew = ({ probe, settings }: TrialPlan) => {
    const trial = JSON.stringify([probe, settings])
    return !tried.has(trial) && tried.add(trial)
  }
  const phases = plans.flatMap(({ fresh, phases: own }, at) => {
    const [control, ...others] = own
    const rebuilt = control ? [control] : []
    const shown = others.flatMap((phase): PhasePlan[] => {
      if (phase.phase === 'reverted') return []
      const trials = phase.trials.filter(isNew)
      if (trials.length === 0 && phase.fix) return []
      const after = others[others.indexOf(phase) + 1]
      const before = fresh && (at > 0 || phase.fix) ? rebuilt : []
      return [...before, { ...phase, trials }, ...(fresh || !after || !phase.fix ? [] : [after])]
    })
    return at === 0 && control ? [control, ...shown] : shown
  })
  const known = new Set(first.build.flat().map(step => JSON.stringify(step)))
  const setUp = plans
    .flatMap(({ build }) => build.flat())
    .filter(step => !known.has(JSON.stringify(step)) && known.add(JSON.stringify(step)))
  return {
    ...first,
    build: setUp.length > 0 ? [...first.build, setUp] : first.build,
    needs: [...new Set(plans.flatMap(({ needs }) => needs))],
    phases,
  }
}
