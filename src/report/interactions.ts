/**
 * What each setting of a toggle does in every scenario that has the toggle: a fix for one failure is what another is made with.
 * Guards do not count, as they tell what a fix must not do, not what it is for.
 */
import type { Report, ScenarioReport, TrialReport } from '../model/report.js'

/** What a setting comes to in one scenario. */
export type Effect = 'makes' | 'breaks' | 'both' | 'repairs' | 'partly' | 'together' | 'leaves'

/** One setting of a toggle in one scenario. */
export interface Interaction {
  readonly scenario: string
  readonly effect: Effect
  /** Probes that this setting alone repairs; of `makes`, those that fail because of it. An attack is repaired where it is refused. */
  readonly probes: readonly string[]
  /** Probes that work without it and fail with it alone. */
  readonly breaks: readonly string[]
  /** Probes that it leaves as broken as they are. */
  readonly leaves: readonly string[]
  /** Whole fixes of which it is a part and that repair something, as `toggle=setting`. */
  readonly together: readonly string[][]
}

/** One setting of a toggle, in every scenario that has it. */
export interface SettingRow {
  readonly toggle: string
  readonly setting: string
  readonly interactions: readonly Interaction[]
}

interface Found {
  readonly repairs: Set<string>
  readonly breaks: Set<string>
  readonly leaves: Set<string>
  readonly makes: Set<string>
  readonly together: Map<string, string[]>
}

/** The settings of a report's toggles, by name; those of one toggle in the order in which they came. */
export function interactionsOf({ scenarios }: Pick<Report, 'scenarios'>): SettingRow[] {
  const rows = new Map<string, Map<string, Interaction[]>>()
  for (const scenario of scenarios)
    for (const { toggle, setting, found } of settingsIn(scenario)) {
      const settings = rows.get(toggle) ?? new Map<string, Interaction[]>()
      rows.set(toggle, settings)
      settings.set(setting, [...(settings.get(setting) ?? []), interactionOf(scenario.id, found)])
    }
  return [...rows]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([toggle, settings]) =>
      [...settings].map(([setting, interactions]) => ({ toggle, setting, interactions })),
    )
}

/** Whether a trial came to what somebody wants: an attack to nothing. Undefined where it came to neither. */
export function isGood({ outcome, attack }: Pick<TrialReport, 'outcome' | 'attack'>): boolean | undefined {
  if (outcome !== 'works' && outcome !== 'fails') return undefined
  return (outcome === 'works') !== (attack === true)
}

function settingsIn({ trials }: Pick<ScenarioReport, 'trials'>) {
  const all = new Map<string, { toggle: string; setting: string; found: Found }>()
  const of = (toggle: string, setting: string): Found => {
    const key = JSON.stringify([toggle, setting])
    const entry = all.get(key) ?? { toggle, setting, found: nothing() }
    all.set(key, entry)
    return entry.found
  }
  for (const group of byRun(trials)) {
    const before = new Map(
      group.flatMap(trial => {
        const good = trial.phase === 'broken' ? isGood(trial) : undefined
        return good === undefined ? [] : [[trial.probe, { good, toggles: trial.toggles }] as const]
      }),
    )
    for (const trial of group) {
      const was = before.get(trial.probe)
      const good = isGood(trial)
      if (trial.phase !== 'fixed' || !was || good === undefined) continue
      const fix = Object.entries(trial.fix ?? {}).filter(([toggle, to]) => was.toggles[toggle] !== to)
      const [only, ...more] = fix
      if (!only) continue
      if (more.length === 0) {
        const found = of(...only)
        if (was.good !== good) (good ? found.repairs : found.breaks).add(trial.probe)
        else if (!good) found.leaves.add(trial.probe)
        const base = was.toggles[only[0]]
        if (base !== undefined && good && !was.good) of(only[0], base).makes.add(trial.probe)
        continue
      }
      const words = fix.map(entry => entry.join('='))
      for (const entry of fix) {
        const { together } = of(...entry)
        if (good && !was.good) together.set(words.join(' '), words)
      }
    }
  }
  return [...all.values()]
}

/** Trials that came one after the other in one topology. */
function byRun(trials: readonly TrialReport[]): TrialReport[][] {
  const groups = new Map<string, TrialReport[]>()
  for (const trial of trials) {
    const key = JSON.stringify([trial.experiment, trial.iptables, trial.repetition])
    groups.set(key, [...(groups.get(key) ?? []), trial])
  }
  return [...groups.values()]
}

function nothing(): Found {
  return { repairs: new Set(), breaks: new Set(), leaves: new Set(), makes: new Set(), together: new Map() }
}

function interactionOf(scenario: string, found: Found): Interaction {
  const { repairs, breaks, makes, together } = found
  const leaves = [...found.leaves].filter(probe => !repairs.has(probe))
  return {
    scenario,
    effect: effectOf({ ...found, leaves: new Set(leaves) }),
    probes: [...(makes.size > 0 ? makes : repairs)],
    breaks: [...breaks],
    leaves,
    together: [...together.values()],
  }
}

function effectOf({ repairs, breaks, leaves, makes, together }: Found): Effect {
  if (makes.size > 0) return 'makes'
  if (breaks.size > 0) return repairs.size > 0 ? 'both' : 'breaks'
  if (repairs.size > 0) return leaves.size > 0 ? 'partly' : 'repairs'
  return together.size > 0 ? 'together' : 'leaves'
}
