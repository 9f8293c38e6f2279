/** Every lie about a change, made from what the toggle says of itself: its steps, its settings and the toggles beside it. */

import { besides, type Change, type Deed, deedOf, deedsOf, instead, type Lie } from './lie.js'
import { liesAboutDevices } from './lies/devices.js'
import { liesAboutFilters } from './lies/filters.js'
import { liesAboutNft } from './lies/nft.js'
import { liesAboutRules } from './lies/rules.js'
import { liesAboutSysctls } from './lies/sysctls.js'

/** Short, so that a trial is still going on; and as long as the catalogue's longer probes take. */
const TAKEN_BACK_MS = [10, 300]

/** Every lie about a change, each with a name that no other one has. Pure: the same change gives the same lies. */
export function liesAbout(change: Change): Lie[] {
  if (change.steps.length === 0) return []
  const lies = [
    instead(change, 'does nothing', []),
    ...inPart(change),
    ...takenBack(change),
    ...otherSettings(change),
    ...otherToggles(change),
    ...liesAboutSysctls(change),
    ...liesAboutDevices(change),
    ...liesAboutRules(change),
    ...liesAboutFilters(change),
    ...liesAboutNft(change),
  ]
  return lies.filter(lie => !isTrue(lie, change))
}

/** Whether what is told comes to what should be done. */
function isTrue({ tellings }: Lie, { steps }: Change): boolean {
  return steps.every((step, at) => {
    const telling = tellings[at]
    return !telling || (!telling.later && JSON.stringify(telling.now) === JSON.stringify([deedOf(step)]))
  })
}

/** Leaves out one step of several, unless that is taken the same way back: it makes sure of what is so already. */
function inPart(change: Change): Lie[] {
  const { steps } = change
  if (steps.length < 2) return []
  const back = new Set(backFrom(change).map(deed => JSON.stringify(deed)))
  return steps.flatMap((step, at) =>
    back.has(JSON.stringify(deedOf(step)))
      ? []
      : [
          {
            name: `leaves out ${step.do === 'run' ? `\`${step.argv.slice(-2)[0]}\`` : `node ${step.node}`}`,
            tellings: steps.map((_, other) => (other === at ? { now: [] } : undefined)),
          },
        ],
  )
}

/** What leads back to where a change comes from, or would come from. */
function backFrom({ scenario, toggle, to, from, context }: Change): Deed[] {
  const back = from ?? scenario.toggles[toggle]?.settings.find(setting => setting !== to)
  return back === undefined ? [] : deedsOf({ scenario, context }, toggle, back, to)
}

/** Does it, and then what leads back. */
function takenBack(change: Change): Lie[] {
  const { steps } = change
  const deeds = backFrom(change)
  if (deeds.length === 0) return []
  return TAKEN_BACK_MS.map(afterMs => ({
    name: `takes it back after ${afterMs} ms`,
    tellings: steps.map((step, at) =>
      at === steps.length - 1 ? { now: [deedOf(step)], later: { afterMs, deeds } } : undefined,
    ),
  }))
}

/** Sets the same toggle to something else. */
function otherSettings(change: Change): Lie[] {
  const { toggle, to, from, scenario } = change
  const others =
    scenario.toggles[toggle]?.settings.filter(setting => setting !== to && setting !== from) ?? []
  return others.map(other => instead(change, `sets ${other}`, deedsOf(change, toggle, other, from)))
}

/** Does what another toggle does that also repairs something, in place of it or as well. */
function otherToggles(change: Change): Lie[] {
  const { scenario, toggle, context } = change
  const others = scenario.fixes.flatMap(([other, setting]) => {
    const now = context.settings[other]
    const deeds = other === toggle || now === setting ? [] : deedsOf(change, other, setting, now)
    const own = scenario.toggles[other]
    const anew = now === undefined ? [] : (own?.again?.(now, context) ?? [])
    return deeds.length > 0 ? [{ name: `${other}=${setting}`, deeds, isUndone: anew.length > 0 }] : []
  })
  // What a toggle does anew after each change undoes what was done in its name before.
  const lasting = others.filter(({ isUndone }) => !isUndone)
  return [
    ...others.map(({ name, deeds }) => instead(change, `sets ${name} in its place`, deeds)),
    ...lasting.slice(0, 1).map(({ name, deeds }) => besides(change, `sets ${name}, too`, deeds)),
  ]
}
