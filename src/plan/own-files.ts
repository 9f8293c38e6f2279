/** Scenarios of one's own: from the words of a command line to the files that are meant, and from a file to what it exports. */
import { existsSync, readdirSync, statSync } from 'node:fs'
import { createRequire, register } from 'node:module'
import { extname, join, relative, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { EXIT, LabError } from '../base/errors.js'
import { repositoryFile } from '../base/root.js'

/** What a file of a scenario is called in a folder of its own. */
const NAMES = ['scenario.ts', 'scenario.mts', 'scenario.js', 'scenario.mjs']
const MAGIC = /[*?[{]/

/** Whether a word is the path of a module, by how it ends. */
function isModule(word: string): boolean {
  return /\.[cm]?[jt]s$/.test(word)
}

/** Whether a word is a path or a pattern of paths, by how it is written. */
export function isPath(word: string): boolean {
  return /[\\/]/.test(word) || /^\.\.?$/.test(word) || MAGIC.test(word) || isModule(word)
}

/** Whether a word is a module or a pattern, or a folder that has a scenario. */
export function hasScenarios(word: string): boolean {
  return isModule(word) || MAGIC.test(word) || ownIn(word).length > 0
}

/**
 * The files that a path, a file URL, a folder (of one scenario, or of folders of one) or a pattern means, absolute. Throws
 * LabError (exit 2) where there is none.
 */
export async function filesOf(word: string): Promise<string[]> {
  const path = word.startsWith('file:') ? fileURLToPath(word) : resolve(word)
  const none = (message: string, remedy: string) => new LabError(message, remedy, EXIT.usage)
  if (existsSync(path)) {
    if (!statSync(path).isDirectory()) return [path]
    const found = ownIn(path)
    if (found.length > 0) return found
    throw none(
      `the folder ${word} has no scenario`,
      `write ${join(word, NAMES[0] ?? '')}, or: lab new ${word}`,
    )
  }
  if (!MAGIC.test(word))
    throw none(`there is no ${word}`, 'give the path of a scenario, or an id of lab list')
  const { glob } = await import('zx')
  const found = (await glob(word, { onlyFiles: false, absolute: true })).sort()
  const files = found.flatMap(one => (statSync(one).isDirectory() ? ownIn(one) : isModule(one) ? [one] : []))
  if (files.length === 0)
    throw none(`no scenario matches ${word}`, 'quote the pattern, and look what is there')
  return [...new Set(files)]
}

/** The scenario of a folder, or those of the folders in it. */
export function ownIn(folder: string): string[] {
  const own = (path: string) => NAMES.map(name => join(path, name)).find(existsSync)
  const itself = own(folder)
  if (itself !== undefined) return [resolve(itself)]
  if (!existsSync(folder) || !statSync(folder).isDirectory()) return []
  return readdirSync(folder, { withFileTypes: true })
    .filter(entry => entry.isDirectory() && entry.name !== 'node_modules' && !entry.name.startsWith('.'))
    .flatMap(entry => own(join(folder, entry.name)) ?? [])
    .map(path => resolve(path))
    .sort()
}

/** What messages call a file: by its path from here, where it is below. */
export function shownPath(path: string): string {
  const near = relative(process.cwd(), path)
  return near.startsWith('..') ? path : near
}

/**
 * What a file exports. TypeScript goes through Node.js's own type stripping where it has that, else through jiti. `netns-lab` is
 * this very package where the file's own folder has none. Throws whatever the file does.
 */
export async function importOwn(path: string): Promise<Readonly<Record<string, unknown>>> {
  const typescript = /\.[cm]?ts$/.test(extname(path))
  const strips = (process.features as { readonly typescript?: unknown }).typescript
  return typescript && !strips ? importThroughJiti(path) : importNative(path)
}

/** The modules of this package, as a file of one's own calls them. */
const OWN_MODULES = { 'netns-lab': 'dist/src/index.js', 'netns-lab/tap': 'dist/src/tap.js' }

async function importThroughJiti(path: string): Promise<Readonly<Record<string, unknown>>> {
  const { createJiti } = await import('jiti')
  const require = createRequire(path)
  const jiti = createJiti(pathToFileURL(path).href, {
    fsCache: false,
    interopDefault: false,
    // What it imports is loaded by Node.js itself where that can: there is one of each module.
    tryNative: true,
    alias: isResolved('netns-lab', require) ? {} : ownPaths(),
  })
  return jiti.import(path)
}

function isResolved(name: string, { resolve: find }: NodeJS.Require): boolean {
  try {
    return find(name) !== ''
  } catch {
    return false
  }
}

function ownPaths(): Record<string, string> {
  return Object.fromEntries(Object.entries(OWN_MODULES).map(([name, file]) => [name, repositoryFile(file)]))
}

async function importNative(path: string): Promise<Readonly<Record<string, unknown>>> {
  resolveOwn()
  return (await import(pathToFileURL(path).href)) as Readonly<Record<string, unknown>>
}

let resolving = false

/** Has `netns-lab` found here, where whoever imports it has none of their own. */
function resolveOwn(): void {
  if (resolving) return
  resolving = true
  const own = Object.fromEntries(
    Object.entries(ownPaths()).map(([name, path]) => [name, pathToFileURL(path).href]),
  )
  const hook = `
const own = ${JSON.stringify(own)}
export async function resolve(specifier, context, next) {
  try {
    return await next(specifier, context)
  } catch (error) {
    if (!Object.hasOwn(own, specifier)) throw error
    return { url: own[specifier], shortCircuit: true }
  }
}`
  register(`data:text/javascript,${encodeURIComponent(hook)}`)
}
