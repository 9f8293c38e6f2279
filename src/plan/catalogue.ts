/** The scenarios that there are: one folder each under scenarios/, found by looking. */
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { EXIT, LabError } from '../base/errors.js'
import { unknownWord } from '../base/nearest.js'
import { entryOf } from '../base/records.js'
import { projectRoot } from '../base/root.js'
import type { DefinedScenario, Scenario } from '../model/scenario.js'
import { filesOf, importOwn, isPath, ownIn, shownPath } from './own-files.js'
import { readScenario } from './read.js'
import { inShard, readShard } from './shard.js'

const FOLDER = fileURLToPath(new URL('../../scenarios/', import.meta.url))

/** A scenario that cannot be used: the others are none the worse for it. */
export interface BrokenScenario {
  /** Name of its folder, or its path. */
  readonly id: string
  /** What is wrong with it, naming the file. */
  readonly problem: LabError
}

/** Every scenario that there is, those that can be used and those that cannot, each in the order of their ids. */
export interface Catalogue {
  readonly scenarios: readonly Scenario[]
  readonly broken: readonly BrokenScenario[]
}

/**
 * Loads every scenario of a folder, which is the lab's own when left out. One that cannot be used (its folder has none, it
 * throws, it is malformed, its source is gone) is among the broken ones. Throws the file system's error for the folder itself.
 */
export async function loadCatalogue(folder = FOLDER): Promise<Catalogue> {
  return loadFolders(folder, await foldersIn(folder))
}

async function loadFolders(folder: string, ids: readonly string[]): Promise<Catalogue> {
  return sorted(await Promise.all(ids.map(id => loadFolder(folder, id))))
}

async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  return entries.flatMap(entry => (entry.isDirectory() ? [entry.name] : [])).sort()
}

/**
 * The scenarios of these words, or all when there are none: ids, and paths, folders and patterns of one's own files. What was
 * named and is broken is among the broken ones; others that are do not matter. Throws LabError (exit 2) for an unknown id, naming
 * the nearest, and for files that are not there or have the same id.
 */
export async function chooseScenarios(words: readonly string[]): Promise<Catalogue> {
  const paths = words.filter(meansFiles)
  const named = words.filter(word => !meansFiles(word))
  const files = [...new Set((await Promise.all(paths.map(filesOf))).flat())]
  const own = sorted(await Promise.all(files.map(loadFile)))
  if (paths.length > 0 && named.length === 0) return withDistinctIds(own)
  const { scenarios, broken } = await loadFolders(FOLDER, await checkIds(named))
  return withDistinctIds({
    scenarios: [...scenarios, ...own.scenarios],
    broken: [...broken, ...own.broken],
  })
}

/**
 * The ids among these words, or all when there are no words, in their order, without loading any. Throws LabError (exit 2) for a word that
 * is the id of no scenario's folder, naming the nearest.
 */
export async function checkIds(words: readonly string[]): Promise<string[]> {
  const known = await foldersIn(FOLDER)
  for (const word of words)
    if (!meansFiles(word) && !known.includes(word)) throw unknownWord('scenario', word, known)
  return words.length === 0 ? known : known.filter(id => words.includes(id))
}

/** Whether a word means files: by how it is written, or as a folder of scenarios that has no id of the lab's for a name. */
function meansFiles(word: string): boolean {
  return isPath(word) || (!existsSync(join(FOLDER, word)) && ownIn(word).length > 0)
}

/** Reports, and everything that is made of them, tell scenarios apart by their ids. */
function withDistinctIds(catalogue: Catalogue): Catalogue {
  const first = new Map<string, string>()
  for (const { id, file } of catalogue.scenarios) {
    const other = first.get(id)
    if (other !== undefined)
      throw new LabError(
        `${other} and ${file} have the same id, '${id}'`,
        'give one of them another',
        EXIT.usage,
      )
    first.set(id, file)
  }
  return catalogue
}

/** The scenarios of these ids, or all, that belong to a shard (`2/5`). Throws what `chooseScenarios` and `readShard` throw. */
export async function chooseShard(ids: readonly string[], shard: string | undefined): Promise<Catalogue> {
  const which = shard === undefined ? undefined : readShard(shard)
  const all = await chooseScenarios(ids)
  if (!which) return all
  const own = new Set(inShard([...all.scenarios, ...all.broken], which).map(({ id }) => id))
  const chosen = <T extends { readonly id: string }>(entries: readonly T[]) =>
    entries.filter(({ id }) => own.has(id))
  return { scenarios: chosen(all.scenarios), broken: chosen(all.broken) }
}

