/** What settings of the toggles do to each probe, on which kernels: read off the expectations that trials are judged by. */

import type { KernelChange } from '../model/change.js'
import type { Expectation, Scenario, Settings } from '../model/scenario.js'
import { defaultSettings, findExpectation, kernelChanges } from '../plan/expectations.js'

/** Kernels for which the same expectations hold. */
interface KernelGroup {
  /** As part of a sentence; empty where all kernels are alike. */
  readonly label: string
  readonly has: (change: KernelChange) => boolean
}

/** What a probe's outcome becomes. `leaves` is a failure that stays, `keeps` a success that does. */
type EffectKind = 'repairs' | 'breaks' | 'leaves' | 'keeps'

export interface Effect {
  readonly kind: EffectKind
  readonly probes: readonly string[]
  readonly after: Expectation
  /** Kernels on which it is so; empty for all. */
  readonly kernels: string
}

/** What comes of all probes when the settings change from `before` to `after`. */
export function effects(scenario: Scenario, before: Settings, after: Settings): Effect[] {
  const groups = kernelGroups(scenario)
  const found = groups.flatMap(({ label, has }) =>
    Object.keys(scenario.probes).flatMap(probe => {
      const was = findExpectation(scenario, probe, before, { has })
      const is = findExpectation(scenario, probe, after, { has })
      return was && is ? [{ kind: kindOf(was, is), probe, after: is, label }] : []
    }),
  )
  const merged = new Map<
    string,
    { kind: EffectKind; after: Expectation; probes: string[]; labels: string[] }
  >()
  for (const { kind, probe, after: expectation, label } of found) {
    const key = `${kind} ${expectation.why}`
    const entry = merged.get(key) ?? { kind, after: expectation, probes: [], labels: [] }
    if (!entry.probes.includes(probe)) entry.probes.push(probe)
    if (!entry.labels.includes(label)) entry.labels.push(label)
    merged.set(key, entry)
  }
  return [...merged.values()].map(({ labels, ...effect }) => ({
    ...effect,
    kernels: labels.length === groups.length ? '' : labels.join(', '),
  }))
}

/** Scenarios whose documented failure has this very setting, and in which another setting of the toggle repairs something. */
export function failuresOf(
  all: readonly Scenario[],
  own: Scenario,
  toggle: string,
  setting: string,
): Scenario[] {
  return all.filter(other => {
    const settings = other.toggles[toggle]?.settings
    if (other.id === own.id || settings?.[0] !== setting) return false
    const base = defaultSettings(other)
    return settings
      .slice(1)
      .some(remedy =>
        effects(other, base, { ...base, [toggle]: remedy }).some(
          ({ kind, probes }) => kind === 'repairs' && probes.some(probe => !other.controls.includes(probe)),
        ),
      )
  })
}

/** Settings that experiments try together and whose effect is not that of one of them alone. */
export function combinations(
  scenario: Scenario,
): { readonly settings: Settings; readonly effects: Effect[] }[] {
  const base = defaultSettings(scenario)
  const seen = new Set<string>()
  return scenario.experiments.flatMap(({ given = {}, fixes }) =>
    fixes.flatMap(fix => {
      const before = { ...base, ...given }
      const after = { ...before, ...fix }
      const changed = Object.entries(after).filter(([name, setting]) => base[name] !== setting)
      const key = JSON.stringify(changed)
      if (changed.length < 2 || seen.has(key)) return []
      seen.add(key)
      const together = effects(scenario, before, after)
      const alone = Object.entries(fix).map(([name, setting]) => ({ ...base, [name]: setting }))
      return alone.some(settings => same(together, effects(scenario, base, settings)))
        ? []
        : [{ settings: Object.fromEntries(changed), effects: together }]
    }),
  )
}

function same(a: readonly Effect[], b: readonly Effect[]): boolean {
  const text = (list: readonly Effect[]) =>
    JSON.stringify(list.map(({ kind, probes, after, kernels }) => [kind, probes, after.why, kernels]))
  return text(a) === text(b)
}

function kindOf(before: Expectation, after: Expectation): EffectKind {
  if (after.outcome === 'works') return before.outcome === 'works' ? 'keeps' : 'repairs'
  return before.outcome === 'works' ? 'breaks' : 'leaves'
}

/** The kernels before, between and after the changes, as if their history were one line. */
function kernelGroups(scenario: Scenario): KernelGroup[] {
  const changes = kernelChanges(scenario)
  if (changes.length === 0) return [{ label: '', has: () => true }]
  return Array.from({ length: changes.length + 1 }, (_, count) => {
    const there = changes.slice(0, count)
    const next = changes[count]
    const last = there.at(-1)
    const label = [last ? `with ${last.commit}` : '', next ? `without ${next.commit}` : ''].filter(Boolean)
    return {
      label: `kernels ${label.join(' and ')}`,
      has: change => there.some(({ commit }) => commit === change.commit),
    }
  })
}
