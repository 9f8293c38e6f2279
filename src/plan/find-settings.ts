/** Settings under which several scenarios work at once, by what is expected of them; smallest first. */
import { hasChange } from '../model/change.js'
import type { Scenario, Settings } from '../model/scenario.js'
import type { KernelVersion } from '../model/version.js'
import { defaultSettings, findExpectation } from './expectations.js'
import { ordinaryProbes } from './plan.js'

/** More toggles than this nobody sets to get rid of a few failures. */
const MOST = 6

/** A toggle, and the settings that are worth trying. */
interface Choice {
  readonly name: string
  readonly settings: readonly string[]
  /** Whether something must be chosen: scenarios that it has another default in cannot both have theirs. */
  readonly forced: boolean
}

/**
 * The sets of settings, each of as few toggles as can do, under which every probe of all these scenarios is expected to come out
 * well: lists of those with one toggle, with two, and so on. A toggle that several of them have has one setting in all.
 */
export function* settingsFor(scenarios: readonly Scenario[], kernel: KernelVersion): Generator<Settings[]> {
  const toggles = choicesOf(scenarios)
  const found: Settings[] = []
  for (let size = 1; size <= Math.min(MOST, toggles.length); size++) {
    const some = [...assignments(toggles, size)].filter(
      settings =>
        // What holds with fewer is no answer of its own.
        !found.some(known => Object.entries(known).every(([name, setting]) => settings[name] === setting)) &&
        scenarios.every(scenario => isExpectedToWork(scenario, settings, kernel)),
    )
    found.push(...some)
    if (some.length > 0) yield some
  }
}

/** The settings that a scenario does not have anyway; none where it has none of those toggles, or has all of them so. */
export function fixIn(scenario: Scenario, settings: Settings): Settings {
  const base = defaultSettings(scenario)
  return Object.fromEntries(
    Object.entries(settings).filter(([name, setting]) => name in base && base[name] !== setting),
  )
}

function choicesOf(scenarios: readonly Scenario[]): Choice[] {
  const names = [...new Set(scenarios.flatMap(({ toggles }) => Object.keys(toggles)))]
  return names.map(name => {
    const having = scenarios.flatMap(({ toggles }) => toggles[name] ?? [])
    const defaults = new Set(having.map(({ settings }) => settings[0]))
    const all = [...new Set(having.flatMap(({ settings }) => settings))]
    const forced = defaults.size > 1
    return { name, forced, settings: forced ? all : all.filter(setting => !defaults.has(setting)) }
  })
}

function isExpectedToWork(scenario: Scenario, settings: Settings, kernel: KernelVersion): boolean {
  const base = defaultSettings(scenario)
  for (const [name, setting] of Object.entries(settings))
    if (scenario.toggles[name] && !scenario.toggles[name].settings.includes(setting)) return false
  const own = Object.fromEntries(Object.entries(settings).filter(([name]) => name in base))
  const all = { ...base, ...own }
  return ordinaryProbes(scenario).every(probe => {
    const expected = findExpectation(scenario, probe, all, {
      has: change => hasChange(change, kernel),
    })
    const wanted = scenario.probes[probe]?.attack ? 'fails' : 'works'
    return expected?.outcome === wanted
  })
}

/** Every choice of settings for as many toggles, the forced ones among them. */
function* assignments(toggles: readonly Choice[], size: number): Generator<Settings> {
  const [first, ...rest] = toggles
  if (toggles.filter(({ forced }) => forced).length > size) return
  if (!first) {
    if (size === 0) yield {}
    return
  }
  if (size > 0)
    for (const setting of first.settings)
      for (const more of assignments(rest, size - 1)) yield { [first.name]: setting, ...more }
  if (!first.forced) yield* assignments(rest, size)
}
