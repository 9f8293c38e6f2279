/** Who may import whom: the table of layers, and the sources held against it. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, normalize } from 'node:path'
import t from 'tap'
import { projectRoot } from './base/root.js'

/** What a folder of src may import besides itself: these, and what these may. */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  base: [],
  world: ['base'],
  model: ['base'],
  topology: ['model', 'world'],
  toggles: ['model', 'world'],
  probes: ['model', 'world'],
  evidence: ['model', 'world'],
  kernel: ['model', 'world'],
  state: ['model', 'world'],
  plan: ['topology', 'toggles', 'probes', 'evidence', 'kernel'],
  way: ['evidence', 'probes'],
  engine: ['plan', 'state', 'way'],
  explain: ['plan'],
  script: ['plan'],
  report: ['model'],
  audit: ['engine', 'distro'],
  kernels: ['base', 'model', 'report'],
  distro: ['kernels', 'world'],
  guest: ['kernels', 'world'],
  matrix: ['guest'],
  upgrade: ['matrix', 'distro'],
  cli: ['engine', 'explain', 'script', 'upgrade', 'audit'],
}
/** Of these, types alone: nothing of them is there when the program runs. */
const TYPES: Readonly<Record<string, readonly string[]>> = { model: ['world'] }
/** The files in src itself; index.ts starts the command line as a program, by its path. */
const TOP = Object.keys(LAYERS).filter(layer => layer !== 'cli')

/** A source's text by its path from the project's root. */
type Sources = Readonly<Record<string, string>>

interface Import {
  readonly specifier: string
  /** The source that is imported, by its path from the project's root. */
  readonly target: string
  readonly typeOnly: boolean
}

