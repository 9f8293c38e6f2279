/** Words of an option that takes several, and of the argument behind it: the one swallows what is meant for the other. */
import { loadCatalogue } from '../plan/catalogue.js'
import { isModule } from '../plan/own-files.js'

/** `--kernel debian:6.1 lan-dnat-without-snat`: takes words that are scenarios from those of an option, and puts them before `ids`. */
export async function withoutScenarios(
  words: readonly string[],
  ids: readonly string[],
): Promise<{ readonly words: string[]; readonly ids: readonly string[] }> {
  if (words.length === 0) return { words: [], ids }
  const { scenarios, broken } = await loadCatalogue()
  const known = [...scenarios, ...broken].map(({ id }) => id)
  const isScenario = (word: string) => known.includes(word) || isModule(word)
  return { words: words.filter(word => !isScenario(word)), ids: [...words.filter(isScenario), ...ids] }
}
