/** The documents, and what of them is generated: from the sources alone, or by trying it on this kernel. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { glob } from 'zx'
import { projectRoot } from '../../src/base/root.js'
import { fixTablesOf } from '../../src/cli/fix-tables.js'
import { type Report, reportSchema } from '../../src/model/report.js'
import { loadCatalogue } from '../../src/plan/catalogue.js'
import { prettyReporter } from '../../src/report/pretty.js'
import { combine } from '../../src/report/registry.js'
import { replay } from '../../src/report/replay.js'
import { partOf, withPart } from '../readme.js'
import { type ProgramHelp, readHelp } from './help.js'
import { layersTable } from './layers.js'
import { withLines } from './markdown.js'
import { matches } from './masks.js'
import { drawTerminal, linesOf, PICTURE_COLUMNS, plain, terminalLines } from './picture.js'
import { fieldTable, reportJsonSchema } from './schema.js'
import { scriptKindsTable } from './scripts.js'
import { asPrinted, isRunnable, tryOut } from './session.js'
import { wordsTable } from './words.js'

/** Where the picture of a run is, and what it is of. */
export const PICTURE = 'docs/run.svg'
const PICTURED = ['bridge-dnat-bounce', 'lan-dnat-without-snat']
const SCHEMA = 'docs/report.schema.json'

/** The example of a trial in docs/reports.md. */
const EXAMPLE = { scenario: 'neutron-floating-ip-self', phase: 'fixed', probe: 'float-ping', pieces: 2 }

/** A file of the repository and what it should be. */
export interface Generated {
  readonly path: string
  readonly text: string
}

/** The text of a file of the repository. */
export function textOf(path: string): Promise<string> {
  return readFile(join(projectRoot(), path), 'utf8')
}

/** Every document. */
export async function documents(): Promise<string[]> {
  const cwd = projectRoot()
  return (await glob(['README.md', 'CONTRIBUTING.md', 'docs/*.md'], { cwd })).sort()
}

/** The README of every scenario: quoted from runs of their own, and checked for what they point to. */
export async function scenarioReadmes(): Promise<string[]> {
  return (await glob('scenarios/*/README.md', { cwd: projectRoot() })).sort()
}

/** Everything that is generated from the sources alone. */
export async function fromSources(): Promise<Generated[]> {
  const schema = await reportJsonSchema()
  const parts: readonly (readonly [path: string, name: string, part: string])[] = [
    ['docs/reports.md', 'report-fields', fieldTable(schema)],
    ['docs/architecture.md', 'layers', await layersTable()],
    ['docs/commands.md', 'commands', commandsText(await readHelp())],
    ['docs/scripts.md', 'script-kinds', await scriptKindsTable()],
    ['docs/library.md', 'toggle-words', await wordsTable('src/toggles/registry.ts')],
    ['docs/library.md', 'probe-words', await wordsTable('src/probes/registry.ts')],
    ['docs/library.md', 'evidence-words', await wordsTable('src/evidence/registry.ts')],
  ]
  const texts = new Map<string, string>()
  for (const [path, name, part] of parts)
    texts.set(path, placed(path, texts.get(path) ?? (await textOf(path)), name, part))
  const { scenarios } = await loadCatalogue()
  for (const scenario of scenarios) {
    const path = `scenarios/${scenario.id}/README.md`
    const text = withHeading(await textOf(path), path)
    texts.set(path, placed(path, text, 'fixes', fixTablesOf(scenario)))
  }
  return [
    ...[...texts].map(([path, text]) => ({ path, text })),
    { path: SCHEMA, text: await formatted(SCHEMA, JSON.stringify(schema)) },
    { path: PICTURE, text: picture(linesOf(await textOf(PICTURE))) },
  ]
}

const FIXES = '## What breaks, and what repairs it'

/** A scenario's README with a place for its table of fixes: before its mechanism, or at its end. */
function withHeading(text: string, path: string): string {
  if (partOf(text, 'fixes') !== undefined) return text
  const section = `${FIXES}\n\n<!-- fixes:start -->\n<!-- fixes:end -->\n\n`
  const at = text.indexOf('## Mechanism')
  if (text.includes(FIXES))
    throw new Error(`${path} has the heading '${FIXES}' without the comments below it`)
  return at < 0 ? `${text.trimEnd()}\n\n${section.trimEnd()}\n` : text.slice(0, at) + section + text.slice(at)
}

/** A document's text with a part in its place. Throws where it has none. */
function placed(path: string, text: string, name: string, part: string): string {
  const replaced = withPart(text, name, `\n${part.trim()}\n`)
  if (replaced === undefined) throw new Error(`${path} has no place for ${name}`)
  return replaced
}

