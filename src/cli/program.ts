/** The command line. What a command needs is imported when that command runs, so that help and lists come at once. */
import { readFileSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { Argument, Command, InvalidArgumentError, Option } from 'commander'
import { compileLater } from '../base/compile.js'
import { EXIT, LabError } from '../base/errors.js'
import { asCalled } from '../base/program-name.js'
import { repositoryFile } from '../base/root.js'
import { completePath } from '../base/tools.js'
import { EXPECTABLE, guardExit } from '../matrix/bisect.js'
import { CONVENTIONS } from '../model/verdict.js'
import type { DistroOptions } from './distro.js'
import type { KernelOptions } from './kernel.js'
import { complain, isCommanders, unknownCommand, usageError } from './usage.js'

const positive = (text: string): number => {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError('It must be a whole number of at least 1.')
  return value
}

const collect = (text: string, all: readonly string[] = []): readonly string[] => [...all, text]

/** What names scenarios. */
const SCENARIOS = 'ids of scenarios, or files, folders and patterns of your own'
const SCENARIO = 'id of a scenario, or the file or folder of one of your own'

const REPORTERS_HELP =
  'also report as pretty, tap, ktap, junit, github, markdown, html, events, kselftest, kcidb, tmt, lava or json, to a file or standard output; may be given again'

const exitStatusOption = () =>
  new Option(
    '--exit-status <whose>',
    'what it ends with: the lab’s own, kselftest’s (0, 1, 4) or autopkgtest’s (77 where all was skipped)',
  )
    .choices(CONVENTIONS)
    .default('lab')

const sysctlOption = () =>
  new Option(
    '--sysctl <file>',
    '--defaults, with a file of one’s own, where it would lie there; may be given again',
  )
    .argParser(collect)
    .implies({ defaults: true })

const persistOption = () =>
  new Option(
    '--persist <how>',
    'also save the rules of each fix, take them away, load them, and judge again',
  ).choices(['iptables-save', 'nft', 'both'])

const program = new Command('lab')
  .description(
    'Reproduces documented Linux networking failures on the running kernel, toggles each documented fix, takes it back, and says what changed.',
  )
  .helpCommand(false)
  .option('--version', 'print the version')
  .configureHelp({ sortSubcommands: true })
  .addHelpText(
    'after',
    `
Exit status: 0 as expected, 1 a trial did not come out as it must, 2 usage, 3 the lab broke,
4 everything was skipped, 69 no namespaces can be made here, 130 interrupted.`,
  )

program
  .command('help')
  .description('show the help of a command, or that of all')
  .argument('[command]', 'which command')
  .addHelpText('after', '\nExample:\n  $ lab help run')
  .action((name: string | undefined) => {
    const command = name === undefined ? program : program.commands.find(one => one.name() === name)
    if (!command) throw unknownCommand(program, name ?? '')
    command.outputHelp()
  })

program
  .command('list')
  .description('list the scenarios with their probes and toggles')
  .argument('[id...]', `${SCENARIOS}; all of the lab’s own when left out`)
  .option('--json', 'print JSON')
  .addHelpText('after', '\nExamples:\n  $ lab list\n  $ lab list ./my-scenarios')
  .action(async (ids: string[], options: { json?: boolean }) => {
    const { list } = await import('./list.js')
    await list(ids, options)
  })

program
  .command('new')
  .description(
    'write a scenario of your own: a folder with a scenario.ts and a README.md that can be run at once',
  )
  .argument('<name>', 'the folder; its last part becomes the scenario’s id')
  .option('--from <id>', 'begin with a scenario of the lab’s own, in place of a small one')
  .addHelpText(
    'after',
    '\nExamples:\n  $ lab new my-bug && lab run ./my-bug\n  $ lab new my-bridge --from bridge-dnat-bounce',
  )
  .action(async (name: string, options: { from?: string }) => {
    const { newScenario } = await import('./new.js')
    await newScenario(name, options)
  })

program
  .command('run')
  .description('run scenarios on the running kernel: control, broken, fixed, reverted')
  .argument('[id...]', `${SCENARIOS}; all of the lab’s own when left out`)
  .option('--toggle <id...>', 'only the fixes that set one of these toggles, or one of them to NAME=SETTING')
  .option('--json <file>', 'write the report as JSON to a file, or to standard output for -')
  .option('--reporter <name[=file]>', REPORTERS_HELP, collect)
  .option('--origin <name>', 'who submits: for the reporter kcidb')
  .option('--build-id <id>', 'the build that was tested, as it was submitted: for the reporter kcidb')
  .addOption(exitStatusOption())
  .option('--jobs <n>', 'experiments at once', positive)
  .option('--repeat <n>', 'run everything n times; a trial that comes out both ways is flaky', positive, 1)
  .option(
    '--shard <k/n>',
    'a part of the catalogue, the k-th of n that are about as long; lab merge joins them',
  )
  .option('--shuffle', 'in an order by chance; it is said with which --seed it comes again')
  .option('--seed <n>', 'the order that --shuffle had with this seed', positive)
  .option('-v, --verbose', 'also say by what evidence each verdict stands, and what each fix changed')
  .addOption(new Option('-q, --quiet', 'print the last line alone').conflicts('verbose'))
  .option('--profile', 'print where the time went, by phase, by probe and by command')
  .option('--rootless', 'use a user namespace even as root')
  .addOption(
    new Option(
      '--iptables <backend>',
      'which iptables to run with; what `iptables` is when left out',
    ).choices(['nft', 'legacy', 'both']),
  )
  .addOption(persistOption())
  .option('--keep-going', 'go on with a scenario after a trial that did not come out as it must')
  .addOption(
    new Option('--evidence <level>', 'what to watch the kernel with: full adds traces and captures')
      .choices(['none', 'basic', 'full'])
      .default('basic'),
  )
  .option('--out <dir>', 'keep everything of the run in a folder: report, events, evidence')
  .addOption(
    new Option(
      '--on-failure <what>',
      'open a shell in the topology of each trial that does not come out as it must',
    ).choices(['shell']),
  )
  .addOption(
    new Option('--distro <name>', 'run with the tools of a release of lab distro list').conflicts('rootfs'),
  )
  .option('--rootfs <path>', 'run with the tools of a root: a folder, tar archive or squashfs')
  .option('--defaults', 'leave sysctls that a document does not name at what the distribution sets')
  .addOption(sysctlOption())
  .addOption(
    new Option(
      '--defaults-from <file>',
      'the sysctls of another distribution: what lab distro defaults NAME --json prints',
    ).conflicts(['defaults', 'sysctl']),
  )
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
  $ lab run bridge-dnat-bounce --toggle hairpin_mode=on -v
  $ lab run --iptables both --json report.json
  $ lab run --distro debian:13
  $ lab run --reporter html=report.html --reporter junit=report.xml`,
  )
  .action(async (ids: string[], options: object) => {
    const { runAhead } = await import('./run-ahead.js')
    process.exitCode = await runAhead(options, async () => {
      compileLater()
      const { runCommandLine } = await import('./run.js')
      return runCommandLine(ids, options)
    })
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

program
  .command('merge')
  .description('put the JSON reports of several kernels or machines side by side')
  .argument('<file...>', 'reports that lab run --json wrote')
  .option('--reporter <name[=file]>', REPORTERS_HELP, collect)
  .option('--origin <name>', 'who submits: for the reporter kcidb')
  .option('--build-id <id>', 'the build that was tested, as it was submitted: for the reporter kcidb')
  .addOption(exitStatusOption())
  .addHelpText(
    'after',
    '\nExample:\n  $ lab merge debian-5.10.json debian-6.1.json --reporter html=kernels.html',
  )
  .action(async (files: string[], options: object) => {
    const { merge } = await import('./merge.js')
    process.exitCode = await merge(files, options)
  })

program
  .command('explain')
  .description('tell the story of a scenario: what people saw, why, and what each toggle does to it')
  .argument('<id>', SCENARIO)
  .addHelpText('after', '\nExample:\n  $ lab explain bridge-dnat-bounce | less')
  .action(async (id: string) => {
    const { explain } = await import('./explain.js')
    await explain(id)
  })

program
  .command('script')
  .description('print a shell script that reproduces a scenario without the lab')
  .usage('[options] <id>')
  // It may stand behind `--toggle`, which takes several words.
  .argument('[id]', SCENARIO)
  .option('--toggle <name=setting...>', 'settings to see the effect of; every fix when left out')
  .addOption(
    new Option('--phase <phase>', 'the failure alone, or what the fixes make of it').choices([
      'broken',
      'fixed',
    ]),
  )
  .addOption(new Option('--iptables <backend>', 'call this iptables by name').choices(['nft', 'legacy']))
  .option('--kernel <version>', 'expect what this kernel must do; the running one when left out')
  .addOption(
    new Option(
      '--persist <how>',
      'save the rules of the settings, take them away, load them, and show what is left of them',
    ).choices(['iptables-save', 'nft']),
  )
  .addOption(
    new Option(
      '--minimal',
      'a page of commands and no frame: set up, show the failure, turn a fix, show that it works',
    ).conflicts(['selftest', 'persist']),
  )
  .addOption(
    new Option('--selftest', 'as tools/testing/selftests/net has its tests, on its lib.sh').conflicts(
      'persist',
    ),
  )
  .addHelpText(
    'after',
    `
The script exits with 0 when everything comes out as documented, 1 when it does not, 4 when it cannot be tried.

Examples:
  $ lab script neutron-floating-ip-self > martian.sh && sh martian.sh
  $ lab script neutron-floating-ip-self --toggle accept_local=all=1 > fixed.sh
  $ lab script bridge-dnat-bounce --toggle promisc=on --kernel 5.10 > old.sh
  $ lab script lan-dnat-without-snat --minimal > minimal.sh
  $ lab script lan-dnat-without-snat --selftest > lan_dnat.sh
  $ lab script nova-float-hairpin --toggle hairpin_mode=on ctstate-dnat=on --persist nft > lost.sh`,
  )
  .action(async (id: string | undefined, options: object) => {
    const { script } = await import('./script.js')
    await script(id, options)
  })

program
  .command('shell')
  .description('build a scenario’s topology and open a shell in one of its nodes; leaving takes it down')
  .usage('[options] <id> [node]')
  .argument('[id]', SCENARIO)
  .argument('[node]', 'node to be in; where the failure shows when left out')
  .option('--toggle <name=setting...>', 'settings to begin with')
  .option('--rootless', 'use a user namespace even as root')
  .addHelpText(
    'after',
    `
Examples:
  $ lab shell neutron-floating-ip-self
  $ lab shell hairpin-ipv6-dad compute --toggle hairpin_mode=off
  $ echo 'ping -c 1 185.15.56.55' | lab shell neutron-floating-ip-self vm`,
  )
  .action(async (id: string | undefined, node: string | undefined, options: object) => {
    const { shell } = await import('./shell.js')
    process.exitCode = await shell(
      [id, node].flatMap(word => word ?? []),
      options,
    )
  })

program
  .command('graph')
  .description('draw a scenario’s topology')
  .argument('<id>', SCENARIO)
  .addOption(
    new Option('--format <format>', 'how to draw it')
      .choices(['ascii', 'svg', 'mermaid', 'dot'])
      .default('ascii'),
  )
  .addHelpText(
    'after',
    '\nExamples:\n  $ lab graph snat-port-race\n  $ lab graph snat-port-race --format dot | dot -Tpng > race.png',
  )
  .action(async (id: string, options: { format: string }) => {
    const { graph } = await import('./graph.js')
    await graph(id, options.format)
  })

program
  .command('audit')
  .description('say which of the failures would hit this machine: nothing is changed, loaded or sent')
  .argument('[id...]', `${SCENARIOS}; all of the lab’s own when left out`)
  .option('--netns <name>', 'one namespace: this, a name under /run/netns, or a process; all when left out')
  .option(
    '--for <what>',
    'what would change: with a kernel (6.12.117), a release (debian:13), or the kernel of a report',
  )
  .option(
    '--rebuild <id>',
    'try what was found of a scenario: its topology in the lab with this machine’s rules and settings',
  )
  .option('--json', 'print what was found as JSON')
  .option(
    '--reporter <name[=file]>',
    'pretty, json, tap, ktap, kselftest, junit, github, markdown, html, events or lava; may be given again',
    collect,
  )
  .addHelpText(
    'after',
    `
Exit status 1 when something is exposed. As an ordinary user, what cannot be read is named.

Examples:
  $ sudo lab audit
  $ sudo lab audit --for debian:13
  $ sudo lab audit --rebuild bridge-dnat-bounce
  $ sudo lab audit --netns qrouter-1a2b --reporter markdown=audit.md
  $ lab audit bridge-dnat-bounce --json`,
  )
  .action(async (ids: string[], options: object) => {
    // What is loaded and read soon is garbage: with a young generation that does not grow, a fifth less memory, and no more time.
    setFlagsFromString('--semi-space-growth-factor=1')
    const { audit } = await import('./audit.js')
    process.exitCode = await audit(ids, options)
  })

program
  .command('record')
  .description('print this machine’s namespaces as a scenario to be completed: what a bug report needs')
  .option(
    '--netns <name>',
    'a namespace: this, a name under /run/netns, or a process; may be given again; all when left out',
    collect,
  )
  .option('--anonymous', 'with other names, MAC addresses and addresses, the same one for the same')
  .addHelpText(
    'after',
    `
What a topology has no words for is named on standard error, and in the scenario.

Examples:
  $ sudo lab record --netns this > scenario.ts && lab shell ./scenario.ts
  $ sudo lab record --netns qrouter-1a2b --anonymous > scenario.ts`,
  )
  .action(async (options: object) => {
    const { recordMachine } = await import('./record.js')
    process.exitCode = await recordMachine(options)
  })

program
  .command('completion')
  .description('print a shell’s completion for this command line')
  .addArgument(new Argument('<shell>', 'which shell').choices(['bash', 'zsh', 'fish']))
  .addHelpText(
    'after',
    `
Examples:
  $ eval "$(lab completion bash)"      # in ~/.bashrc
  $ eval "$(lab completion zsh)"       # in ~/.zshrc, after compinit
  $ lab completion fish | source       # in ~/.config/fish/config.fish`,
  )
  .action(async (shell: string) => {
    const { completion } = await import('./completion.js')
    await completion(program, shell)
  })

