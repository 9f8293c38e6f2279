/** `git bisect run` with the command line as its judge. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { missingTool } from '../base/tools.js'
import { missingPrerequisites } from '../kernels/build/prerequisites.js'
import { reportOf } from '../matrix/matrix.fixture.js'
import { lab, MAIN } from './cli.fixture.js'

const SCENARIO = 'rp-filter-loopback-redirect'

t.test('the command line in a bisection', async t => {
  const XDG_CACHE_HOME = t.testdir({})
  const cases: readonly [title: string, args: readonly string[], status: number, says: RegExp][] = [
    [
      'cannot tell where there is no kernel',
      ['matrix', '--bisect', '--kernel', '/nowhere/bzImage', SCENARIO],
      125,
      /^bisect: cannot tell: .*no such file/,
    ],
    [
      'stops at a scenario that there is not',
      ['matrix', '--bisect', '--kernel', 'x', '--', 'nonsense'],
      128,
      /unknown scenario/,
    ],
    [
      'stops at two kernels',
      ['matrix', '--bisect', '--kernel', 'a', 'b', SCENARIO],
      128,
      /one kernel, and these are several: a, b\n/,
    ],
    [
      'stops at an unknown option',
      ['matrix', '--bisect', '--kernel', 'a', '--job'],
      128,
      /did you mean '--jobs'/,
    ],
    ['stops without a kernel', ['matrix', '--bisect'], 128, /neither a kernel nor/],
    [
      'stops where a verdict is expected of no scenario',
      ['matrix', '--expect', 'changed', '--kernel', 'a'],
      128,
      /no scenario/,
    ],
    ['takes its help for no judgement', ['matrix', '--bisect', '--help'], 128, /^$/],
    [
      'stops at a build from nowhere',
      ['kernel', 'build', '--bisect', '--source', '/nowhere'],
      128,
      /no kernel source/,
    ],
    [
      'stops at a patch file that there is not',
      ['kernel', 'build', '--bisect', '--patch', '/nowhere'],
      128,
      /cannot read/,
    ],
  ]
  for (const [title, args, status, says] of cases) {
    t.test(title, async t => {
      const { exitCode, stderr } = await lab(args, { XDG_CACHE_HOME })
      t.equal(exitCode, status)
      t.match(stderr, says)
    })
  }
})

/** What `lab kernel build` asks of a kernel source, and a "kernel" that is the text of one file. */
const TREE: Readonly<Record<string, string>> = {
  Kconfig: '',
  'kernel/configs/tiny.config': 'CONFIG_TINY=y\n',
  'net/answer': 'confirmed',
  Makefile: `VERSION = 6
PATCHLEVEL = 12
SUBLEVEL = 117
EXTRAVERSION =
allnoconfig:
	cp $(KCONFIG_ALLCONFIG) $(KCONFIG_CONFIG)
bzImage:
	@test ! -e broken || { cat broken; exit 1; }
	mkdir -p $(O)/arch/x86/boot $(O)/include/config
	cp net/answer $(O)/arch/x86/boot/bzImage
	echo 6.12.117$(LOCALVERSION) >$(O)/include/config/kernel.release
`,
}

/** The guest's part, without a guest: the verdict is what the "kernel" says. */
const GUEST = `
import { readFile } from 'node:fs/promises'
const { bisectStep, guardExit, judgeRun } = await import(process.env.BISECT)
const { scenarios, ...report } = JSON.parse(process.env.REPORT)
const verdict = await readFile(process.env.IMAGE, 'utf8')
guardExit()
await bisectStep(async () => judgeRun({ report: { ...report, scenarios: [{ ...scenarios[0], verdict }] } }, { chosen: true }))
`

const lacks = [
  ...(missingTool('git') ? ['git'] : []),
  ...(await missingPrerequisites()).map(({ what }) => what),
]
const cannotBuild = lacks.length > 0 && `not installed: ${lacks.join(', ')}`

