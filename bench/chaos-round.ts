/** One round of chaos: a run, a fault at some moment of it, and everything that must hold afterwards. */
import { chmodSync, existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { execa, execaSync } from 'execa'
import { pick, randomNumbers, shuffled } from '../src/base/random.js'
import { type Baseline, type End, judgeEnding, judgeFiles, MAIN } from './chaos-judge.js'
import { FAULTS, type Fault } from './faults.js'
import {
  hostState,
  leftProcesses,
  type Process,
  processes,
  stateChanges,
  WRITTEN_FOLDERS,
} from './snapshot.js'

const MAX_SCENARIOS = 3
/** Most runs of so few scenarios end within it; a moment that comes too late is a run that nothing happened to. */
const LAST_MOMENT_MS = 1600
const STRIKE_AGAIN_MS = 2
const DISK_KB = 32 << 10
/** Nothing takes so long: not even a run whose every command has to time out. */
const HANGS_MS = 50_000

/** What a round will be; all of it comes from the seed. */
interface Round {
  readonly seed: number
  readonly fault: Fault
  readonly scenarios: readonly string[]
  readonly evidence: 'basic' | 'full'
  readonly momentMs: number
  readonly random: () => number
}

export interface RoundResult {
  readonly round: Round
  /** What was done to the run, or undefined when it had ended before. */
  readonly struck: string | undefined
  /** `status 3` or a signal's name. */
  readonly ending: string
  readonly problems: readonly string[]
  readonly elapsedMs: number
  /** What the run printed. */
  readonly said: string
}

/** Plans the round of a seed. Rounds of consecutive seeds go through all the faults that these scenarios can have. */
export function planRound(seed: number, ids: readonly string[]): Round {
  const random = randomNumbers(seed)
  const faults = FAULTS.filter(({ scenario }) => scenario === undefined || ids.includes(scenario))
  const fault = faults[seed % faults.length] ?? pick(faults, random)
  const count = 1 + Math.floor(random() * MAX_SCENARIOS)
  return {
    seed,
    fault,
    scenarios: fault.scenario === undefined ? shuffled(ids, random).slice(0, count) : [fault.scenario],
    evidence: random() < 0.3 ? 'full' : 'basic',
    momentMs: Math.round(random() * LAST_MOMENT_MS),
    random,
  }
}

/** Runs a round in `folder`, inside the sandbox, and takes away what it had to be given. */
export async function runRound(round: Round, baseline: Baseline, folder: string): Promise<RoundResult> {
  const { fault, random } = round
  const tools = join(folder, 'tools')
  const disk = join(folder, 'disk')
  linkTools(tools)
  mkdirSync(disk)
  execaSync('mount', [
    '-t',
    'tmpfs',
    '-o',
    `mode=777,size=${fault.diskKb?.(random) ?? DISK_KB}k`,
    'tmpfs',
    disk,
  ])
  const before = await hostState(WRITTEN_FOLDERS)
  const own = new Set(processes().map(({ pid }) => pid))
  const strangers = (): Process[] => processes().filter(({ pid }) => !own.has(pid))
  const command = [
    ...(fault.wrapper?.(random) ?? []),
    ...[process.execPath, MAIN, 'run', ...round.scenarios],
    ...['--evidence', round.evidence, '--out', join(disk, 'out'), '--json', join(disk, 'report.json')],
  ]
  const [file = '', ...args] = command
  const child = execa(file, args, {
    stdin: 'ignore',
    // A group of its own, as a shell gives to a job.
    detached: true,
    env: { PATH: tools },
    reject: false,
    buffer: false,
    cleanup: false,
  })
  const started = performance.now()
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', data => (said += data))
  const problems: string[] = []
  const struck = (async () => {
    if (!fault.strike) return 'from the start'
    await delay(round.momentMs)
    const running = () => child.exitCode === null && child.signalCode === null
    if (!running() || child.pid === undefined) return undefined
    const target = { outer: child.pid, disk, tools, hangUp: () => child.stdout.destroy() }
    let done: string | undefined
    // What it strikes at may not be there yet.
    while (done === undefined && running()) {
      done = await fault.strike(target, random)
      if (done === undefined) await delay(STRIKE_AGAIN_MS)
    }
    return done
  })()
  const hangs = setTimeout(() => {
    problems.push(`did not end within ${HANGS_MS} ms`)
    for (const { pid } of strangers()) kill(pid)
  }, HANGS_MS)
  // When all that it printed is there, or nobody is left who could print.
  const { exitCode, signal } = await child
  const end: End = { code: exitCode ?? null, signal: signal ?? null }
  const elapsedMs = Math.round(performance.now() - started)
  clearTimeout(hangs)
  const happened = await struck
  const left = await leftProcesses(strangers)
  for (const { pid } of strangers()) kill(pid)
  problems.push(...left.map(process => `process left behind: ${process}`))

  execaSync('mount', ['-o', 'remount,rw', disk], { reject: false })
  for (const path of [disk, join(disk, 'out')]) if (existsSync(path)) chmodSync(path, 0o777)
  problems.push(...judgeFiles(disk, round, baseline), ...judgeEnding(end, said, happened))
  problems.push(
    ...stateChanges(before, await hostState(WRITTEN_FOLDERS)).map(change => `not as before: ${change}`),
  )
  execaSync('umount', [disk], { reject: false })
  rmSync(disk, { recursive: true, force: true })
  rmSync(`${tools}-gone`, { recursive: true, force: true })
  return { round, struck: happened, ending: end.signal ?? `status ${end.code}`, problems, elapsedMs, said }
}

function linkTools(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
  const path = (process.env.PATH ?? '').split(':').filter(entry => existsSync(entry))
  // The first one of a name is the one that counts, and `find` goes through them in order.
  const { stdout } = execaSync('find', [...path, '-maxdepth', '1', '-not', '-type', 'd'], { reject: false })
  const links = new Map<string, string>()
  for (const program of stdout.split('\n').filter(Boolean)) {
    const name = program.slice(program.lastIndexOf('/') + 1)
    if (!links.has(name)) links.set(name, program)
  }
  for (const [name, program] of links) symlinkSync(program, join(folder, name))
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended by itself in the meantime.
  }
}