program
  .command('man')
  .description('print the manual page')
  .addHelpText('after', '\nExample:\n  $ lab man > lab.1 && man ./lab.1')
  .action(async () => {
    const { man } = await import('./man.js')
    man(program)
  })

program
  .command('kernel')
  .description('list the kernels that can be had, fetch some into the cache, or build one from source')
  .addArgument(new Argument('<action>', 'what to do').choices(['list', 'fetch', 'key', 'build']))
  .argument('[name...]', 'kernels to fetch, or to print the key of a cache of')
  .option('--json', 'print the list as JSON')
  .option('--update', 'read the package index anew')
  .option('--source <source>', 'what to build from: debian:6.12, or the path of a source tree', 'debian:6.12')
  .option('--patch <file...>', 'patches to build with; the tree is as before when the build is over')
  .option('--name <name>', 'what to call the built kernel; after its source and patches when left out')
  .option('--bisect', 'for git bisect run: exit status 125 where this commit cannot be built')
  .addHelpText(
    'after',
    `
Examples:
  $ lab kernel list
  $ lab kernel fetch debian:6.1
  $ lab kernel key debian:6.1 debian:6.12     # for actions/cache: another one when Debian has a newer package
  $ lab kernel build --source debian:6.12 --patch lab/kernels/patches/revert-rp-filter-loopback.patch
  $ lab kernel build --source ~/linux --name candidate`,
  )
  .action(async (action: string, names: string[], options: KernelOptions) => {
    const { kernelBuild, kernelFetch, kernelKey, kernelList } = await import('./kernel.js')
    const [name] = names
    if (action === 'list') await kernelList(options)
    else if (action === 'build' && name !== undefined)
      throw new LabError(
        `'${name}' is no option of a build`,
        `lab kernel build --name ${name} calls the kernel so`,
        EXIT.usage,
      )
    else if (action === 'build') process.exitCode = await kernelBuild(options)
    else if (name === undefined)
      throw new LabError('no kernel given', 'lab kernel list shows their names', EXIT.usage)
    else if (action === 'key') await kernelKey(names)
    else await kernelFetch(names, options)
  })

