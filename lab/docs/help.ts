/** The command line as its own help tells it, and whether a command in a document is one of it. */
import { join } from 'node:path'
import { execa } from 'execa'
import { projectRoot } from '../../src/base/root.js'

const MAIN = join(projectRoot(), 'dist/src/cli/main.js')

/** Something that takes words: an option or an argument. */
interface Taker {
  /** The least and the most words that it takes. */
  readonly least: number
  readonly most: number
  /** The only ones that it takes; any where there are none. */
  readonly choices: readonly string[]
}

/** A command and what it takes. */
interface CommandHelp {
  readonly name: string
  /** The help itself. */
  readonly text: string
  readonly options: ReadonlyMap<string, Taker>
  readonly arguments: readonly Taker[]
}

/** The whole command line. */
export interface ProgramHelp {
  readonly text: string
  readonly commands: readonly CommandHelp[]
}

/** Asks the program for its help, and that of every command, as a terminal of 80 columns has it. */
export async function readHelp(): Promise<ProgramHelp> {
  const ask = async (...words: string[]) => (await execa(process.execPath, [MAIN, ...words, '--help'])).stdout
  const text = await ask()
  const names = [...section(text, 'Commands').matchAll(/^ {2}([a-z]+)/gm)].map(([, name = '']) => name)
  const commands = await Promise.all(names.map(async name => parseHelp(name, await ask(name))))
  return { text, commands }
}

function parseHelp(name: string, text: string): CommandHelp {
  const usage = /^Usage: lab \S+(.*)$/m.exec(text)?.[1] ?? ''
  const described = entries(section(text, 'Arguments'))
  return {
    name,
    text,
    options: new Map(
      entries(section(text, 'Options')).flatMap(entry => {
        const [, flags = '', value = ''] = /^((?:-\w, )?--[\w-]+)((?: [<[]\S+[>\]])?)/.exec(entry) ?? []
        const taker = { ...takes(value), choices: choicesOf(entry) }
        return flags.split(', ').map((flag): [string, Taker] => [flag, taker])
      }),
    ),
    arguments: [...usage.matchAll(/[<[](\S+?)(?:\.\.\.)?[>\]]/g)]
      .filter(([whole]) => whole !== '[options]')
      .map(([whole, argument = '']) => ({
        ...takes(whole),
        choices: choicesOf(described.find(entry => entry.startsWith(`${argument} `)) ?? ''),
      })),
  }
}

function takes(value: string): Pick<Taker, 'least' | 'most'> {
  if (value.trim() === '') return { least: 0, most: 0 }
  return { least: value.includes('<') ? 1 : 0, most: value.includes('...') ? Infinity : 1 }
}

/** The lines below a heading of a help text. */
function section(text: string, heading: string): string {
  return text.split(`\n${heading}:\n`)[1]?.split('\n\n')[0] ?? ''
}

/** The entries of a section, each in one line. */
function entries(lines: string): string[] {
  return lines.split(/\n(?= {2}\S)/).map(entry => entry.trim().replace(/\s+/g, ' '))
}

function choicesOf(entry: string): string[] {
  const list = /\(choices: ((?:"[^"]+"(?:, )?)+)/.exec(entry)?.[1] ?? ''
  return [...list.matchAll(/"([^"]+)"/g)].map(([, choice = '']) => choice)
}

/** What is wrong with the words of a command behind `lab`; nothing where there is nothing. */
export function labProblems(words: readonly string[], program: ProgramHelp): string[] {
  const [name = '', ...rest] = words
  if (name === '--help') return []
  const command = program.commands.find(candidate => candidate.name === name)
  if (!command) return [`'lab ${name}' is no command`]
  const problems: string[] = []
  const positional: string[] = []
  let behind = false
  for (let at = 0; at < rest.length; at++) {
    const word = rest[at] ?? ''
    if (behind || !word.startsWith('--')) positional.push(word)
    else if (word === '--') behind = true
    else {
      const [flag = '', ...joined] = word.split('=')
      const option = command.options.get(flag)
      if (!option) {
        problems.push(`'lab ${name}' has no ${flag}`)
        continue
      }
      const values = joined.length > 0 ? [joined.join('=')] : []
      while (joined.length === 0 && values.length < option.most && !(rest[at + 1] ?? '--').startsWith('--'))
        values.push(rest[++at] ?? '')
      problems.push(...takerProblems(`${flag} of 'lab ${name}'`, option, values))
    }
  }
  for (const argument of command.arguments) {
    const values = positional.splice(0, argument.most === Infinity ? positional.length : argument.most)
    problems.push(...takerProblems(`an argument of 'lab ${name}'`, argument, values))
  }
  if (positional.length > 0) problems.push(`'lab ${name}' takes no ${positional.join(' ')}`)
  return problems
}

function takerProblems(what: string, { least, choices }: Taker, values: readonly string[]): string[] {
  if (values.length < least) return [`${what} is missing`]
  return values
    .filter(value => choices.length > 0 && !choices.includes(value))
    .map(value => `${what} cannot be ${value}`)
}
