/** Words of an option that takes several, and of the argument behind it: the one swallows what is meant for the other. */
import { EXIT, LabError } from '../base/errors.js'
import { loadCatalogue } from '../plan/catalogue.js'
import { hasScenarios } from '../plan/own-files.js'

/** `--kernel debian:6.1 lan-dnat-without-snat`: takes words that are scenarios from those of an option, and puts them before `ids`. */
export async function withoutScenarios(
  words: readonly string[],
  ids: readonly string[],
): Promise<{ readonly words: string[]; readonly ids: readonly string[] }> {
  if (words.length === 0) return { words: [], ids }
  const isScenario = await scenarioWords()
  const others = words.filter(word => !isScenario(word))
  return { words: others, ids: [...words.filter(isScenario), ...ids] }
}

/**
 * `--toggle hairpin_mode=on nova-float-hairpin vm`: what the settings are, and what stands behind them for the arguments that
 * begin with a scenario. Throws LabError (exit 2) where that is named nowhere.
 */
export async function settingsAndScenario(
  command: string,
  words: readonly string[],
  id: string | undefined,
): Promise<{
  readonly settings: readonly string[]
  readonly id: string
  readonly behind: readonly string[]
}> {
  if (id !== undefined) return { settings: words, id, behind: [] }
  const isScenario = await scenarioWords()
  const at = words.findIndex(isScenario)
  const [found, ...behind] = at < 0 ? [] : words.slice(at)
  if (found !== undefined) return { settings: words.slice(0, at), id: found, behind }
  throw new LabError("missing required argument 'id'", `lab ${command} --help`, EXIT.usage)
}

/** Tells words that name scenarios: ids, and what means files that have some. A kernel's tree and its image are none. */
async function scenarioWords(): Promise<(word: string) => boolean> {
  const { scenarios, broken } = await loadCatalogue()
  const known = [...scenarios, ...broken].map(({ id }) => id)
  return word => known.includes(word) || hasScenarios(word)
}