program
  .command('distro')
  .description(
    'list the distributions that a run can take its tools from, fetch some, or tell their sysctls and what they make of rules',
  )
  .addArgument(new Argument('<action>', 'what to do').choices(['list', 'fetch', 'key', 'defaults', 'rules']))
  .argument(
    '[name...]',
    'names of releases; of several, defaults also says what changes from each to the next',
  )
  .option('--json', 'print what there is as JSON')
  .option('--update', 'make the root anew from what the archive has now')
  .option(
    '--sysctl <file>',
    'defaults: with a file of one’s own, where it would lie there; may be given again',
    collect,
  )
  .option('--rules <file>', 'rules: a file of iptables-save, or of nft')
  .option('--rootless', 'defaults, rules: use a user namespace even as root')
  .option('--allow-expired', 'take a mirror that stands still; signatures are checked all the same')
  .addHelpText(
    'after',
    `
Examples:
  $ lab distro list
  $ lab distro fetch debian:12 debian:13
  $ lab distro key debian:12                  # for actions/cache: another one when the archive has changed
  $ lab distro defaults debian:12 debian:13 --sysctl /etc/sysctl.d/99-hardening.conf
  $ lab distro rules debian:12 debian:13 --rules /etc/iptables/rules.v4`,
  )
  .action(async (action: string, names: string[], options: DistroOptions) => {
    const { distroFetch, distroKey, distroList } = await import('./distro.js')
    if (action === 'list') await distroList(options)
    else if (action === 'defaults') {
      const { distroDefaults } = await import('./distro-defaults.js')
      process.exitCode = await distroDefaults(names, options)
    } else if (action === 'rules') {
      const { distroRules } = await import('./distro-rules.js')
      process.exitCode = await distroRules(names, options)
    } else if (names.length === 0)
      throw new LabError('no distribution given', 'lab distro list shows their names', EXIT.usage)
    else if (action === 'key') await distroKey(names)
    else await distroFetch(names, options)
  })

