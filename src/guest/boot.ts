import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, open, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { file as temporaryFile } from 'tmp-promise'
import { isNoSpace } from '../kernels/apt.js'
import { extractPvhKernel } from '../kernels/boot-image.js'
import { cacheRoot } from '../kernels/cache.js'
import type { Kernel } from '../kernels/fetch.js'
import { requireTool } from '../kernels/tools.js'
import { type Accel, chooseAccel, giveUpKvm } from './accel.js'
import { GuestError, type GuestErrorCode } from './error.js'
import { resultPortPath } from './init.js'
import { buildInitramfs } from './initramfs.js'
import { descriptors, qemuArguments } from './qemu.js'

/** What to boot, and what to run in it. */
export interface GuestOptions {
  readonly kernel: Kernel
  /** the command, looked up in the guest's `PATH`; not a shell's text */
  readonly argv: readonly string[]
  /** the command's whole environment, besides `PATH`, `HOME`, `LANG` and `NETNS_LAB_RESULT` */
  readonly env?: Readonly<Record<string, string>>
  /** the folder to run in, the same path as on this machine; `/` by default */
  readonly cwd?: string
  /** modules to load before the command, by name */
  readonly modules?: readonly string[]
  /**
   * files, folders and programs to put into the guest's memory besides the usual ones, because each open of a
   * file of the shared root takes milliseconds; what changes on this machine later does not change there
   */
  readonly preload?: readonly string[]
  /** default 1024 */
  readonly memoryMiB?: number
  /** default 2 */
  readonly cpus?: number
  /** how long the command may run once the guest is up, in milliseconds; default 300 000 */
  readonly timeoutMs?: number
  /** how long a guest may take until it is up, in milliseconds; default 120 000 in software, 30 000 with KVM */
  readonly bootTimeoutMs?: number
  /** how many guests to start, at most, until one comes up; default 3 */
  readonly retries?: number
  /** also start another guest when one crashes after it was up; the command then runs again from its beginning */
  readonly retryCrashes?: boolean
  /** use this accelerator without trying */
  readonly accel?: Accel
  /** more words for the kernel command line */
  readonly append?: readonly string[]
  /** called with each line of the guest's console */
  readonly onConsole?: (line: string) => void
  /** called with the command's output as it arrives */
  readonly onOutput?: (text: string, stream: 'stdout' | 'stderr') => void
  /** called when a guest is started; its output so far, if any, is void when the number is above 1 */
  readonly onAttempt?: (attempt: number) => void
  /** ends the guest */
  readonly signal?: AbortSignal
}

/** What came out of a guest. */
export interface GuestResult {
  /** the command's; 128 + the signal where one ended it */
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
  /** both, in the order of arrival */
  readonly output: string
  /** what the command wrote to the file that `NETNS_LAB_RESULT` names */
  readonly result: string
  readonly consoleTail: string
  readonly attempts: number
  readonly accel: Accel
  /** why KVM was not used */
  readonly accelNote: string | undefined
  /** from the start of QEMU to the command's, in the guest that came up */
  readonly bootMs: number
  /** the whole call, with all attempts */
  readonly elapsedMs: number
  /** `uname -r` in the guest */
  readonly kernelRelease: string
  /** asked for, and neither there nor compiled in */
  readonly missingModules: readonly string[]
  /** what modprobe said about modules that are there and could not be loaded */
  readonly moduleProblems: readonly string[]
}

/**
 * Boots a kernel in QEMU with this machine's root, read-only under an overlay, and runs a command there as
 * root. Nothing that it does can change this machine, but it can read what the caller can.
 * A guest that crashes or hangs before it is up is given up for another.
 * @throws GuestError when no guest came up, when it died or ran out of time, or when the signal was aborted
 * @throws KernelError `missing-tool`, `missing-modules`, `bad-image`
 */
export async function bootGuest(options: GuestOptions): Promise<GuestResult> {
  const started = performance.now()
  const { kernel, argv, signal, retries = 3 } = options
  const qemu = await requireTool('qemu-system-x86_64', `boot ${kernel.name}`)
  const setpriv = await requireTool('setpriv', 'let guests die with this process')
  const environment = {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: '/root',
    LANG: 'C.UTF-8',
    NETNS_LAB_RESULT: resultPortPath,
    ...options.env,
  }
  const assignments = Object.entries(environment).map(([name, value]) => `${name}=${value}`)
  const initramfs = await buildInitramfs(kernel, {
    argv: ['/run/netns-lab/busybox', 'env', '-i', ...assignments, ...argv],
    cwd: options.cwd ?? '/',
    modules: options.modules ?? [],
    preload: options.preload ?? [],
  })
  const image = await bootableImage(kernel.vmlinuz)
  for (let attempt = 1; ; attempt++) {
    const choice =
      options.accel === undefined ? await chooseAccel(qemu) : { accel: options.accel, note: undefined }
    options.onAttempt?.(attempt)
    const guest = new Guest(options, choice.accel)
    try {
      signal?.throwIfAborted()
      const outcome = await guest.run(setpriv, qemu, image, initramfs.archive)
      return {
        ...outcome,
        attempts: attempt,
        accel: choice.accel,
        accelNote: choice.note,
        elapsedMs: Math.round(performance.now() - started),
        missingModules: initramfs.missingModules,
      }
    } catch (error) {
      const code = signal?.aborted ? 'aborted' : error instanceof Failure ? error.code : undefined
      if (code === undefined) throw error
      const again = code === 'no-boot' || (code === 'crashed' && options.retryCrashes === true)
      if (again && choice.accel === 'kvm' && options.accel === undefined) {
        giveUpKvm(`KVM is not used: a guest did not come up with it; guests run in software, which is slower`)
      }
      if (again && attempt < retries) continue
      throw describe(code, error, kernel, guest.consoleTail, attempt)
    }
  }
}

