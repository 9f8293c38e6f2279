/** One attempt: a QEMU process and its five sockets. */
import { type ChildProcess, spawn } from 'node:child_process'
import { open } from 'node:fs/promises'
import { file } from 'tmp-promise'
import { seconds } from '../base/text.js'
import type { Kernel } from '../kernels/kernel.js'
import type { Accel } from './accel.js'
import type { GuestErrorCode } from './error.js'
import { END_OF_PORT } from './init.js'
import { onLines, onText, splitter, until } from './lines.js'
import { DESCRIPTORS, qemuArguments } from './qemu.js'

/** How long a guest may take until it is up, in milliseconds, where nothing else was asked for. */
const BOOT_TIMEOUT_MS: Readonly<Record<Accel, number>> = { kvm: 30_000, tcg: 120_000 }

/** How long the command may run, in milliseconds, where nothing else was asked for. */
const COMMAND_TIMEOUT_MS = 300_000

/** Lines that are kept of the console, and lines of these that an error quotes. */
const CONSOLE_LINES = 400
const TAIL_LINES = 80

/** What a guest is to be, whatever it runs. */
export interface MachineOptions {
  readonly kernel: Kernel
  /** Memory in MiB; 1024 unless given. */
  readonly memoryMiB?: number
  /** Number of processors; 2 unless given. */
  readonly cpus?: number
  /** How long the command may run once the guest is up, in milliseconds; 300,000 unless given. */
  readonly timeoutMs?: number
  /** How long a guest may take until it is up, in milliseconds; 120,000 in software and 30,000 with KVM unless given. */
  readonly bootTimeoutMs?: number
  /** More words for the kernel command line. */
  readonly append?: readonly string[]
  /** Called with each line of the guest's console and of the command's output. */
  readonly onLine?: (line: string) => void
  /** Ends the guest. */
  readonly signal?: AbortSignal
}

/** What one guest is made of. */
interface Parts {
  readonly setpriv: string
  readonly qemu: string
  /** Path of the kernel to start. */
  readonly image: string
  /** The initial root. */
  readonly archive: Buffer
}

/** What one guest says of its command. */
export interface GuestOutcome {
  /** The command's; 128 + the signal where one ended it. */
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
  /** Both, in the order of arrival. */
  readonly output: string
  /** What the command wrote to the file that `NETNS_LAB_RESULT` names. */
  readonly result: string
  /** The last lines of the console and of what QEMU printed. */
  readonly consoleTail: string
  /** From the start of QEMU to the command's, in milliseconds. */
  readonly bootMs: number
  /** `uname -r` in the guest. */
  readonly kernelRelease: string
  /** What modprobe said about modules that are there and could not be loaded. */
  readonly moduleProblems: readonly string[]
}

/** One way for one attempt to end without a result. */
export class AttemptFailure extends Error {
  constructor(
    readonly code: GuestErrorCode,
    message: string,
  ) {
    super(message)
  }
}

/** A guest that runs a command once. */
export class Guest {
  readonly #machine: MachineOptions
  readonly #accel: Accel
  readonly #console: string[] = []
  readonly #moduleProblems: string[] = []
  #stdout = ''
  #stderr = ''
  #output = ''
  #result = ''
  #bootMs = 0
  #release: string | undefined
  #exitCode: number | undefined

  constructor(machine: MachineOptions, accel: Accel) {
    this.#machine = machine
    this.#accel = accel
  }

  /** The last lines of the console and of what QEMU printed. */
  get consoleTail(): string {
    return this.#console.slice(-TAIL_LINES).join('\n')
  }