t.test('git bisect run', { skip: cannotBuild }, async t => {
  const home = t.testdir({ tree: {}, cache: {}, 'guest.mjs': GUEST })
  const tree = join(home, 'tree')
  const env = {
    HOME: home,
    XDG_CACHE_HOME: join(home, 'cache'),
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_AUTHOR_NAME: 'lab',
    GIT_AUTHOR_EMAIL: 'lab@example.invalid',
    GIT_COMMITTER_NAME: 'lab',
    GIT_COMMITTER_EMAIL: 'lab@example.invalid',
    NODE: process.execPath,
    MAIN,
    GUEST: join(home, 'guest.mjs'),
    BISECT: new URL('../matrix/bisect.js', import.meta.url).href,
    REPORT: JSON.stringify(reportOf('6.12.117', 'confirmed')),
  }
  const run = (program: string, ...args: readonly string[]) =>
    execa(program, args, { cwd: tree, env, all: true, stdin: 'ignore', reject: false })
  const commit = async (title: string, files: Readonly<Record<string, string | undefined>>) => {
    for (const [file, text] of Object.entries(files)) {
      await mkdir(join(tree, file, '..'), { recursive: true })
      if (text === undefined) await run('git', 'rm', '-q', file)
      else await writeFile(join(tree, file), text)
    }
    await run('git', 'add', '--all')
    await run('git', 'commit', '-q', '-m', title)
    return (await run('git', 'rev-parse', 'HEAD')).stdout
  }
  await run('git', 'init', '-q')
  const first = await commit('the source', TREE)
  await commit('a remark', { 'net/a': '1' })
  await commit('another', { 'net/a': '2' })
  await commit('a third', { 'net/a': '3' })
  // git tries the middle of eight first.
  const broken = await commit('what does not build', { broken: "net/answer.c:3:1: error: expected ';'\n" })
  await commit('what builds again', { broken: undefined })
  const culprit = await commit('what breaks the fix', { 'net/answer': 'regressed' })
  await commit('a fourth', { 'net/a': '4' })
  await commit('a fifth', { 'net/a': '5' })

  t.test('finds the commit, and goes round one that cannot be built', async t => {
    await run('git', 'bisect', 'start', 'HEAD', first)
    t.equal((await run('git', 'rev-parse', 'HEAD')).stdout, broken)
    const { exitCode, all } = await execa(
      'git',
      [
        ...['bisect', 'run', 'sh', '-c'],
        '"$NODE" "$MAIN" kernel build --bisect --source . --name candidate && IMAGE=$(echo "$XDG_CACHE_HOME"/netns-lab/source/*/kernels/candidate/bzImage) "$NODE" "$GUEST"',
      ],
      { cwd: tree, env, all: true, stdin: 'ignore', reject: false },
    )
    t.equal(exitCode, 0, all)
    t.match(all, `${culprit} is the first bad commit`)
    t.match(all, /bisect: cannot tell: the kernel does not build: net\/answer\.c:3:1: error: expected ';'/)
    t.match(all, /bisect: bad: one is regressed: the reason for/)
    t.equal((await run('git', 'rev-parse', 'refs/bisect/bad')).stdout, culprit)
  })

  t.test('has no kernel to judge after a build that failed, also one of an earlier commit', async t => {
    await run('git', 'bisect', 'reset')
    await run('git', 'checkout', '-q', broken)
    const candidate = join(env.XDG_CACHE_HOME, 'netns-lab/source')
    const built = await run('sh', '-c', 'ls "$1"/*/kernels', 'sh', candidate)
    t.equal(built.stdout, 'candidate')
    const build = await run(process.execPath, MAIN, 'kernel', 'build', '--source', '.', '--name', 'candidate')
    t.equal(build.exitCode, 3)
    const judged = await run(process.execPath, MAIN, 'matrix', '--bisect', '--kernel', 'candidate', SCENARIO)
    t.equal(judged.exitCode, 125)
  })

  t.test('stops at a slip in the command, with no commit judged by it', async t => {
    await run('git', 'bisect', 'start', 'HEAD', first)
    const before = (await run('git', 'bisect', 'log')).stdout
    const args = ['matrix', '--bisect', '--kernel', 'candidate', '--', 'no-such-scenario']
    const { exitCode, all } = await run('git', 'bisect', 'run', process.execPath, MAIN, ...args)
    t.not(exitCode, 0)
    t.match(all, /unknown scenario 'no-such-scenario'/)
    t.equal((await run('git', 'bisect', 'log')).stdout, before)
  })
})
