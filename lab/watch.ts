/**
 * `npm run watch`: compiles what changes, and runs the unit tests that a change touches: those that import it, directly or
 * not. What a test only reads (a recorded report, a snapshot) is not watched.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { $, cd, echo, glob } from 'zx'
import { projectRoot } from '../src/base/root.js'
import { unitFiles } from './unit-files.js'

/** Imports of compiled files, static and dynamic. */
const IMPORTS = /\b(?:from|import) ?\(?'(\.[^']+)'/g
/** What is found by its path: in tests a program, and the scenarios, a folder each. */
const PATHS = /\bnew URL\('(\.[^']+(?:\.js|\/))', import\.meta\.url\)/g

cd(projectRoot())
let before = await look()
const pretty = process.stdout.isTTY ? ['--pretty'] : []
const compiler = $({ preferLocal: true })`tsc --watch --preserveWatchOutput ${pretty}`
for await (const line of compiler) {
  echo(line)
  // What does not compile is mended first; what was changed until then is tested afterwards.
  if (!/Found 0 errors/.test(line)) continue
  const now = await look()
  const changed = [...now.keys()].filter(file => now.get(file)?.hash !== before.get(file)?.hash)
  before = now
  const touched = (await unitFiles([])).filter(file => reach(file, now).some(one => changed.includes(one)))
  if (touched.length > 0)
    await $({ nothrow: true, stdio: 'inherit' })`${process.execPath} dist/lab/unit.js ${touched}`
}

interface Compiled {
  readonly hash: string
  readonly imports: readonly string[]
}

/** Every compiled file, by its path. */
async function look(): Promise<Map<string, Compiled>> {
  const files = await glob('dist/**/*.js')
  return new Map(
    files.map(file => {
      const text = readFileSync(file, 'utf8')
      const found = (pattern: RegExp) =>
        [...text.matchAll(pattern)].map(([, path = '']) => join(dirname(file), path))
      const programs = file.endsWith('.test.js') ? found(PATHS) : []
      const scenarios = found(PATHS).flatMap(path =>
        files.filter(other => other.startsWith(path) && other.endsWith('/scenario.js')),
      )
      const imports = [...found(IMPORTS), ...programs, ...scenarios]
      return [file, { hash: createHash('sha256').update(text).digest('hex'), imports }]
    }),
  )
}

/** A file, and everything that it imports, directly or not. */
function reach(file: string, all: ReadonlyMap<string, Compiled>): string[] {
  const found = new Set([file])
  for (const one of found) for (const next of all.get(one)?.imports ?? []) found.add(next)
  return [...found]
}
