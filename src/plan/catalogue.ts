/** The scenarios that there are: one folder each under scenarios/, found by looking. */
import { readdir } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'
import { EXIT, LabError } from '../base/errors.js'
import { unknownWord } from '../base/nearest.js'
import type { Scenario } from '../model/scenario.js'

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

/**
 * The scenarios of these ids, or all when there are none. An id with a slash is the path of a compiled scenario of one's
 * own. Throws LabError (exit 2) for an unknown id, naming the nearest, and for a file that holds no scenario.
 */
export async function chooseScenarios(ids: readonly string[]): Promise<Scenario[]> {
  const files = ids.filter(id => id.includes('/'))
  const named = ids.filter(id => !id.includes('/'))
  const own = await Promise.all(files.map(loadFile))
  if (files.length > 0 && named.length === 0) return own
  const all = await loadScenarios()
  const known = all.map(({ id }) => id)
  for (const id of named) if (!known.includes(id)) throw unknownWord('scenario', id, known)
  return [...(named.length === 0 ? all : all.filter(({ id }) => named.includes(id))), ...own]
}

async function loadFile(path: string): Promise<Scenario> {
  const url = path.startsWith('file:') ? path : pathToFileURL(path).href
  try {
    const { default: scenario } = (await import(url)) as { default?: Scenario }
    if (scenario?.id === undefined) throw new Error('it has no default export made with defineScenario')
    return scenario
  } catch (error) {
    throw new LabError(
      `${path} cannot be loaded: ${(error as Error).message}`,
      'give the path of a JavaScript module; compile TypeScript first',
      EXIT.usage,
    )
  }
}

/** Checks toggle ids against those of the scenarios. Throws LabError (exit 2) for an unknown one, naming the nearest. */
export function checkToggles(scenarios: readonly Scenario[], toggles: readonly string[]): void {
  const known = [...new Set(scenarios.flatMap(scenario => Object.keys(scenario.toggles)))]
  for (const toggle of toggles) if (!known.includes(toggle)) throw unknownWord('toggle', toggle, known)
}