program
  .command('matrix')
  .description('run scenarios on several kernels or distributions, each in a guest, and say what differs')
  .argument('[id...]', `${SCENARIOS}; all of the lab’s own when left out`)
  .option(
    '--kernel <name...>',
    'kernels: names of lab kernel list or build, images, built trees; oldest first',
  )
  .addOption(
    new Option(
      '--distro <name...>',
      'releases of lab distro list, each with its own kernel, or with each of --kernel; oldest first',
    ).conflicts(['plan', 'selftests', 'bisect']),
  )
  .option('--defaults', 'leave sysctls that a document does not name at what the distribution sets')
  .addOption(sysctlOption())
  .addOption(persistOption())
  .option('--modules <folder>', 'modules of a kernel that is given as an image')
  .option('--jobs <n>', 'guests at once', positive)
  .option('--out <folder>', 'where reports and consoles go; ./matrix when left out')
  .option('--toggle <id...>', 'only the fixes that set one of these toggles, or one of them to NAME=SETTING')
  .option('--repeat <n>', 'run everything n times', positive)
  .addOption(
    new Option('--evidence <level>', 'what to watch the kernel with: full adds traces and captures').choices([
      'none',
      'basic',
      'full',
    ]),
  )
  .option('--offline', 'fetch no kernel that is not in the cache')
  .addOption(
    new Option('--iptables <backend>', 'which iptables to run with').choices(['nft', 'legacy', 'both']),
  )
  .addOption(new Option('--accel <how>', 'how guests run; tried out when left out').choices(['kvm', 'tcg']))
  .option(
    '--shard <k/n>',
    'a part of the catalogue, the k-th of n that are about as long; lab merge joins them',
  )
  .option('--plan', 'print a job for each kernel as JSON (for GitHub Actions) and run nothing')
  .option('--shards <n>', 'with --plan, as many jobs for each kernel', positive)
  .option(
    '--selftests <folder>',
    'also run the kernel’s own tests of the same failures: tools/testing/selftests/net of its source',
  )
  .addOption(
    new Option(
      '--bisect',
      'for git bisect run: exit status 0 good, 1 bad, 125 cannot tell, 128 stop',
    ).conflicts(['plan', 'selftests']),
  )
  .addOption(
    new Option('--expect <verdict>', 'bisect by this verdict: another one is bad')
      .choices(EXPECTABLE)
      .implies({ bisect: true }),
  )
  .addHelpText(
    'after',
    `
Examples:
  $ git bisect run sh -c 'lab kernel build --bisect --source . --name candidate &&
      lab matrix --bisect --kernel candidate rp-filter-loopback-redirect'
  $ lab matrix --kernel debian:5.10 debian:6.1 bridge-dnat-bounce
  $ lab matrix --distro debian:11 --distro debian:12 -- bridge-dnat-bounce
  $ lab matrix --kernel arch/x86/boot/bzImage --modules /tmp/modules`,
  )
  .action(async (ids: string[], options: object) => {
    const { matrix } = await import('./matrix.js')
    process.exitCode = await matrix(ids, options)
  })

