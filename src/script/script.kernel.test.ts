/** Scripts that `lab script` prints, run: every fix of every scenario. */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { missingTool } from '../base/tools.js'
import { turns } from '../base/turns.js'
import { runningVersion } from '../kernel/running.js'
import { find, make, planOf, scenarios } from './script.fixture.js'

const SCRIPT_TIMEOUT_MS = 90_000
/** Scripts at once; most of their time is waiting. */
const JOBS = 4 * availableParallelism()

t.setTimeout(900_000)

const folder = mkdtempSync(join(tmpdir(), 'netns-lab-script-'))
t.teardown(() => rmSync(folder, { recursive: true }))

interface Made {
  readonly title: string
  readonly file: string
  readonly script: string
}

/** For every scenario a script of all its fixes, and one for each setting that is in none of them. */
const made: Made[] = scenarios.flatMap(scenario => {
  const { phases } = planOf(scenario, [], runningVersion())
  const others = Object.entries(scenario.toggles).flatMap(([name, toggle]) =>
    toggle.settings
      .slice(1)
      .filter(setting => !phases.some(({ settings }) => settings[name] === setting))
      .map(setting => [`${name}=${setting}`]),
  )
  return [[], ...others].map((words, index) => {
    const file = join(folder, `${scenario.id}-${index}.sh`)
    const script = make(scenario, words, runningVersion())
    writeFileSync(file, script)
    return { title: [scenario.id, ...words].join(' '), file, script }
  })
})

/** What a namespace of users changes is the same for all: the shortest will do, and the one with the most programs. */
const rootlessScripts = ['ip6tables-mark-refused', 'mld-second-querier', 'lan-dnat-without-snat']

interface Ended {
  readonly status: number | null
  readonly output: string
}

async function runScript(file: string, wrapper: readonly string[]): Promise<Ended> {
  const [program = '', ...args] = [...wrapper, 'sh', file]
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: SCRIPT_TIMEOUT_MS,
    killSignal: 'SIGKILL',
    // The machine is busy with the scripts themselves.
    env: { ...process.env, WAIT: '2' },
  })
  const [stdout, stderr, status] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>(resolve => child.once('close', resolve)),
  ])
  return { status, output: stdout + stderr }
}

/** Runs scripts, some side by side. */
async function runAll(scripts: readonly Made[], wrapper: readonly string[]): Promise<Map<string, Ended>> {
  const inTurn = turns(JOBS)
  return new Map(
    await Promise.all(
      scripts.map(async ({ title, file }) => [title, await inTurn(() => runScript(file, wrapper))] as const),
    ),
  )
}

const noShellcheck = missingTool('shellcheck')
// Settings differ by the commands of a step or two: the script of all fixes has all of a scenario's functions.
const checked = made.filter(({ file }) => /-0\.sh$/.test(file))
t.test('the script of each scenario passes shellcheck', { skip: noShellcheck ?? false }, async test => {
  const { status, stdout } = spawnSync(
    'shellcheck',
    checked.map(({ file }) => file),
  )
  test.equal(status, 0, stdout.toString().slice(0, 2000))
})

t.test('a script says which program is missing, with KSFT_SKIP', async test => {
  const script = (made[0]?.script ?? '').replace(/^programs=.*/m, 'programs=no-such-program')
  const file = join(folder, 'missing.sh')
  writeFileSync(file, script)
  const { status, output } = await runScript(file, [])
  test.equal(status, 4)
  test.match(output, "1..0 # SKIP 'no-such-program' is not installed")
})

const failures = made.filter(({ title }) => rootlessScripts.includes(title))
for (const [who, scripts, wrapper, flags] of [
  ['root', made, [], ['--mount', '--net', '--pid', '--fork']],
  ['unshare -Urnm', failures, ['unshare', '-Urnm'], ['-Urnm']],
] as const) {
  const can = spawnSync('unshare', [...flags, 'true']).status === 0
  const skip = can ? false : `no namespaces can be made here as ${who}`
  t.test(`scripts come out as documented as ${who}`, { skip }, async test => {
    const ended = await runAll(scripts, wrapper)
    for (const { title } of scripts) {
      const { status, output } = ended.get(title) ?? { status: null, output: 'did not run' }
      const skipped = /^(?:1\.\.0 # SKIP|Bail out!) (.*)/m.exec(output)?.[1]
      test.test(title, { skip: status === 4 ? (skipped ?? 'skipped') : false }, async inner => {
        inner.equal(status, 0, output)
        inner.match(output, /^1\.\.[1-9]/m, 'it says how many trials there were')
        inner.notMatch(output, /^not ok/m)
        inner.notMatch(
          output,
          /not found|syntax error|parameter not set/,
          'the shell has nothing to complain about',
        )
      })
    }
  })
}

const rootless = spawnSync('unshare', ['-Urnm', 'true']).status === 0
const noUsers = rootless ? false : 'no user namespaces can be made here'
t.test('a trial that does not come out as it must ends a script with 1', { skip: noUsers }, async test => {
  // The remedy of the document is expected to do nothing: a script that could not tell would pass.
  const script = make(find('lan-dnat-without-snat'), ['bounce-snat=on'], runningVersion(), 'broken')
  const wrong = script.replace(/^must work - 10[.]0[.]3[.]1$/m, 'must fail')
  test.not(script, wrong)
  const file = join(folder, 'wrong.sh')
  writeFileSync(file, wrong)
  const { status, output } = await runScript(file, ['unshare', '-Urnm'])
  test.equal(status, 1, output)
  test.match(output, /^not ok \d+ - broken neighbour-tcp/m)
})
