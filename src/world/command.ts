/** Running one program in a node: what it was, what it said, how it ended. */
import { closeSync, openSync, writeSync } from 'node:fs'
import { Socket } from 'node:net'
import { constants } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { LabError } from '../base/errors.js'
import { packageOf } from '../base/tools.js'
import { makePipe, memoryFile, programEnd, startProgram } from './libc.js'
import type { Netns } from './netns.js'

/** A program closes its output a moment before it has ended. */
const POLL_MS = 1

/** One command that ran, as the event stream and the reports keep it. */
export interface CommandRecord {
  /** The node it ran in, or null for the world's own namespace. */
  readonly node: string | null
  readonly argv: readonly string[]
  readonly stdin?: string
  /** Whether the lab did itself what the program would have done. */
  readonly builtin?: true
  /** Exit status, or null when a signal ended it. */
  readonly exitCode: number | null
  readonly signal?: string
  readonly stdout: string
  readonly stderr: string
  readonly elapsedMs: number
}

/** A command that had to succeed and did not. */
export class CommandError extends LabError {
  override readonly name = 'CommandError'

  constructor(
    readonly record: CommandRecord,
    why: string,
  ) {
    const end = record.signal ? `was ended by ${record.signal}` : `exited with status ${record.exitCode}`
    const said = (record.stderr || record.stdout).trim() || 'nothing'
    super(
      `${why}: '${record.argv.join(' ')}' in ${record.node ? `node ${record.node}` : 'the world'} ${end} after ${Math.round(record.elapsedMs)} ms; it said: ${said}`,
      record.stdin === undefined
        ? ''
        : `its standard input was:\n${record.stdin.trimEnd().replace(/^/gm, '    ')}`,
    )
  }
}

/** A command that did not end in time: nothing is known of what it would have come to. */
export class CommandTimeout extends LabError {
  override readonly name = 'CommandTimeout'
}

/** A command that somebody's signal ended before it could say anything. */
export class CommandKilled extends LabError {
  override readonly name = 'CommandKilled'
}

export interface RunOptions {
  /** Name of the node for messages; null for the world. */
  readonly node: string | null
  readonly netns?: Netns | undefined
  readonly stdin?: string | undefined
  /** Milliseconds until the command and everything that it started is killed. */
  readonly timeoutMs: number
}

/** What a program gets as its environment, `NAME=VALUE`. */
type Environment = readonly string[]

/** These variables, with messages in English. */
export function environmentOf(variables: NodeJS.ProcessEnv): Environment {
  return Object.entries({ ...variables, LC_ALL: 'C' }).map(([name, value]) => `${name}=${value}`)
}

/**
 * Runs a program to its end, in the node's network namespace when one is given. Never throws for its exit status. Whoever runs
 * many passes the environment: to look at all of it (process.env) takes as long as the rest of what is done here.
 * Throws LabError when the program does not exist, CommandTimeout when it does not end in time.
 */
export async function runCommand(
  argv: readonly string[],
  options: RunOptions,
  environment: Environment = environmentOf(process.env),
): Promise<CommandRecord> {
  const [file = ''] = argv
  const started = performance.now()
  let timedOut = false
  const { problem, stdout, stderr, exitCode, signal } = await runToEnd(
    argv,
    options,
    environment,
    () => (timedOut = true),
  )
  const where = options.node ? `node ${options.node}` : 'the world'
  if (problem === 'ENOENT') {
    const known = packageOf(file)
    throw new LabError(`'${file}' is not installed`, known ? `apt-get install ${known}` : `install '${file}'`)
  }
  if (problem !== undefined)
    throw new LabError(
      `'${file}' could not be started in ${where}: ${problem}`,
      'check its permissions and this user’s limits',
    )
  const record: CommandRecord = {
    node: options.node,
    argv,
    ...(options.stdin === undefined ? {} : { stdin: options.stdin }),
    exitCode,
    ...(signal === null ? {} : { signal }),
    stdout,
    stderr,
    elapsedMs: performance.now() - started,
  }
  if (timedOut)
    throw new CommandTimeout(
      `'${argv.join(' ')}' in ${where} did not end within ${options.timeoutMs} ms and was killed`,
      `run it by hand in that node; it had said: ${(stderr || stdout).trim() || 'nothing'}`,
    )
  return record
}

/** How a program ended, and what it said. */
interface Ending {
  /** The code of the error with which it could not be started. */
  readonly problem?: string
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/**
 * Runs a program until it has ended, and nobody has its output open any longer. Neither execa nor spawn(), which copy the process that
 * starts it (fork): for the thousand commands of a run, that takes longer than all else that is done for them.
 */
async function runToEnd(
  argv: readonly string[],
  { netns, stdin, timeoutMs }: RunOptions,
  environment: Environment,
  late: () => void,
): Promise<Ending> {
  const mine: number[] = []
  const theirs: number[] = []
  let pid: number
  try {
    theirs.push(stdin ? inputFile(stdin) : openSync('/dev/null', 'r'))
    for (let output = 1; output <= 2; output++) {
      const { read, write } = makePipe()
      mine.push(read)
      theirs.push(write)
    }
    const start = () => startProgram(argv, environment, theirs)
    pid = netns ? netns.inside(start) : start()
  } catch (error) {
    for (const fd of mine) closeSync(fd)
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    return { problem: code, exitCode: null, signal: null, stdout: '', stderr: '' }
  } finally {
    for (const fd of theirs) closeSync(fd)
  }
  // Its group is its session: a helper that holds the pipes open is killed with it.
  const timer = setTimeout(() => {
    late()
    killGroup(pid, 'SIGKILL')
  }, timeoutMs)
  try {
    const [stdout = '', stderr = ''] = await Promise.all(mine.map(allOf))
    for (;;) {
      const end = programEnd(pid)
      if (end && 'exitCode' in end) return { exitCode: end.exitCode, signal: null, stdout, stderr }
      if (end) return { exitCode: null, signal: nameOf(end.signal), stdout, stderr }
      await delay(POLL_MS)
    }
  } finally {
    clearTimeout(timer)
  }
}

/** All that comes out of a pipe until nobody can write to it any more. */
function allOf(fd: number): Promise<string> {
  const pipe = new Socket({ fd, readable: true, writable: false })
  let text = ''
  pipe.setEncoding('utf8').on('data', (more: string) => (text += more))
  return new Promise((resolve, reject) => {
    pipe.on('error', reject)
    pipe.on('close', () => resolve(text))
  })
}

function nameOf(signal: number): NodeJS.Signals {
  const [name = `signal ${signal}`] =
    Object.entries(constants.signals).find(([, number]) => number === signal) ?? []
  return name as NodeJS.Signals
}

/**
 * A file that a program can read as its standard input, and open by the name /dev/stdin: nft before 0.9.9 does that for
 * `-f -`, and Node.js would give it a socket, which open(2) refuses (ENXIO).
 */
function inputFile(text: string): number {
  const fd = memoryFile('netns-lab-stdin')
  // By position, so that the program begins at the start.
  for (let data = Buffer.from(text), at = 0; at < data.length; )
    at += writeSync(fd, data, at, data.length - at, at)
  return fd
}

/** Signals a whole process group; one that has ended already is not an error. */
export function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
