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
  const entries = await readdir(folder, { withFileTypes: true })
  const ids = entries.flatMap(entry => (entry.isDirectory() ? [entry.name] : [])).sort()
  return sorted(await Promise.all(ids.map(id => loadFolder(folder, id))))
}

/**
 * The scenarios of these ids, or all when there are none. An id with a slash is the path of a compiled scenario of one's own.
 * One that was named and is broken is among the broken ones; others that are do not matter. Throws LabError (exit 2) for an
 * unknown id, naming the nearest.
 */
export async function chooseScenarios(ids: readonly string[]): Promise<Catalogue> {
  const files = ids.filter(id => id.includes('/'))
  const named = ids.filter(id => !id.includes('/'))
  const own = sorted(await Promise.all(files.map(loadFile)))
  if (files.length > 0 && named.length === 0) return own
  const all = await loadCatalogue()
  const known = [...all.scenarios, ...all.broken].map(({ id }) => id).sort()
  for (const id of named) if (!known.includes(id)) throw unknownWord('scenario', id, known)
  const chosen = <T extends { readonly id: string }>(entries: readonly T[]) =>
    named.length === 0 ? entries : entries.filter(({ id }) => named.includes(id))
  return {
    scenarios: [...chosen(all.scenarios), ...own.scenarios],
    broken: [...chosen(all.broken), ...own.broken],
  }
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

/** Whether a word is the path of a module, by how it ends. */
export function isModule(word: string): boolean {
  return /\.[cm]?[jt]s$/.test(word)
}

/** The scenario with this id. Throws LabError: exit 2, naming the nearest, when there is none; what is wrong, where it is broken. */
export async function oneScenario(id: string): Promise<Scenario> {
  const { scenarios, broken } = await chooseScenarios([id])
  const [scenario] = scenarios
  if (scenario) return scenario
  throw broken[0]?.problem ?? unknownWord('scenario', id, [])
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
  const url = path.startsWith('file:') ? path : pathToFileURL(path).href
  let exported: DefinedScenario | undefined
  try {
    exported = ((await import(url)) as { default?: DefinedScenario }).default
    if (exported === undefined) throw new Error('it has no default export made with defineScenario')
  } catch (error) {
    throw new LabError(
      `${path} cannot be loaded: ${messageOf(error)}`,
      'give the path of a JavaScript module; compile TypeScript first',
      EXIT.usage,
    )
  }
  return readOr(path, exported, path)
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
