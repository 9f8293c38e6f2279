/** What the command line could not be read as, or a command failed of, for the person who typed it. */
import { type Command, CommanderError } from 'commander'
import { describeError, EXIT, LabError } from '../base/errors.js'
import { nearest, unknownWord } from '../base/nearest.js'
import { asCalled, programName } from '../base/program-name.js'

/** Says on standard error what went wrong; the status to end with. An error that the lab did not expect comes with its stack where NETNS_LAB_DEBUG is set. */
export function complain(error: unknown): number {
  process.stderr.write(`${programName()}: ${asCalled(describeError(error))}\n`)
  if (!(error instanceof LabError) && process.env.NETNS_LAB_DEBUG)
    process.stderr.write(`${(error as Error).stack}\n`)
  return error instanceof LabError ? error.exitCode : EXIT.error
}

/** What Commander refused, in the lab's own words; undefined where it had only been asked for help. */
export function usageError(
  error: CommanderError,
  program: Command,
  argv: readonly string[],
): LabError | undefined {
  if (error.exitCode === 0) return undefined
  if (error.code === 'commander.help') return new LabError('no command given', 'lab --help', EXIT.usage)
  // Commander's own message, without its suggestion of a word: ours covers options, too.
  const word = /'([^']+)'/.exec(error.message)?.[1]?.split(/[= ]/)[0] ?? ''
  if (error.code === 'commander.unknownCommand') return unknownCommand(program, word)
  const command = program.commands.find(
    candidate => candidate.name() === argv.find(one => !one.startsWith('-')),
  )
  if (error.code === 'commander.unknownOption') return unknownOption(command ?? program, word)
  const help = command ? `lab ${command.name()} --help` : 'lab --help'
  return new LabError(error.message.replace(/^error: /, '').split('\n')[0] ?? '', help, EXIT.usage)
}

/** Says which command was meant. */
export function unknownCommand(program: Command, word: string): LabError {
  return unknownWord(
    'command',
    word,
    program.commands.map(command => command.name()),
  )
}

/** Says which option of that command was meant, or lists those that it has. */
function unknownOption(command: Command, word: string): LabError {
  const options = [
    ...command.options.flatMap(({ long, short }) => [long ?? [], short ?? []].flat()),
    '--help',
    '-h',
  ]
  const bare = (option: string) => option.replace(/^-+/, '')
  const near = word.startsWith('--')
    ? nearest(bare(word), options.filter(option => option.startsWith('--')).map(bare))
    : undefined
  const own = command.parent ? ` of lab ${command.name()}` : ''
  return new LabError(
    `unknown option '${word}'${own}`,
    near === undefined ? `known: ${options.join(', ')}` : `did you mean '--${near}'?`,
    EXIT.usage,
  )
}

/** Whether this was thrown by Commander. */
export function isCommanders(error: unknown): error is CommanderError {
  return error instanceof CommanderError
}