/** One way for one attempt to end without a result. */
class Failure extends Error {
  constructor(
    readonly code: GuestErrorCode,
    message: string,
  ) {
    super(message)
  }
}

function describe(
  code: GuestErrorCode,
  error: unknown,
  kernel: Kernel,
  consoleTail: string,
  attempts: number,
): GuestError {
  const who = `The guest with ${kernel.name} (${kernel.release})`
  const what = error instanceof Error ? error.message : String(error)
  const text: Record<GuestErrorCode, readonly [problem: string, remedy: string]> = {
    'no-boot': [
      `${who} did not come up in ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}: ${what}`,
      'Read the end of its console; if nothing is wrong there, give it more time or another try',
    ],
    crashed: [
      `${who} died while the command ran: ${what}`,
      'Read the end of its console: the kernel or the emulator crashed',
    ],
    timeout: [`${who} was ended: ${what}`, 'Give the command more time, or run less at once'],
    aborted: [`${who} was ended: the run was cancelled`, 'Start it again'],
    unusable: [`${who} cannot be used: ${what}`, 'Use a kernel that has it'],
    'no-emulator': [`QEMU could not be started for ${kernel.name}: ${what}`, 'Check its installation'],
  }
  const [problem, remedy] = text[code]
  return new GuestError(code, problem, remedy, consoleTail, attempts, { cause: error })
}

type Outcome = Omit<GuestResult, 'attempts' | 'accel' | 'accelNote' | 'elapsedMs' | 'missingModules'>

/** One attempt: a QEMU process and its five sockets. */
class Guest {
  readonly #options: GuestOptions
  readonly #accel: Accel
  readonly #console: string[] = []
  readonly #moduleProblems: string[] = []
  #stdout = ''
  #stderr = ''
  #output = ''
  #result = ''
  #release: string | undefined
  #exitCode: number | undefined

  constructor(options: GuestOptions, accel: Accel) {
    this.#options = options
    this.#accel = accel
  }

  /** The last lines of the console and of what QEMU printed. */
  get consoleTail(): string {
    return this.#console.slice(-80).join('\n')
  }