program
  .command('diff')
  .description('say what changed between two reports, worst first, with tools and defaults')
  .argument('<before>', 'a report of lab run --json')
  .argument('<after>', 'the report to compare with it')
  .option(
    '--fail-on <kinds>',
    'kinds of difference that end with status 1, separated by commas; worse: all that worked or was known and is not any more; any; none',
    'worse',
  )
  .addOption(
    new Option('--format <format>', 'how to print it')
      .choices(['text', 'markdown', 'html', 'json'])
      .default('text'),
  )
  .addHelpText(
    'after',
    `
Kinds, worst first: became-error, vanished, became-skipped, became-flaky of a scenario;
fix-broke, judged-worse, now-fails, no-longer-run of a trial (these are worse); fix-works,
failure-gone, judged-better, mechanism, evidence, newly-run, no-longer-error,
no-longer-skipped, no-longer-flaky, appeared.

Examples:
  $ lab diff matrix/debian-5.10.json matrix/debian-6.1.json
  $ lab diff before.json after.json --fail-on fix-broke,now-fails`,
  )
  .action(async (before: string, after: string, options: { format: string; failOn: string }) => {
    const { diff } = await import('./diff.js')
    process.exitCode = await diff(before, after, { ...options, failOn: options.failOn.split(',') })
  })

