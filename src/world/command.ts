/** Running one program in a node: what it was, what it said, how it ended. */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, writeSync } from 'node:fs'
import { LabError } from '../base/errors.js'
import { packageOf } from '../base/tools.js'
import { memoryFile } from './libc.js'
import type { Netns } from './netns.js'

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
  readonly env?: Readonly<Record<string, string>>
  /** Milliseconds until the command and everything that it started is killed. */
  readonly timeoutMs: number
}

/**
 * Runs a program to its end, in the node's network namespace when one is given. Never throws for its exit status.
 * Throws LabError when the program does not exist, CommandTimeout when it does not end in time.
 */
export async function runCommand(argv: readonly string[], options: RunOptions): Promise<CommandRecord> {
  const [file = '', ...args] = argv
  const started = performance.now()
  const input = options.stdin ? inputFile(options.stdin) : undefined
  // Not execa, which takes as much of this process's time for each of the thousand commands of a run as most of them do (1.3 ms).
  const start = () =>
    spawn(file, args, {
      stdio: [input ?? 'ignore', 'pipe', 'pipe'],
      // A group of its own, so that a helper that holds the pipes open can be killed with it.
      detached: true,
      env: { ...process.env, LC_ALL: 'C', ...options.env },
    })
  const child = withInput(input, () => (options.netns ? options.netns.inside(start) : start()))
  let timedOut = false
  const timer = setTimeout(() => {
    timedOut = true
    if (child.pid !== undefined) killGroup(child.pid, 'SIGKILL')
  }, options.timeoutMs)
  const { problem, stdout, stderr, exitCode, signal } = await end(child).finally(() => clearTimeout(timer))
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

/** Waits until a program has ended, and nobody has its output open any longer. */
function end(child: ChildProcess): Promise<Ending> {
  let stdout = ''
  let stderr = ''
  let problem: string | undefined
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  return new Promise(resolve => {
    child.on('error', (error: NodeJS.ErrnoException) => (problem = error.code ?? error.message))
    child.on('close', (exitCode, signal) => {
      resolve({ ...(problem === undefined ? {} : { problem }), exitCode, signal, stdout, stderr })
    })
  })
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

/** Starts a program that has got its input's descriptor, which this process does not need any longer then. */
function withInput<T>(input: number | undefined, start: () => T): T {
  try {
    return start()
  } finally {
    if (input !== undefined) closeSync(input)
  }
}

/** Signals a whole process group; one that has ended already is not an error. */
export function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
