#!/usr/bin/env node
/** The command line. What a command needs is imported when that command runs, so that help and lists come at once. */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { describeError, EXIT, LabError, unknownWord } from '../errors.js'

const positive = (text: string): number => {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError('It must be a whole number of at least 1.')
  return value
}

const program = new Command('lab')
  .description(
    'Reproduces documented Linux networking failures on the running kernel, toggles each documented fix, takes it back, and says what changed.',
  )
  .helpCommand(false)
  .configureHelp({ sortSubcommands: true })
  .addHelpText(
    'after',
    `
Exit status: 0 as expected, 1 a trial did not come out as it must, 2 usage, 3 the lab broke,
4 everything was skipped, 69 no namespaces can be made here, 130 interrupted.`,
  )

program
  .command('list')
  .description('list the scenarios with their probes and toggles')
  .option('--json', 'print JSON')
  .addHelpText('after', '\nExample:\n  $ lab list')
  .action(async (options: { json?: boolean }) => {
    const { list } = await import('./list.js')
    await list(options)
  })

program
  .command('run')
  .description('run scenarios on the running kernel: control, broken, fixed, reverted')
  .argument('[id...]', 'ids of scenarios; all when left out')
  .option('--toggle <id...>', 'only the fixes that set one of these toggles')
  .option('--json <file>', 'write the report as JSON to a file, or to standard output for -')
  .option('--jobs <n>', 'experiments at once', positive)
  .option('--repeat <n>', 'run everything n times; a trial that comes out both ways is flaky', positive, 1)
  .option('--rootless', 'use a user namespace even as root')
  .addOption(
    new Option(
      '--iptables <backend>',
      'which iptables to run with; what `iptables` is when left out',
    ).choices(['nft', 'legacy', 'both']),
  )
  .option('--keep-going', 'go on with a scenario after a trial that did not come out as it must')
  .option(
    '--load-modules',
    'load the kernel modules that the scenarios need (on a host, this changes the host)',
  )
  .addHelpText(
    'after',
    `
Examples:
  $ lab run
  $ lab run bridge-dnat-bounce --toggle promisc
  $ lab run --iptables both --json report.json`,
  )
  .action(async (ids: string[], options: object) => {
    const { runCommandLine } = await import('./run.js')
    process.exitCode = await runCommandLine(ids, options)
  })

program
  .command('doctor')
  .description('say what this machine and kernel offer, what is missing, and what brings it')
  .option('--json', 'print JSON')
  .option('--rootless', 'look from inside a user namespace even as root')
  .addHelpText('after', '\nExample:\n  $ lab doctor')
  .action(async (options: object) => {
    const { doctor } = await import('./doctor.js')
    process.exitCode = await doctor(options)
  })

for (const command of [program, ...program.commands])
  command.exitOverride().configureOutput({ outputError: () => {} })

// `lab list | head`: whoever reads has read enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.ok)
  throw error
})

try {
  await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) process.exit(EXIT.ok)
    // Commander's own message, without its suggestion of a word: ours covers options, too.
    const word = /'([^']+)'/.exec(error.message)?.[1]?.split(/[= ]/)[0] ?? ''
    const known =
      error.code === 'commander.unknownCommand'
        ? program.commands.map(command => command.name())
        : [program, ...program.commands].flatMap(command => command.options.map(option => option.long ?? ''))
    const unknown = error.code === 'commander.unknownCommand' || error.code === 'commander.unknownOption'
    const complaint = unknown
      ? describeError(
          unknownWord(error.code === 'commander.unknownCommand' ? 'command' : 'option', word, known),
        )
      : error.message.replace(/^error: /, '').split('\n')[0]
    process.stderr.write(
      `lab: ${error.code === 'commander.help' ? 'no command given; see lab --help' : complaint}\n`,
    )
    process.exit(EXIT.usage)
  }
  process.stderr.write(`lab: ${describeError(error)}\n`)
  if (!(error instanceof LabError) && process.env.NETNS_LAB_DEBUG)
    process.stderr.write(`${(error as Error).stack}\n`)
  process.exitCode = error instanceof LabError ? error.exitCode : EXIT.error
}