  /** Boots, runs the command and is gone. Throws AttemptFailure. */
  async run({ setpriv, qemu, image, archive }: Parts): Promise<GuestOutcome> {
    const { memoryMiB = 1024, cpus = 2, append = [], signal } = this.#machine
    const initrd = await anonymousFile(archive)
    const args = qemuArguments({ accel: this.#accel, kernel: image, memoryMiB, cpus, append })
    // Not execa: QEMU gets six descriptors beyond the first three, one of them of a file.
    const child = spawn(setpriv, ['--pdeathsig', 'KILL', '--', qemu, ...args], {
      stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe', 'pipe', 'pipe', 'pipe', initrd.fd],
    })
    const ended = endOf(child)
    let failure: AttemptFailure | undefined
    const end = (reason?: AttemptFailure) => {
      failure ??= reason
      child.kill('SIGKILL')
    }
    const stopWatch = this.#watchTime(end)
    const abort = () => end(new AttemptFailure('aborted', 'aborted'))
    signal?.addEventListener('abort', abort, { once: true })
    try {
      this.#listen(child, end, stopWatch.up)
      const how = await ended
      if (this.#exitCode === undefined)
        throw failure ?? new AttemptFailure(this.#phase, `QEMU ended by itself (${how})`)
      return this.#outcome(this.#exitCode)
    } finally {
      stopWatch.clear()
      signal?.removeEventListener('abort', abort)
      child.kill('SIGKILL')
      await initrd.close()
    }
  }

  /** What a guest that is gone now came to: whether it was ever up makes the difference. */
  get #phase(): 'no-boot' | 'crashed' {
    return this.#release === undefined ? 'no-boot' : 'crashed'
  }

  /** Ends the guest when it is not up in time, and when its command is not over in time after that. */
  #watchTime(end: (reason: AttemptFailure) => void): { up: () => void; clear: () => void } {
    const { bootTimeoutMs = BOOT_TIMEOUT_MS[this.#accel], timeoutMs = COMMAND_TIMEOUT_MS } = this.#machine
    const started = performance.now()
    let timer = setTimeout(
      () => end(new AttemptFailure('no-boot', `it was not up after ${seconds(bootTimeoutMs)}`)),
      bootTimeoutMs,
    )
    return {
      up: () => {
        this.#bootMs = Math.round(performance.now() - started)
        clearTimeout(timer)
        timer = setTimeout(
          () => end(new AttemptFailure('timeout', `the command ran for more than ${seconds(timeoutMs)}`)),
          timeoutMs,
        )
      },
      clear: () => clearTimeout(timer),
    }
  }

  #listen(child: ChildProcess, end: (reason?: AttemptFailure) => void, up: () => void): void {
    const unread = new Set(['stdout', 'stderr', 'result'])
    const endWhenRead = () => {
      // There is nothing in the guest that a shutdown could save.
      if (this.#exitCode !== undefined && unread.size === 0) end()
    }
    const portEnded = (port: string) => {
      unread.delete(port)
      endWhenRead()
    }
    onLines(child.stdout, line => this.#say(line))
    onLines(child.stderr, line => this.#say(line))
    onLines(pipeOf(child, DESCRIPTORS.console), line => {
      this.#say(line)
      if (line.includes('Kernel panic')) end(new AttemptFailure(this.#phase, line.trim()))
    })
    onLines(pipeOf(child, DESCRIPTORS.control), line => {
      const [word, rest = ''] = split(line)
      if (word === 'up') {
        this.#release = rest
        up()
      }
      if (word === 'module') this.#moduleProblems.push(rest)
      if (word === 'fail') end(new AttemptFailure('unusable', rest))
      if (word === 'endless') portEnded(rest)
      if (word === 'exit') {
        this.#exitCode = Number(rest)
        endWhenRead()
      }
    })
    for (const stream of ['stdout', 'stderr'] as const) {
      const lines = splitter(line => {
        if (line.trim() !== '') this.#machine.onLine?.(line)
      })
      const take = (text: string) => {
        if (stream === 'stdout') this.#stdout += text
        else this.#stderr += text
        this.#output += text
        lines(text)
      }
      onText(
        pipeOf(child, DESCRIPTORS[stream]),
        until(END_OF_PORT, take, () => portEnded(stream)),
      )
    }
    const take = (text: string) => {
      this.#result += text
    }
    onText(
      pipeOf(child, DESCRIPTORS.result),
      until(END_OF_PORT, take, () => portEnded('result')),
    )
  }

  #say(line: string): void {
    this.#console.push(line)
    if (this.#console.length > CONSOLE_LINES) this.#console.splice(0, CONSOLE_LINES / 2)
    this.#machine.onLine?.(line)
  }

  #outcome(exitCode: number): GuestOutcome {
    return {
      exitCode,
      stdout: this.#stdout,
      stderr: this.#stderr,
      output: this.#output,
      result: this.#result,
      consoleTail: this.consoleTail,
      bootMs: this.#bootMs,
      kernelRelease: this.#release ?? this.#machine.kernel.release,
      moduleProblems: this.#moduleProblems,
    }
  }
}

function split(line: string): [word: string, rest?: string] {
  const space = line.indexOf(' ')
  return space < 0 ? [line] : [line.slice(0, space), line.slice(space + 1)]
}

/** How a process ended, when it has and all of its output has been read. Throws AttemptFailure if it never started. */
function endOf(child: ChildProcess): Promise<string> {
  const ended = new Promise<string>((resolve, reject) => {
    child.once('close', (code, signal) => resolve(signal ? `signal ${signal}` : `exit status ${code}`))
    child.once('error', error => reject(new AttemptFailure('no-emulator', error.message)))
  })
  // It is awaited after the streams have been set up; until then a failure is not unhandled.
  ended.catch(() => undefined)
  return ended
}

/** The declared type ends at the fifth descriptor. */
function pipeOf(child: ChildProcess, descriptor: number): unknown {
  return [...child.stdio][descriptor]
}

/** A file without a name, read through its descriptor: it is gone when the last process that has it open is. */
async function anonymousFile(data: Buffer): Promise<{ fd: number; close: () => Promise<void> }> {
  const temporary = await file({ prefix: 'netns-lab-initrd', discardDescriptor: true })
  const handle = await open(temporary.path, 'r+')
  await temporary.cleanup()
  await handle.writeFile(data)
  return { fd: handle.fd, close: () => handle.close() }
}