/** Words as they mean the same in any folder: ids as they are, what means files as the absolute paths of these. */
export async function absoluteWords(words: readonly string[]): Promise<string[]> {
  return (await Promise.all(words.map(word => (meansFiles(word) ? filesOf(word) : [word])))).flat()
}

/** The scenario of this id or path. Throws LabError: exit 2, naming the nearest, when there is none, or several; what is wrong, where it is broken. */
export async function oneScenario(word: string): Promise<Scenario> {
  const { scenarios, broken } = await chooseScenarios([word])
  const [scenario, second] = scenarios
  if (scenario && second)
    throw new LabError(
      `${word} has several scenarios: ${scenarios.map(({ file }) => file).join(', ')}`,
      'name one of them',
      EXIT.usage,
    )
  if (scenario) return scenario
  throw broken[0]?.problem ?? unknownWord('scenario', word, [])
}

/** Checks toggles, each a name or `NAME=SETTING`, against those of the scenarios. Throws LabError (exit 2) for an unknown word, naming the nearest. */
export function checkToggles(scenarios: readonly Scenario[], words: readonly string[]): void {
  for (const word of words) {
    const [name = '', ...setting] = word.split('=')
    const having = scenarios.flatMap(({ toggles }) => entryOf(toggles, name) ?? [])
    const names = scenarios.flatMap(scenario => Object.keys(scenario.toggles))
    if (having.length === 0) throw unknownWord('toggle', name, [...new Set(names)])
    const settings = [...new Set(having.flatMap(toggle => toggle.settings))]
    if (setting.length > 0 && !settings.includes(setting.join('=')))
      throw unknownWord(`setting of ${name}`, setting.join('='), settings)
  }
}

function sorted(loaded: readonly (Scenario | BrokenScenario)[]): Catalogue {
  return {
    scenarios: loaded.flatMap(one => ('problem' in one ? [] : [one])),
    broken: loaded.flatMap(one => ('problem' in one ? [one] : [])),
  }
}

async function loadFolder(folder: string, id: string): Promise<Scenario | BrokenScenario> {
  const file = `scenarios/${id}/scenario.ts`
  const broken = (message: string, remedy: string) => ({ id, problem: new LabError(message, remedy) })
  const path = join(folder, id, 'scenario.js')
  // The compiler leaves what it once made: without its source, it is nobody's scenario any more.
  const sources = join(projectRoot(), 'scenarios')
  if (folder === FOLDER && existsSync(sources) && !existsSync(join(sources, id, 'scenario.ts')))
    return broken(
      existsSync(join(sources, id))
        ? `the folder scenarios/${id} has no scenario.ts`
        : `${join(FOLDER, id)} is left of a scenario that is gone`,
      existsSync(join(sources, id)) ? 'write one, or remove the folder' : 'remove that folder',
    )
  if (!existsSync(path)) return broken(`${file} is not built`, 'npm run build')
  let exported: DefinedScenario | undefined
  try {
    exported = ((await import(pathToFileURL(path).href)) as { default?: DefinedScenario }).default
  } catch (error) {
    return broken(`${file} cannot be loaded: ${messageOf(error)}`, 'mend it, then npm run build')
  }
  if (exported === undefined)
    return broken(`${file} has no default export`, 'export default defineScenario({ … })')
  const scenario = readOr(id, exported, file)
  return scenario.id === id
    ? scenario
    : broken(`${file}: id: '${scenario.id}' is not the name of its folder`, `write id: '${id}'`)
}

async function loadFile(path: string): Promise<Scenario | BrokenScenario> {
  const shown = shownPath(path)
  let exported: unknown
  try {
    exported = (await importOwn(path)).default
    if (exported === undefined) throw new Error('it has no default export made with defineScenario')
  } catch (error) {
    throw new LabError(
      `${shown} cannot be loaded: ${messageOf(error)}`,
      'mend it; a scenario is a module of JavaScript or TypeScript that exports one: export default defineScenario({ … })',
      EXIT.usage,
    )
  }
  return readOr(shown, exported as DefinedScenario, shown)
}

/** The scenario that a file exports; broken where it is malformed. */
function readOr(id: string, exported: DefinedScenario, file: string): Scenario | BrokenScenario {
  try {
    return readScenario(exported, file)
  } catch (error) {
    if (!(error instanceof LabError)) throw error
    return { id, problem: error }
  }
}

/** What was thrown need not be an error. */
function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}
