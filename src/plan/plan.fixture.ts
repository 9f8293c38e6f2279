/** The scenarios as their files write them, and what becomes of one that is not as it must be. */

import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { LabError } from '../base/errors.js'
import type { DefinedScenario, ScenarioDefinition } from '../model/scenario.js'
import { PLAIN_IPTABLES } from '../model/steps.js'
import type { Toggle } from '../model/toggle.js'
import { type PlanOptions, planScenario } from './plan.js'
import { readScenario } from './read.js'

/** A scenario before it was read, as far as a compiler knows nothing of its names. */
export type Definition = ScenarioDefinition<string, Readonly<Record<string, Toggle>>, string, string>

const FOLDER = new URL('../../scenarios/', import.meta.url)

/** What every scenario's file exports. */
export const definitions: readonly Definition[] = await Promise.all(
  readdirSync(fileURLToPath(FOLDER), { withFileTypes: true })
    .filter(entry => entry.isDirectory())
    .map(async ({ name }) => {
      const module = (await import(new URL(`${name}/scenario.js`, FOLDER).href)) as { default: Definition }
      return module.default
    }),
)

/** What a scenario's file exports. */
export function definition(id: string): Definition {
  const found = definitions.find(one => one.id === id)
  if (!found) throw new Error(`no scenario ${id}`)
  return found
}

export const OPTIONS: PlanOptions = {
  kernel: { major: 6, minor: 18, patch: 44 },
  iptables: 'nft',
  commands: PLAIN_IPTABLES,
  instance: 'u1',
}

export const FILE = 'scenarios/some/scenario.ts'

/** The error that a scenario is refused with; undefined when it is planned. Any other error is the test's failure. */
export function refusal(defined: unknown): LabError | undefined {
  try {
    planScenario(readScenario(defined as DefinedScenario, FILE), OPTIONS)
    return undefined
  } catch (error) {
    if (error instanceof LabError && error.remedy && /^scenarios\/some\/scenario\.ts: \S/.test(error.message))
      return error
    throw error
  }
}
