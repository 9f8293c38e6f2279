/** Lines of shell in documents: which of the project's commands are called in them, and whether there are such. */
import { existsSync, readFileSync } from 'node:fs'
import { repositoryFile } from '../../src/base/root.js'
import { labProblems, type ProgramHelp } from './help.js'

/** What is wrong with the project's commands in some lines of shell, where `examples` are files of the document's own. */
export function shellProblems(
  lines: readonly string[],
  program: ProgramHelp,
  examples: readonly string[] = [],
): string[] {
  return commandsIn(lines.join('\n')).flatMap(words => [
    ...commandProblems(words, program),
    ...words.flatMap(word => pathProblems(word, examples)),
  ])
}

/** What is wrong with a word, where it looks like the path of a file or a folder of the repository. */
export function pathProblems(word: string, examples: readonly string[]): string[] {
  const isGone = isRepositoryPath(word) && !examples.includes(word) && !existsSync(repositoryFile(word))
  return isGone ? [`there is no ${word}`] : []
}

function commandProblems(words: readonly string[], program: ProgramHelp): string[] {
  const [first = '', second = '', ...rest] = words
  if (first === 'lab') return labProblems(words.slice(1), program)
  if (first === 'npx' && second === 'netns-lab') return labProblems(rest, program)
  if (words.includes(PROVISION)) return provisionProblems(words)
  if (first !== 'npm') return []
  const name = second === 'run' ? (rest.find(word => !word.startsWith('-')) ?? '') : second
  const behind = words.includes('--') ? words.slice(words.indexOf('--') + 1) : undefined
  if (NPMS_OWN.includes(name)) return []
  if (!(name in scripts())) return [`'npm ${words.slice(1).join(' ')}': there is no script ${name}`]
  const asLab = name === 'lab' || name === 'start'
  return asLab && behind ? labProblems(behind, program) : []
}

/** What documents have npm itself do. */
const NPMS_OWN = ['ci', 'i', 'pack']

const PROVISION = 'lab/provision'

/** What is wrong with the options of lab/provision among some words. */
export function provisionProblems(words: readonly string[]): string[] {
  const flags = words.slice(words.indexOf(PROVISION) + 1).filter(word => word.startsWith('--'))
  const text = readFileSync(repositoryFile(PROVISION), 'utf8')
  return flags.flatMap(flag => (text.includes(`\n  ${flag} `) ? [] : [`${PROVISION} has no ${flag}`]))
}

let read: Readonly<Record<string, string>> | undefined

function scripts(): Readonly<Record<string, string>> {
  read ??= JSON.parse(readFileSync(repositoryFile('package.json'), 'utf8')).scripts as Record<string, string>
  return read
}

/** Folders of the repository that a path in a document may begin with. */
const FOLDERS = ['src', 'lab', 'scenarios', 'bench', 'docs', '.github', '.ci']

/** One with a placeholder or a star in it is none. */
function isRepositoryPath(word: string): boolean {
  return FOLDERS.some(folder => word.startsWith(`${folder}/`)) && /^[\w./-]+$/.test(word)
}

/** The commands of some shell text, those in quotes behind `sh -c` among them, as lists of words; assignments before them are left out. */
export function commandsIn(text: string): string[][] {
  const words = tokens(text.replaceAll('\\\n', ' '))
  const commands: string[][] = [[]]
  for (const word of words)
    if (word.operator) commands.push([])
    else commands.at(-1)?.push(word.text)
  return commands.flatMap(command => {
    const start = command.findIndex(word => !/^(\w+=|sudo$|env$|if$|then$)/.test(word))
    const own = start < 0 ? [] : command.slice(start)
    const at = own.indexOf('-c')
    const inner = at > 0 && own[at - 1] === 'sh' ? commandsIn(own[at + 1] ?? '') : []
    return own.length > 0 ? [own, ...inner] : []
  })
}

interface Token {
  readonly text: string
  /** Whether another command begins behind it. */
  readonly operator: boolean
}

/** Words, with quotes taken away; operators, redirections with their files, and comments end one or are left out. */
function tokens(text: string): Token[] {
  const found =
    /(?<quote>'[^']*'|"[^"]*")|(?<comment>(?<=^|\s)#.*)|(?<redirection>\d?>>?&?\s*\S+|<\s*\S+)|(?<operator>&&|\|\||[|;\n&()])|(?<plain>[^\s'"|;&()<>]+)|(?<space>[ \t]+)/gm
  const all: Token[] = []
  let word: string | undefined
  const end = () => {
    if (word !== undefined) all.push({ text: word, operator: false })
    word = undefined
  }
  for (const { groups = {}, 0: whole } of text.matchAll(found)) {
    if (groups.quote !== undefined) word = (word ?? '') + groups.quote.slice(1, -1)
    else if (groups.plain !== undefined) word = (word ?? '') + whole
    else end()
    if (groups.operator !== undefined) all.push({ text: whole, operator: true })
  }
  end()
  return all
}
