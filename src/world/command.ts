/** Running one program in a node: what it was, what it said, how it ended. */
import { execa } from 'execa'
import { LabError } from '../base/errors.js'
import { packageOf } from '../base/tools.js'
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
 * Throws LabError when the program does not exist, or does not end in time.
 */
export async function runCommand(argv: readonly string[], options: RunOptions): Promise<CommandRecord> {
  const [file = '', ...args] = argv
  const started = performance.now()
  const start = () => ({
    child: execa(file, args, {
      reject: false,
      input: options.stdin ?? '',
      stripFinalNewline: false,
      // A group of its own, so that a helper that holds the pipes open can be killed with it.
      detached: true,
      env: { LC_ALL: 'C', ...options.env },
    }),
  })
  const { child } = options.netns ? options.netns.inside(start) : start()
  let timedOut = false
  const timer = setTimeout(() => {
    timedOut = true
    if (child.pid !== undefined) killGroup(child.pid, 'SIGKILL')
  }, options.timeoutMs)
  const result = await child
  clearTimeout(timer)
  const where = options.node ? `node ${options.node}` : 'the world'
  if (result.code === 'ENOENT') {
    const known = packageOf(file)
    throw new LabError(`'${file}' is not installed`, known ? `apt-get install ${known}` : `install '${file}'`)
  }
  if (result.code !== undefined && result.exitCode === undefined && result.signal === undefined)
    throw new LabError(
      `'${file}' could not be started in ${where}: ${result.code}`,
      'check its permissions and this user’s limits',
    )
  const record: CommandRecord = {
    node: options.node,
    argv,
    ...(options.stdin === undefined ? {} : { stdin: options.stdin }),
    exitCode: result.exitCode ?? null,
    ...(result.signal ? { signal: result.signal } : {}),
    stdout: result.stdout,
    stderr: result.stderr,
    elapsedMs: performance.now() - started,
  }
  if (timedOut)
    throw new LabError(
      `'${argv.join(' ')}' in ${where} did not end within ${options.timeoutMs} ms and was killed`,
      `run it by hand in that node; it had said: ${(result.stderr || result.stdout).trim() || 'nothing'}`,
    )
  return record
}

/** Signals a whole process group; one that has ended already is not an error. */
export function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
