import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { LabError } from '../base/errors.js'
import { projectRoot } from '../base/root.js'
import { findBuilt } from '../kernels/build/built.js'
import { KernelBuildError } from '../kernels/build/error.js'
import { missingPrerequisites } from '../kernels/build/prerequisites.js'
import { KernelError } from '../kernels/error.js'
import { findTool } from '../kernels/tools.js'
import { type Report, reportSchema } from '../model/report.js'
import { VERDICTS, type Verdict } from '../model/verdict.js'
import { BISECT, judgeError, judgeRun } from './bisect.js'

// Two guests by emulation, on a machine that others use, too.
t.setTimeout(400_000)

const MAIN = join(projectRoot(), 'dist/src/cli/main.js')
const MUTANT = 'revert-rp-filter-loopback'
const SCENARIO = 'rp-filter-loopback-redirect'

const lab = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  execa(process.execPath, [MAIN, ...args], { reject: false, stdin: 'ignore', env })

/** A report with a scenario for each verdict: `one`, `two` and so on. */
function report(...verdicts: readonly Verdict[]): Report {
  return reportSchema.parse({
    schema: 'netns-lab.report/1',
    kernel: { release: '6.12.117-lab-candidate', version: '6.12.117' },
    machine: { cpus: 1, privilege: 'root', distribution: 'Debian', slowness: 1, tools: {} },
    started: '2026-11-21T00:00:00Z',
    elapsedMs: 1,
    summary: Object.fromEntries(
      VERDICTS.map(word => [word, verdicts.filter(verdict => verdict === word).length]),
    ),
    unavailable: [],
    scenarios: verdicts.map((verdict, index) => ({
      id: ['one', 'two', 'three'][index],
      title: 'title',
      verdict,
      reason: `the reason for ${verdict}`,
      elapsedMs: 1,
      trials: [],
    })),
  })
}

const judge = (
  verdicts: readonly Verdict[],
  { chosen = true, expect }: { chosen?: boolean; expect?: Parameters<typeof judgeRun>[1]['expect'] } = {},
) => judgeRun({ report: report(...verdicts), problem: undefined }, { chosen, expect })

t.test('a run', async t => {
  for (const [verdict, status] of [
    ['confirmed', BISECT.good],
    ['changed', BISECT.good],
    ['regressed', BISECT.bad],
    ['unexpected-pass', BISECT.bad],
    ['flaky', BISECT.bad],
    ['skipped', BISECT.cannotTell],
    ['error', BISECT.cannotTell],
  ] as const) {
    t.test(`that is ${verdict} ends with ${status}, and says which scenario it was`, async t => {
      const judgement = judge([verdict])
      t.equal(judgement.status, status)
      t.match(judgement.why, `one is ${verdict}`)
    })
  }

  t.test('is bad for one bad scenario among good ones, and names that one with its reason', async t => {
    t.strictSame(judge(['confirmed', 'regressed', 'changed']), {
      status: BISECT.bad,
      why: 'two is regressed: the reason for regressed',
    })
  })

  t.test('says nothing when a scenario broke, also where another regressed', async t => {
    t.equal(judge(['regressed', 'error']).status, BISECT.cannotTell)
  })

  t.test('is no run of a chosen scenario that was skipped, and is one of the whole catalogue', async t => {
    t.equal(judge(['confirmed', 'skipped']).status, BISECT.cannotTell)
    t.equal(judge(['confirmed', 'skipped'], { chosen: false }).status, BISECT.good)
    t.equal(judge(['skipped', 'skipped'], { chosen: false }).status, BISECT.cannotTell)
    t.equal(judge(['regressed', 'skipped']).status, BISECT.bad)
  })

  t.test('of nothing, or without a report, says nothing', async t => {
    t.equal(judge([], { chosen: false }).status, BISECT.cannotTell)
    t.strictSame(judgeRun({ report: undefined, problem: 'it crashed' }, { chosen: true }), {
      status: BISECT.cannotTell,
      why: 'it crashed',
    })
  })

  for (const [verdict, status] of [
    ['regressed', BISECT.good],
    ['changed', BISECT.bad],
    ['confirmed', BISECT.bad],
    ['unexpected-pass', BISECT.bad],
    ['flaky', BISECT.cannotTell],
    ['skipped', BISECT.cannotTell],
    ['error', BISECT.cannotTell],
  ] as const) {
    t.test(`that is ${verdict} where regressed is asked for ends with ${status}`, async t => {
      t.equal(judge([verdict], { expect: 'regressed' }).status, status)
    })
  }
})

t.test('an error', async t => {
  for (const code of ['patch', 'config', 'compile'] as const) {
    t.test(`of the build (${code}) belongs to the commit, which is skipped`, async t => {
      t.equal(judgeError(new KernelBuildError(code, 'x')).status, BISECT.cannotTell)
    })
  }
  for (const code of ['usage', 'missing-package', 'source', 'disk-full', 'aborted'] as const) {
    t.test(`of the build (${code}) that every commit would have stops the bisection`, async t => {
      t.equal(judgeError(new KernelBuildError(code, 'x')).status, BISECT.stop)
    })
  }
  t.test('of a kernel that cannot be read is skipped, one of the machine stops', async t => {
    t.equal(judgeError(new KernelError('bad-image', 'x', 'y')).status, BISECT.cannotTell)
    t.equal(judgeError(new KernelError('missing-tool', 'x', 'y')).status, BISECT.stop)
    t.equal(judgeError(new LabError('x', 'y', 2)).status, BISECT.stop)
    t.equal(judgeError(new TypeError('x')).status, BISECT.stop)
  })
})

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
    ['stops without a kernel', ['matrix', '--bisect'], 128, /required option/],
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

const git = await execa('git', ['--version'], { reject: false })
const lacks = [...(git.failed ? ['git'] : []), ...(await missingPrerequisites()).map(({ what }) => what)]
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
    BISECT: new URL('./bisect.js', import.meta.url).href,
    REPORT: JSON.stringify(report('confirmed')),
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

const images = await Promise.all(['unpatched', MUTANT].map(findBuilt))
const qemu = await findTool('qemu-system-x86_64')
const cannotRun =
  qemu === undefined
    ? 'QEMU is not installed'
    : images.some(found => found.length !== 1) && 'the mutants are not built: npm run mutants'

t.test('a kernel that lab kernel build built', { skip: cannotRun, timeout: 300_000 }, async t => {
  const out = t.testdir({})
  const judged = (...args: readonly string[]) => lab(['matrix', '--bisect', '--out', out, ...args, SCENARIO])

  t.test('is good by its name, when it is as it must be', async t => {
    const { exitCode, stderr } = await judged('--kernel', 'unpatched')
    t.equal(exitCode, BISECT.good, stderr)
    t.match(stderr, /^bisect: good: rp-filter-loopback-redirect is changed/m)
    const written = reportSchema.parse(JSON.parse(await readFile(join(out, 'unpatched.json'), 'utf8')))
    t.match(written.kernel.release, /-lab-unpatched$/)
  })

  t.test('is bad by the path of its image, with the bug brought back', async t => {
    const { exitCode, stderr } = await judged('--kernel', images[1]?.[0] ?? '')
    t.equal(exitCode, BISECT.bad, stderr)
    t.match(stderr, /^bisect: bad: rp-filter-loopback-redirect is regressed: .*strict reverse path filter/m)
  })
})
