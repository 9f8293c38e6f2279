/**
 * `npm run soak -- [--repeat 200] [--seed S] [--stress] [--memory 1000] [SCENARIO...]`: runs the catalogue again and again
 * in a shuffled order, with --stress a second time beside stress-ng on every core, and compares each trial's verdicts; then
 * runs a small scenario many times in one process, which must not grow. 0 leaves a part out. Ends with status 1 when a
 * verdict changed or the process grew.
 */
import { existsSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { dirSync } from 'tmp-promise'
import { argv, echo } from 'zx'
import { describeError, EXIT, LabError } from '../src/base/errors.js'
import { anySeed } from '../src/base/random.js'
import { columns } from '../src/base/text.js'
import { missingTool } from '../src/base/tools.js'
import { inWorld } from '../src/cli/world.js'
import type { Report, TrialReport } from '../src/model/report.js'
import { nameTrial, trialKey } from '../src/model/trial.js'
import { readReport } from '../src/report/read.js'
import { insideWorld } from '../src/world/enter.js'
import { measureMemory } from './memory.js'
import { count } from './options.js'
import { processes } from './snapshot.js'

const MAIN = fileURLToPath(new URL('../src/cli/main.js', import.meta.url))
const REPEAT = 200
const MEMORY_RUNS = 1000
const SAMPLE_MS = 1000

/** What came of the catalogue under one load. */
interface Soaked {
  readonly load: string
  readonly status: number | null
  readonly report: Report | undefined
  readonly rssKb: readonly number[]
}

try {
  process.exitCode = await main()
} catch (error) {
  echo(`soak: ${describeError(error)}`)
  process.exitCode = error instanceof LabError ? error.exitCode : EXIT.error
}

async function main(): Promise<number> {
  const runs = count(argv.memory, '--memory', MEMORY_RUNS)
  const memory = () =>
    inWorld(argv.rootless === true, ({ rootless, signal }) => measureMemory(runs, rootless, signal))
  if (insideWorld()) return memory()
  const repeat = count(argv.repeat, '--repeat', REPEAT)
  const seed = count(argv.seed, '--seed', anySeed())
  const soaked: Soaked[] = []
  if (repeat > 0) {
    echo(`the catalogue ${repeat} times, --seed ${seed}`)
    soaked.push(await soak('alone', repeat, seed))
    if (argv.stress && missingTool('stress-ng'))
      echo("skipped: beside stress-ng: 'stress-ng' is not installed: apt-get install stress-ng")
    else if (argv.stress) soaked.push(await besideStress(() => soak('beside stress-ng', repeat, seed)))
    echo(table(soaked))
    for (const { scenario, trial } of soaked.flatMap(again))
      echo(`tried again: ${scenario}: ${nameTrial(trial)}: ${trial.why}`)
  }
  const bad = soaked.flatMap(problems)
  for (const problem of bad) echo(problem)
  const grown = runs > 0 ? await memory() : EXIT.ok
  return bad.length > 0 ? EXIT.failed : grown
}

async function soak(load: string, repeat: number, seed: number): Promise<Soaked> {
  const folder = dirSync({ unsafeCleanup: true })
  try {
    const file = join(folder.name, 'report.json')
    const order = ['--repeat', `${repeat}`, '--shuffle', '--seed', `${seed}`]
    const args = [MAIN, 'run', ...argv._.map(String), ...order, '--keep-going', '--json', file]
    // What it says about the verdicts is read from the report; what it says about itself is for the user.
    const child = execa(process.execPath, args, {
      stdin: 'ignore',
      stdout: 'ignore',
      stderr: 'inherit',
      reject: false,
    })
    const rssKb: number[] = []
    const timer = setInterval(() => rssKb.push(...residentKb(child.pid)), SAMPLE_MS)
    const status = (await child).exitCode ?? null
    clearInterval(timer)
    return { load, status, report: existsSync(file) ? readReport(file) : undefined, rssKb }
  } finally {
    folder.removeCallback()
  }
}

async function besideStress<T>(work: () => Promise<T>): Promise<T> {
  const stress = ['stress-ng', '--cpu', `${availableParallelism()}`, '--quiet']
  // It ends with this process, however that ends.
  const child = execa('setpriv', ['--pdeathsig', 'TERM', '--', ...stress], { stdio: 'ignore', reject: false })
  try {
    return await work()
  } finally {
    child.kill()
    await child
  }
}

/** KiB that the process inside the world (the child of `unshare`, which is the child of the one outside) has in memory. */
function residentKb(pid: number | undefined): number[] {
  const all = processes()
  const unshare = all.find(({ parent }) => parent === pid)
  const inside = all.find(({ parent }) => unshare !== undefined && parent === unshare.pid)
  try {
    const status = readFileSync(`/proc/${inside?.pid}/status`, 'utf8')
    return [/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? []].flat().map(Number)
  } catch {
    return []
  }
}

interface NamedTrial {
  readonly scenario: string
  readonly trial: TrialReport
}

function trialsOf({ report }: Soaked): NamedTrial[] {
  return (report?.scenarios ?? []).flatMap(({ id, trials }) => trials.map(trial => ({ scenario: id, trial })))
}

/** Errors that made an experiment be tried once more. */
function again({ report }: Soaked): NamedTrial[] {
  return (report?.scenarios ?? []).flatMap(({ id, retried = [] }) =>
    retried.flatMap(trial => (trial.verdict === 'error' ? [{ scenario: id, trial }] : [])),
  )
}

/** A race that did not happen by chance says nothing, one way or the other. */
function notTriggered({ trial }: NamedTrial): boolean {
  return trial.why.startsWith('not triggered')
}

/** The repetitions of each trial that did not all have the same verdict. */
function changed(soaked: Soaked): NamedTrial[][] {
  const same = new Map<string, NamedTrial[]>()
  for (const named of trialsOf(soaked)) {
    if (notTriggered(named)) continue
    // Of two experiments with the same settings, one may lack what the other does not need.
    const key = JSON.stringify([named.scenario, named.trial.experiment, trialKey(named.trial)])
    same.set(key, [...(same.get(key) ?? []), named])
  }
  return [...same.values()].filter(trials => new Set(trials.map(({ trial }) => trial.verdict)).size > 1)
}

function problems(soaked: Soaked): string[] {
  const { load, status, report } = soaked
  if (!report)
    return [`${load}: no report; lab run ended with ${status === null ? 'a signal' : `status ${status}`}`]
  const differing = changed(soaked).map(trials => {
    const verdicts = trials.map(({ trial }) => trial.verdict)
    const counts = [...new Set(verdicts)].map(
      verdict => `${verdicts.filter(other => other === verdict).length} × ${verdict}`,
    )
    const [first] = trials
    return `${load}: ${first?.scenario}: ${first ? nameTrial(first.trial) : ''}: ${counts.join(', ')}`
  })
  const causes = new Map<string, number>()
  for (const { scenario, trial } of trialsOf(soaked)) {
    if (trial.ok) continue
    // Names, ports and times differ from one to the next.
    const cause = `${scenario}: ${trial.verdict}: ${trial.why.replace(/\d+/g, '…')}`
    causes.set(cause, (causes.get(cause) ?? 0) + 1)
  }
  return [...differing, ...[...causes].map(([cause, times]) => `${load}: ${times} × ${cause}`)]
}

function table(all: readonly Soaked[]): string {
  return columns([
    [
      'load',
      'trials',
      'changed',
      'errors',
      'tried again',
      'not triggered',
      'minutes',
      'slowness',
      'RSS MiB from',
      'to',
    ],
    ...all.map(soaked => {
      const trials = trialsOf(soaked)
      const { load, report, rssKb } = soaked
      return [
        load,
        ...[
          trials.length,
          changed(soaked).length,
          trials.filter(({ trial }) => trial.verdict === 'error').length,
          again(soaked).length,
          trials.filter(notTriggered).length,
          ((report?.elapsedMs ?? 0) / 60_000).toFixed(1),
          report?.machine.slowness ?? 0,
          ((rssKb[0] ?? 0) / 1024).toFixed(0),
          ((rssKb.at(-1) ?? 0) / 1024).toFixed(0),
        ].map(String),
      ]
    }),
  ])
}