/** A file as Biome would have it. */
async function formatted(path: string, text: string): Promise<string> {
  const biome = join(projectRoot(), 'node_modules/.bin/biome')
  const options = { cwd: projectRoot(), input: text, stripFinalNewline: false }
  return (await execa(biome, ['format', `--stdin-file-path=${path}`], options)).stdout
}

function commandsText({ text, commands }: ProgramHelp): string {
  const block = (help: string) => `\`\`\`text\n${help.trim()}\n\`\`\``
  return [block(text), ...commands.map(({ name, text }) => `## lab ${name}\n\n${block(text)}`)].join('\n\n')
}

/** A document as it should be after its commands have been run; what is the same but for measurements stays. */
export async function tried(path: string): Promise<Generated> {
  let text = await textOf(path)
  const blocks = isRunnable(text) ? await tryOut(text) : []
  // From the end: lines before a block stay where they are.
  for (const one of [...blocks].reverse()) text = withLines(text, one.block, asPrinted(one))
  return { path, text }
}

/** The example of a trial as it should be, from a run. */
export async function triedExample(): Promise<Generated> {
  const path = 'docs/reports.md'
  const text = await textOf(path)
  const report = await runReport([EXAMPLE.scenario, '--toggle', 'accept_local'])
  const trial = report.scenarios[0]?.trials.find(
    ({ phase, probe, outcome }) => phase === EXAMPLE.phase && probe === EXAMPLE.probe && outcome === 'works',
  )
  if (!trial) throw new Error(`the run has no trial that ${path} could show`)
  const shown = Object.entries({ ...trial, evidence: trial.evidence.slice(0, EXAMPLE.pieces) })
  const lines = shown.map(([key, value]) => `  "${key}": ${inline(value)}`)
  const part = `\`\`\`json\n{\n${lines.join(',\n')}\n}\n\`\`\``
  const same = matches((partOf(text, 'trial-example') ?? '').split('\n'), part.split('\n'))
  return { path, text: same ? text : placed(path, text, 'trial-example', part) }
}

/** A value in a line, or in a line for each of several objects, wherever they are in it. */
function inline(value: unknown, indent = '  '): string {
  const deeper = `${indent}  `
  const lines = (parts: readonly string[]) => parts.map(part => `\n${deeper}${part}`).join(',')
  if (Array.isArray(value)) return `[${lines(value.map(one => inline(one, deeper)))}\n${indent}]`
  if (typeof value === 'object' && value !== null && Object.values(value).some(Array.isArray))
    return `{${lines(Object.entries(value).map(([key, one]) => `"${key}": ${inline(one, deeper)}`))}\n${indent}}`
  return JSON.stringify(value, null, 1).replace(/\s*\n\s*/g, ' ')
}

/** The picture of a run as it should be. */
export async function triedPicture(): Promise<Generated> {
  const old = await textOf(PICTURE).catch(() => '')
  const lines = coloured(await runReport(PICTURED))
  const same = matches([digest(linesOf(old))], [digest(lines)])
  return { path: PICTURE, text: same ? old : picture(lines) }
}

/** What every run prints, without line breaks and what tells of the machine. */
function digest(lines: readonly string[]): string {
  const text = lines.slice(FRAME).map(plain).join('\n')
  return text.replace(/\s+/g, ' ')
}

/** The command, the machine, and an empty line. */
const FRAME = 3

function picture(lines: readonly string[]): string {
  return drawTerminal(`lab run ${PICTURED.join(' ')}`, lines)
}

/** What the run prints on a terminal. */
function coloured(report: Report): string[] {
  let written = ''
  const terminal = { write: (text: string) => (written += text), isTTY: true, columns: PICTURE_COLUMNS }
  const { FORCE_COLOR, NO_COLOR } = process.env
  Object.assign(process.env, { FORCE_COLOR: '1' })
  delete process.env.NO_COLOR
  try {
    const reporters = combine([{ name: 'pretty', reporter: prettyReporter(terminal) }], complaint => {
      throw new Error(complaint)
    })
    for (const event of replay(report)) reporters.event(event)
  } finally {
    if (FORCE_COLOR === undefined) delete process.env.FORCE_COLOR
    if (NO_COLOR !== undefined) process.env.NO_COLOR = NO_COLOR
  }
  return [`$ \x1b[1mlab run ${PICTURED.join(' ')}\x1b[22m`, ...terminalLines(written.trimEnd())]
}

async function runReport(args: readonly string[]): Promise<Report> {
  const main = join(projectRoot(), 'dist/src/cli/main.js')
  const { stdout } = await execa(process.execPath, [main, 'run', ...args, '--json', '-'], { reject: false })
  return reportSchema.parse(JSON.parse(stdout))
}
