/** `lab man`: the manual page, from the same words as the help. */
import type { Command } from 'commander'
import { asCalled, programName } from '../base/program-name.js'

/** Runs `lab man`: prints roff for man(7). */
export function man(program: Command): void {
  process.stdout.write(manualPage(program))
}

/** What stands behind a command's options in its help: examples, exit status. */
function afterwords(command: Command): string {
  let text = ''
  command.configureOutput({
    writeOut: piece => {
      text += piece
    },
  })
  command.outputHelp()
  return asCalled(text.slice(command.helpInformation().length).trim())
}

function manualPage(program: Command): string {
  const commands = [...program.commands].sort((a, b) => a.name().localeCompare(b.name()))
  const name = programName()
  return `${[
    `.TH ${name.toUpperCase()} 1 "" "netns-lab" "User Commands"`,
    '.SH NAME',
    `${name} \\- ${roff(firstWords(program.description()))}`,
    '.SH SYNOPSIS',
    ...commands.flatMap((command, index) => [
      ...(index > 0 ? ['.br'] : []),
      `.B ${name} ${roff(command.name())}`,
      roff(command.usage()),
    ]),
    '.SH DESCRIPTION',
    roff(program.description()),
    '.SH COMMANDS',
    ...commands.flatMap(command => [
      `.SS ${name} ${roff(command.name())} ${roff(command.usage())}`,
      `${roff(capital(command.description()))}.`,
      ...command.registeredArguments.flatMap(argument => [
        '.TP',
        `.I ${roff(argument.name())}`,
        roff(argument.description),
        ...choices(argument.argChoices),
      ]),
      ...command.options.flatMap(option => [
        '.TP',
        `.B ${roff(option.flags)}`,
        roff(option.description),
        ...choices(option.argChoices),
      ]),
      ...verbatim(afterwords(command)),
    ]),
    '.SH EXIT STATUS',
    ...verbatim(afterwords(program).replace(/^Exit status: /, '')),
  ].join('\n')}\n`
}

function choices(words: readonly string[] | undefined): string[] {
  return words ? [roff(`(one of: ${words.join(', ')})`)] : []
}

function verbatim(text: string): string[] {
  return text === '' ? [] : ['.PP', '.nf', ...text.split('\n').map(roff), '.fi']
}

/** Text without what roff would read as a request or an escape. */
function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/, '\\&$1')
}

function firstWords(text: string): string {
  return (text.split(/[,.]/)[0] ?? '').replace(/^./, letter => letter.toLowerCase())
}

function capital(text: string): string {
  return text.replace(/^./, letter => letter.toUpperCase())
}