/** `import … from`, `export … from`, `import '…'` at the beginning of a line, and `import('…')` anywhere, of files of the project. */
const IMPORTS = /^(?:import|export) (type )?(?:[^'"`;]*? from )?'(\.[^']+)'|\bimport\('(\.[^']+)'\)/gm

function importsOf(file: string, text: string): Import[] {
  return [...text.matchAll(IMPORTS)].map(([, type, from, dynamic]) => {
    const specifier = from ?? dynamic ?? ''
    const target = normalize(join(file, '..', specifier)).replace(/\.js$/, '.ts')
    return { specifier, target, typeOnly: type !== undefined }
  })
}

const isTest = (file: string) => /\.(test|fixture)\.ts$/.test(file)

/** The layer of a source: its folder in src; `src` for a file in src itself, undefined outside. */
function layerOf(file: string): string | undefined {
  const [top, folder = '', ...rest] = file.split('/')
  if (top !== 'src') return undefined
  return rest.length === 0 ? 'src' : folder
}

/** Every layer that one may import, also by way of another. */
function reach(layer: string): ReadonlySet<string> {
  const found = new Set(layer === 'src' ? ['src', ...TOP] : [layer])
  for (const one of found) for (const next of LAYERS[one] ?? []) found.add(next)
  return found
}

/** Why an import is not allowed; undefined where it is. */
function refusal(file: string, { target, typeOnly }: Import): string | undefined {
  const [from, to] = [layerOf(file), layerOf(target)]
  if (/^scenarios\/[^/]+\/scenario\.ts$/.test(file))
    return target === 'src/index.ts'
      ? undefined
      : 'a scenario imports src/index.js, and nothing else of the lab'
  if (from === undefined) return undefined
  if (to === undefined) return `src does not know of ${target.split('/')[0]}`
  if (isTest(file)) return undefined
  if (isTest(target)) return 'what is for tests is not there when the program runs'
  if (from !== 'src' && !Object.hasOwn(LAYERS, from)) return `${from} has no place in the table of layers`
  const allowed = reach(from)
  if (allowed.has(to) || (typeOnly && TYPES[from]?.includes(to))) return undefined
  const types = TYPES[from]?.includes(to) ? `; types of ${to} alone it may, by 'import type'` : ''
  return `${from} may import ${[...allowed].filter(one => one !== from).join(', ') || 'nothing'}, not ${to}${types}`
}

/** Every import that is not allowed, with its file and why. */
function violations(sources: Sources): string[] {
  return Object.entries(sources).flatMap(([file, text]) =>
    importsOf(file, text).flatMap(one => {
      const why = refusal(file, one)
      return why === undefined ? [] : [`${file} imports '${one.specifier}': ${why}`]
    }),
  )
}

/** Files that import each other in a circle, types included: one circle for each way back into a path. */
function cycles(sources: Sources): string[] {
  const found: string[] = []
  const done = new Set<string>()
  const visit = (file: string, path: readonly string[]) => {
    const at = path.indexOf(file)
    if (at >= 0) found.push(`a circle: ${[...path.slice(at), file].join(' → ')}`)
    if (at >= 0 || done.has(file)) return
    for (const { target } of importsOf(file, sources[file] ?? ''))
      if (Object.hasOwn(sources, target)) visit(target, [...path, file])
    done.add(file)
  }
  for (const file of Object.keys(sources)) visit(file, [])
  return found
}

/** The project's own sources. */
function read(...folders: readonly string[]): Sources {
  const files = folders.flatMap(folder =>
    readdirSync(join(projectRoot(), folder), { recursive: true, encoding: 'utf8' })
      .filter(file => file.endsWith('.ts'))
      .map(file => join(folder, file)),
  )
  return Object.fromEntries(files.sort().map(file => [file, readFileSync(join(projectRoot(), file), 'utf8')]))
}

t.test('every import of src and of the scenarios is one that its layer may have', async test => {
  const sources = read('src', 'scenarios')
  test.ok(Object.values(sources).length > 100, 'the sources were found')
  test.same(violations(sources), [])
})

t.test('no files of src import each other in a circle', async test => {
  test.same(cycles(read('src')), [])
})

t.test('every folder of src has its place in the table, and the table has no other', async test => {
  const folders = readdirSync(join(projectRoot(), 'src'), { withFileTypes: true })
  test.same(
    folders.flatMap(entry => (entry.isDirectory() ? [entry.name] : [])).sort(),
    Object.keys(LAYERS).sort(),
  )
})

t.test('an import that is not allowed is named with its file, and why it is not', async test => {
  for (const [file, text, why] of [
    ['src/report/x.ts', "import { y } from '../plan/plan.js'", 'report may import model, base, not plan'],
    [
      'src/report/html/x.ts',
      "import { y } from '../../world/y.js'",
      'report may import model, base, not world',
    ],
    ['src/base/x.ts', "export { y } from '../model/y.js'", 'base may import nothing, not model'],
    [
      'src/probes/x.ts',
      "import type { Y } from '../evidence/y.js'",
      'probes may import model, world, base, not evidence',
    ],
    [
      'src/model/x.ts',
      "import {\n  y,\n} from '../world/y.js'",
      "model may import base, not world; types of world alone it may, by 'import type'",
    ],
    // In two pieces, or this file would be taken for one that imports it.
    ['src/world/x.ts', `const y = await ${'import'}('../model/y.js')`, 'world may import base, not model'],
    [
      'src/engine/x.ts',
      "import '../report/y.js'",
      'engine may import plan, state, way, topology, toggles, probes, evidence, kernel, model, world, base, not report',
    ],
    ['src/index.ts', "import { y } from './cli/main.js'", 'not cli'],
    [
      'src/base/x.ts',
      "import { y } from './y.fixture.js'",
      'what is for tests is not there when the program runs',
    ],
    ['src/new/x.ts', "import { y } from '../base/y.js'", 'new has no place in the table of layers'],
    ['src/cli/x.ts', "import { y } from '../../lab/y.js'", 'src does not know of lab'],
    ['src/base/x.test.ts', "import { y } from '../../bench/y.js'", 'src does not know of bench'],
    ['src/plan/x.ts', "import y from '../../scenarios/y/scenario.js'", 'src does not know of scenarios'],
    [
      'scenarios/x/scenario.ts',
      "import { y } from '../../src/plan/define.js'",
      'a scenario imports src/index.js, and nothing else of the lab',
    ],
    [
      'scenarios/x/scenario.ts',
      "import { y } from '../y/scenario.js'",
      'a scenario imports src/index.js, and nothing else of the lab',
    ],
  ] as const) {
    const [found = 'nothing', ...more] = violations({ [file]: text })
    const specifier = /'(\.[^']+)'/.exec(text)?.[1]
    test.ok(found.startsWith(`${file} imports '${specifier}': `) && found.endsWith(why), `${text}: ${found}`)
    test.same(more, [])
  }
})

t.test('an import that is allowed is no violation', async test => {
  for (const [file, text] of [
    ['src/model/x.ts', "import type { Y } from '../world/y.js'"],
    ['src/engine/x.ts', "import { y } from '../base/y.js'"],
    [
      'src/plan/x.ts',
      "import { y } from '../plan/y.js'\nimport { z } from 'zod'\n// import { y } from '../cli/y.js'",
    ],
    [
      'src/index.ts',
      "export * from './probes/registry.js'\nconst main = new URL('./cli/main.js', import.meta.url)",
    ],
    ['src/base/x.test.ts', "import { y } from '../engine/y.js'"],
    ['scenarios/x/scenario.ts', "import { y } from '../../src/index.js'"],
    ['lab/x.ts', "import { y } from '../src/cli/y.js'"],
  ] as const)
    test.same(violations({ [file]: text }), [], text)
})

t.test('a circle is named by all of its files, also one of types, and of a file with itself', async test => {
  test.same(
    cycles({
      'src/base/a.ts': "import { b } from './b.js'",
      'src/base/b.ts': "import type { C } from './c.js'",
      'src/base/c.ts': "export { a } from './a.js'\nimport { c } from './c.js'",
      'src/base/d.ts': "import { a } from './a.js'",
    }),
    [
      'a circle: src/base/a.ts → src/base/b.ts → src/base/c.ts → src/base/a.ts',
      'a circle: src/base/c.ts → src/base/c.ts',
    ],
  )
})
