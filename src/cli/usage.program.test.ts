/** What the command line answers to slips of the finger, and to questions about itself. */
import { readFileSync } from 'node:fs'
import t from 'tap'
import { repositoryFile } from '../base/root.js'
import { lab } from './cli.fixture.js'

for (const [title, args, says] of [
  [
    'a slip in an option is answered with the nearest one of that command',
    'run --quiett',
    /unknown option '--quiett' of lab run\n.*did you mean '--quiet'\?/,
  ],
  [
    'an option of another command is none of this one',
    'list --kernel',
    /^lab: unknown option '--kernel' of lab list\n +→ known: --json, --help, -h\n$/,
  ],
  ['a slip in a command is answered with the nearest one', 'rum', /did you mean 'run'\?/],
  ['help of no command is a slip, too', 'help rum', /unknown command 'rum'\n.*did you mean 'run'\?/],
  [
    'a missing argument is answered with the help of that command',
    'explain',
    /missing required argument 'id'\n.*lab explain --help/,
  ],
  [
    'an unknown setting of a toggle is answered with the nearest one',
    'run --toggle hairpin_mode=onn',
    /unknown setting of hairpin_mode 'onn'\n.*'on'/,
  ],
  [
    'a toggle that no scenario has is no scenario either',
    'run --toggle hairpin',
    /unknown toggle 'hairpin'\n.*'hairpin_mode'/,
  ],
] as const)
  t.test(title, async test => {
    const { exitCode, stderr, stdout } = await lab(args.split(' '))
    test.equal(exitCode, 2)
    test.equal(stdout, '')
    test.match(`${stderr}\n`, says)
  })

t.test('the version is that of the package, and help COMMAND is COMMAND --help', async test => {
  const { version } = JSON.parse(readFileSync(repositoryFile('package.json'), 'utf8')) as { version: string }
  test.equal((await lab(['--version'])).stdout, version)
  const [word, option] = await Promise.all([lab(['help', 'diff']), lab(['diff', '--help'])])
  test.equal(word.stdout, option.stdout)
  test.match(word.stdout, /^Usage: lab diff/)
})

t.test('words behind an option that takes several are scenarios where they are', async test => {
  const { stdout, exitCode } = await lab(['matrix', '--plan', '--kernel', 'debian:6.1', 'snat-port-race'])
  test.equal(exitCode, 0)
  test.match(JSON.parse(stdout), { include: [{ kernel: 'debian:6.1', scenarios: 'snat-port-race' }] })
})

t.test('a scenario behind settings is one, as is the node behind it', async test => {
  const words = '--toggle hairpin_mode=on ctstate-dnat=on nova-float-hairpin'
  const first = await lab(`script ${words}`.split(' '))
  test.equal(first.exitCode, 0, first.stderr)
  const usual = 'script nova-float-hairpin --toggle hairpin_mode=on ctstate-dnat=on'
  test.equal(first.stdout, (await lab(usual.split(' '))).stdout)
  for (const [args, says] of [
    ['script --toggle hairpin_mode=on', /missing required argument 'id'\n.*lab script --help/],
    ['shell --toggle hairpin_mode=on nova-float-hairpin vmm', /unknown node 'vmm'/],
    ['shell nova-float-hairpin --toggle hairpin_mode', /toggle 'hairpin_mode' has no setting/],
  ] as const) {
    const { exitCode, stderr } = await lab(args.split(' '))
    test.equal(exitCode, 2, args)
    test.match(stderr, says)
  }
})