  /** @throws Failure */
  async run(setpriv: string, qemu: string, image: string, archive: Buffer): Promise<Outcome> {
    const { kernel, memoryMiB = 1024, cpus = 2, append = [] } = this.#options
    const initrd = await anonymousFile(archive)
    const started = performance.now()
    let bootMs = 0
    const args = qemuArguments({ accel: this.#accel, kernel: image, memoryMiB, cpus, append })
    // Not execa: it takes no descriptor of a file beyond the first three, and buffers nothing that is wanted here.
    const child = spawn(setpriv, ['--pdeathsig', 'KILL', '--', qemu, ...args], {
      stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe', 'pipe', 'pipe', 'pipe', initrd.fd],
    })
    const ended = endOf(child)
    let failure: Failure | undefined
    const end = (reason?: Failure) => {
      failure ??= reason
      child.kill('SIGKILL')
    }
    const bootDeadline = this.#options.bootTimeoutMs ?? (this.#accel === 'kvm' ? 30_000 : 120_000)
    let timer = setTimeout(
      () => end(new Failure('no-boot', `it was not up after ${seconds(bootDeadline)}`)),
      bootDeadline,
    )
    const onUp = (release: string) => {
      bootMs = Math.round(performance.now() - started)
      this.#release = release
      const deadline = this.#options.timeoutMs ?? 300_000
      clearTimeout(timer)
      timer = setTimeout(
        () => end(new Failure('timeout', `the command ran for more than ${seconds(deadline)}`)),
        deadline,
      )
    }
    const abort = () => end(new Failure('aborted', 'aborted'))
    this.#options.signal?.addEventListener('abort', abort, { once: true })
    try {
      onLines(child.stdout, line => this.#say(line))
      onLines(child.stderr, line => this.#say(line))
      onLines(pipeOf(child, descriptors.console), line => {
        this.#say(line)
        if (line.includes('Kernel panic')) {
          end(new Failure(this.#release === undefined ? 'no-boot' : 'crashed', line.trim()))
        }
      })
      onLines(pipeOf(child, descriptors.control), line => {
        const [word, rest = ''] = split(line)
        if (word === 'up') onUp(rest)
        if (word === 'module') this.#moduleProblems.push(rest)
        if (word === 'fail') end(new Failure('unusable', rest))
        if (word === 'exit') {
          this.#exitCode = Number(rest)
          // There is nothing in the guest that a shutdown could save.
          end()
        }
      })
      onText(pipeOf(child, descriptors.stdout), text => this.#receive(text, 'stdout'))
      onText(pipeOf(child, descriptors.stderr), text => this.#receive(text, 'stderr'))
      onText(pipeOf(child, descriptors.result), text => {
        this.#result += text
      })
      const how = await ended
      if (this.#exitCode === undefined) {
        throw (
          failure ??
          new Failure(this.#release === undefined ? 'no-boot' : 'crashed', `QEMU ended by itself (${how})`)
        )
      }
      return {
        exitCode: this.#exitCode,
        stdout: this.#stdout,
        stderr: this.#stderr,
        output: this.#output,
        result: this.#result,
        consoleTail: this.consoleTail,
        bootMs,
        kernelRelease: this.#release ?? kernel.release,
        moduleProblems: this.#moduleProblems,
      }
    } finally {
      clearTimeout(timer)
      this.#options.signal?.removeEventListener('abort', abort)
      child.kill('SIGKILL')
      await initrd.close()
    }
  }

  #say(line: string): void {
    this.#console.push(line)
    if (this.#console.length > 400) this.#console.splice(0, 200)
    this.#options.onConsole?.(line)
  }

  #receive(text: string, stream: 'stdout' | 'stderr'): void {
    if (stream === 'stdout') this.#stdout += text
    else this.#stderr += text
    this.#output += text
    this.#options.onOutput?.(text, stream)
  }
}

function seconds(milliseconds: number): string {
  return `${milliseconds / 1000} s`
}

function split(line: string): [word: string, rest?: string] {
  const space = line.indexOf(' ')
  return space < 0 ? [line] : [line.slice(0, space), line.slice(space + 1)]
}

/** How a process ended, when it has and all of its output has been read. @throws Failure if it never started */
function endOf(child: ChildProcess): Promise<string> {
  const ended = new Promise<string>((resolve, reject) => {
    child.once('close', (code, signal) => resolve(signal ? `signal ${signal}` : `exit status ${code}`))
    child.once('error', error => reject(new Failure('no-emulator', error.message)))
  })
  // It is awaited after the streams have been set up; until then a failure is not unhandled.
  ended.catch(() => undefined)
  return ended
}

/** The declared type ends at the fifth descriptor. */
function pipeOf(child: ChildProcess, descriptor: number): unknown {
  return [...child.stdio][descriptor]
}

function onText(pipe: unknown, handle: (text: string) => void): void {
  if (!(pipe instanceof Readable)) return
  pipe.setEncoding('utf8')
  pipe.on('data', handle)
  // The other end is killed, not closed.
  pipe.on('error', () => undefined)
}

function onLines(pipe: unknown, handle: (line: string) => void): void {
  let rest = ''
  onText(pipe, text => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) handle(line.replace(/\r$/, ''))
  })
}

/** A file without a name, read through its descriptor: it is gone when the last process that has it open is. */
async function anonymousFile(data: Buffer): Promise<{ fd: number; close: () => Promise<void> }> {
  const temporary = await temporaryFile({
    tmpdir: tmpdir(),
    prefix: 'netns-lab-initrd-',
    discardDescriptor: true,
  })
  const handle = await open(temporary.path, 'r+')
  await temporary.cleanup()
  await handle.writeFile(data)
  return { fd: handle.fd, close: () => handle.close() }
}

/**
 * The uncompressed kernel of a boot image, kept in the cache, or the boot image itself where there is none that
 * QEMU could start.
 */
async function bootableImage(vmlinuz: string): Promise<string> {
  const image = await readFile(vmlinuz)
  const id = createHash('sha256').update(image).digest('hex').slice(0, 32)
  const folder = join(cacheRoot(), 'vmlinux')
  const path = join(folder, id)
  const cached = await stat(path).catch(() => undefined)
  if (cached) return path
  const kernel = await extractPvhKernel(image, vmlinuz)
  if (kernel === undefined) return vmlinuz
  try {
    await mkdir(folder, { recursive: true })
    const temporary = `${path}.${process.pid}`
    await writeFile(temporary, kernel)
    await rename(temporary, path)
    return path
  } catch (error) {
    // Slower, and good enough.
    if (isNoSpace(error)) return vmlinuz
    throw error
  }
}