program
  .command('toggles')
  .description(
    'say what each setting repairs and breaks in each scenario, or find those under which all work',
  )
  .argument('[id...]', 'ids of scenarios; all when left out')
  .option('--find', 'find the settings, of as few toggles as can be, under which all of the scenarios work')
  .option('--report <file>', 'what a report of lab run --json says, in place of a run')
  .addOption(
    new Option('--format <format>', 'how to print it')
      .choices(['text', 'markdown', 'html', 'json'])
      .default('text'),
  )
  .addOption(new Option('--iptables <backend>', 'which iptables to run with').choices(['nft', 'legacy']))
  .option('--rootless', 'use a user namespace even as root')
  .option(
    '--load-modules',
    'load the kernel modules that the scenarios need (on a host, this changes the host)',
  )
  .addHelpText(
    'after',
    `
Examples:
  $ lab toggles hairpin-ipv6-dad nova-float-hairpin bridge-dnat-bounce
  $ lab toggles --format html > toggles.html
  $ lab toggles --find hairpin-ipv6-dad nova-float-hairpin`,
  )
  .action(async (ids: string[], options: object) => {
    const { toggles } = await import('./toggles.js')
    process.exitCode = await toggles(ids, options)
  })

program
  .command('history')
  .description('say how verdicts went over time: every report of a folder, oldest first, and what flipped')
  .argument('<folder>', 'reports of lab run --json, in it or below it')
  .addOption(
    new Option('--format <format>', 'how to print it')
      .choices(['text', 'markdown', 'html', 'json'])
      .default('text'),
  )
  .addHelpText(
    'after',
    '\nExamples:\n  $ lab history reports\n  $ lab history reports --format html > history.html',
  )
  .action(async (folder: string, options: { format: string }) => {
    const { history } = await import('./history.js')
    await history(folder, options.format)
  })

