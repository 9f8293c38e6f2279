/** Documents tried out: their examples written and their commands run, in a folder of their own. */
import { join } from 'node:path'
import { execa } from 'execa'
import { withDir } from 'tmp-promise'
import { fs, glob } from 'zx'
import { projectRoot } from '../../src/base/root.js'
import { type Block, blocksOf } from './markdown.js'
import { matches, withoutEnd } from './masks.js'

/** What a command printed, beside what is quoted of it. */
interface Tried {
  readonly command: string
  readonly quoted: readonly string[]
  readonly printed: readonly string[]
  /** Whether they are the same, but for what may differ. */
  readonly same: boolean
}

/** A console block of a document with what its commands printed. */
export interface TriedBlock {
  readonly block: Block
  readonly commands: readonly Tried[]
}

/** Languages whose blocks are files, where the line before them says which. */
const FILES = ['ts', 'js', 'json', 'sh']

/** Whether a document has something to be run. */
export function isRunnable(text: string): boolean {
  return blocksOf(text).some(isRun)
}

function isRun({ language, quoted }: Block): boolean {
  return language === 'console' && quoted === undefined
}

/**
 * Goes through a document from top to bottom: writes its files, applies its changes, runs its commands. Where it changes
 * the project, that is a copy of it. Throws where a change cannot be applied.
 */
export function tryOut(text: string): Promise<TriedBlock[]> {
  return withDir(
    async ({ path }) => {
      const blocks = blocksOf(text)
      const project = blocks.some(({ file }) => file !== undefined && /^(src|scenarios)\//.test(file))
      const folder = join(path, 'work')
      await (project ? copyProject(folder) : emptyProject(folder))
      await writeLab(join(path, 'bin'), project ? folder : projectRoot())
      const tried: TriedBlock[] = []
      for (const block of blocks) {
        if (isRun(block)) tried.push({ block, commands: await run(block, folder, join(path, 'bin')) })
        else if (block.file !== undefined) await change(block, block.file, folder)
      }
      return tried
    },
    { unsafeCleanup: true },
  )
}

/** A folder in which the library can be imported by its name. */
async function emptyProject(folder: string): Promise<void> {
  await fs.ensureSymlink(projectRoot(), join(folder, 'node_modules/netns-lab'))
  await fs.writeJson(join(folder, 'package.json'), { type: 'module' })
}

/** A copy of the project's sources, without tests, and without a build. */
async function copyProject(folder: string): Promise<void> {
  const patterns = [
    'src/**',
    'scenarios/*/**',
    '!**/*.test.ts',
    '!**/*fixture{,s}.ts',
    'package.json',
    'tsconfig.json',
  ]
  for (const file of await glob(patterns, { cwd: projectRoot() }))
    await fs.copy(join(projectRoot(), file), join(folder, file))
  await fs.ensureSymlink(join(projectRoot(), 'node_modules'), join(folder, 'node_modules'))
}

/** The command that documents call `lab`. */
async function writeLab(folder: string, project: string): Promise<void> {
  const script = `#!/bin/sh\nexec '${process.execPath}' '${join(project, 'dist/src/cli/main.js')}' "$@"\n`
  await fs.outputFile(join(folder, 'lab'), script, { mode: 0o755 })
}

/** Writes a file, or changes one: `diff` has some lines of it as they are, with those that go and those that come. */
async function change({ language, lines, line }: Block, file: string, folder: string): Promise<void> {
  const path = join(folder, file)
  if (FILES.includes(language)) {
    await fs.outputFile(path, `${lines.join('\n')}\n`)
    return
  }
  if (language !== 'diff') return
  const side = (sign: string) =>
    lines.flatMap(one =>
      one.startsWith(sign) || one.startsWith(' ') || one === '' ? [`${one.slice(1)}\n`] : [],
    )
  const [before, after] = [side('-').join(''), side('+').join('')]
  const parts = (await fs.readFile(path, 'utf8')).split(before)
  if (parts.length !== 2)
    throw new Error(`line ${line}: ${file} has these lines ${parts.length - 1} times:\n${before}`)
  await fs.writeFile(path, parts.join(after))
}

/** Commands of a block with what is quoted of each. */
function commandsOf({ lines }: Block): { readonly command: string; readonly quoted: string[] }[] {
  const commands: { command: string; quoted: string[] }[] = []
  for (const line of lines) {
    const last = commands.at(-1)
    if (line.startsWith('$ ')) commands.push({ command: line.slice(2), quoted: [] })
    else if (line.startsWith('> ') && last?.quoted.length === 0) last.command += `\n${line.slice(2)}`
    else last?.quoted.push(line)
  }
  return commands
}

/** Runs the commands of a block in one shell. */
async function run(block: Block, cwd: string, bin: string): Promise<Tried[]> {
  const commands = commandsOf(block)
  const mark = '\u0001'
  const script = commands
    .map(({ command }) => `${command}\nstatus=$?; printf '${mark}'; (exit $status)`)
    .join('\n')
  const { all } = await execa('bash', ['-c', script], {
    cwd,
    all: true,
    stdin: 'ignore',
    reject: false,
    extendEnv: false,
    env: {
      PATH: `${bin}:${process.env.PATH}`,
      HOME: process.env.HOME ?? '/',
      LANG: 'C.UTF-8',
      NO_COLOR: '1',
    },
  })
  const outputs = all.split(mark)
  return commands.map(({ command, quoted }, index) => {
    const printed = withoutEnd((outputs[index] ?? '').split('\n').map(line => line.trimEnd()))
    return { command, quoted, printed, same: matches(quoted, printed) }
  })
}

/** The lines of a block with what its commands printed in place of what was quoted, where that is not the same. */
export function asPrinted({ commands }: TriedBlock): string[] {
  return commands.flatMap(({ command, quoted, printed, same }) => [
    ...command.split('\n').map((line, index) => (index === 0 ? `$ ${line}` : `> ${line}`)),
    ...(same ? quoted : printed),
  ])
}
