/** The scenarios that there are: one folder each under scenarios/, found by looking. */
import { readdir } from 'node:fs/promises'
import { LabError, unknownWord } from '../errors.js'
import type { Scenario } from './define.js'

const FOLDER = new URL('../../scenarios/', import.meta.url)

/**
 * Loads every scenario, in the order of their ids. Throws LabError when a folder has no scenario, or one whose id is not
 * the folder's name (so no two can have the same).
 */
export async function loadScenarios(): Promise<Scenario[]> {
  const entries = await readdir(FOLDER, { withFileTypes: true })
  const ids = entries.flatMap(entry => (entry.isDirectory() ? [entry.name] : [])).sort()
  return Promise.all(
    ids.map(async id => {
      const file = `scenarios/${id}/scenario.ts`
      let scenario: Scenario | undefined
      try {
        const module = (await import(new URL(`${id}/scenario.js`, FOLDER).href)) as { default?: Scenario }
        scenario = module.default
      } catch (error) {
        throw new LabError(
          `${file} cannot be loaded: ${(error as Error).message}`,
          'mend it, then npm run build',
        )
      }
      if (scenario === undefined)
        throw new LabError(`${file} has no default export`, 'export default defineScenario({ … })')
      if (scenario.id !== id)
        throw new LabError(`${file}: id: '${scenario.id}' is not the name of its folder`, `write id: '${id}'`)
      return scenario
    }),
  )
}

/** The scenarios of these ids, or all when there are none. Throws LabError (exit 2) for an unknown id, naming the nearest. */
export function chooseScenarios(all: readonly Scenario[], ids: readonly string[]): Scenario[] {
  if (ids.length === 0) return [...all]
  const known = all.map(({ id }) => id)
  for (const id of ids) if (!known.includes(id)) throw unknownWord('scenario', id, known)
  return all.filter(({ id }) => ids.includes(id))
}

/** Checks toggle ids against those of the scenarios. Throws LabError (exit 2) for an unknown one, naming the nearest. */
export function checkToggles(scenarios: readonly Scenario[], toggles: readonly string[]): void {
  const known = [...new Set(scenarios.flatMap(scenario => Object.keys(scenario.toggles)))]
  for (const toggle of toggles) if (!known.includes(toggle)) throw unknownWord('toggle', toggle, known)
}