program
  .command('upgrade')
  .description(
    'say what an upgrade from one release to another does, and whether its kernel, its tools or its defaults do it',
  )
  .argument('<before>', 'a release of lab distro list')
  .argument('<after>', 'the release to go to')
  .argument('[id...]', 'ids of scenarios; all when left out')
  .option(
    '--sysctl <file>',
    'a file of one’s own, where it would lie in either release; may be given again',
    collect,
  )
  .option('--rules <file>', 'rules of one’s own, of iptables-save or nft: what is lost of them')
  .addOption(
    new Option('--format <format>', 'how to print it')
      .choices(['text', 'markdown', 'html', 'json'])
      .default('text'),
  )
  .option('--out <folder>', 'where the page, its data and all reports go; ./upgrade when left out')
  .option('--jobs <n>', 'guests at once', positive)
  .addOption(
    new Option('--iptables <backend>', 'which iptables to run with').choices(['nft', 'legacy', 'both']),
  )
  .addOption(new Option('--accel <how>', 'how guests run; tried out when left out').choices(['kvm', 'tcg']))
  .option('--offline', 'fetch no kernel that is not in the cache')
  .option('--no-guests', 'tools and defaults alone, on the running kernel: seconds')
  .addHelpText(
    'after',
    `
Exit status 1 when something that worked stops to: a fix, or a setting or a rule of one’s own.

Examples:
  $ lab upgrade debian:11 debian:12
  $ lab upgrade debian:12 debian:13 --sysctl /etc/sysctl.d/99-hardening.conf --sysctl /etc/sysctl.conf`,
  )
  .action(async (before: string, after: string, ids: string[], options: object) => {
    const { upgrade } = await import('./upgrade.js')
    process.exitCode = await upgrade(before, after, ids, options)
  })

for (const command of [program, ...program.commands])
  command.exitOverride().configureOutput({
    outputError: () => {},
    writeOut: text => process.stdout.write(asCalled(text)),
  })
program.on('option:version', () => {
  const { version } = JSON.parse(readFileSync(repositoryFile('package.json'), 'utf8')) as { version: string }
  process.stdout.write(`${version}\n`)
  process.exit(EXIT.ok)
})

// `lab list | head`: whoever reads has read enough. A run goes on: it has a status, and perhaps files, to come to. (enter.ts
// knows whether this is inside a world; it takes too long to load for a list.)
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  if (process.env.NETNS_LAB_WORLD === undefined) process.exit(EXIT.ok)
})

// Before the options are read: a slip in one of them must not look like a judgement.
// Whatever the caller's is, nobody else may change what is written here.
process.umask(process.umask() | 0o022)

completePath()

if (process.argv.some(word => /^--(bisect|expect)(=|$)/.test(word))) guardExit()

try {
  await program.parseAsync()
} catch (error) {
  const refused = isCommanders(error) ? usageError(error, program, process.argv.slice(2)) : error
  if (refused === undefined) process.exit(EXIT.ok)
  const status = complain(refused)
  if (isCommanders(error)) process.exit(status)
  process.exitCode = status
}
