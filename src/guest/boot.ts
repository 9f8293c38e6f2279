import { requireTool } from '../base/tools.js'
import type { Kernel } from '../kernels/kernel.js'
import { type Accel, chooseAccel, giveUpKvm } from './accel.js'
import { bootableImage } from './boot-image.js'
import { GuestError, type GuestErrorCode } from './error.js'
import { AttemptFailure, Guest, type GuestOutcome, type MachineOptions } from './guest.js'
import { RESULT_PORT } from './init.js'
import { buildInitramfs } from './initramfs.js'

/** What to boot, and what to run in it. */
export interface GuestOptions extends MachineOptions {
  /** The command, looked up in the guest's `PATH`; not a shell's text. */
  readonly argv: readonly string[]
  /** The command's whole environment, besides `PATH`, `HOME`, `LANG` and `NETNS_LAB_RESULT`, by what the guest runs on. */
  readonly env?: (accel: Accel) => Readonly<Record<string, string>>
  /** The folder to run in, the same path as on this machine; `/` unless given. */
  readonly cwd?: string
  /** Modules to load before the command, by name. */
  readonly modules?: readonly string[]
  /**
   * Files, folders and programs to put into the guest's memory besides the usual ones, because each open of a
   * file of the shared root takes milliseconds; what changes on this machine later does not change there.
   */
  readonly preload?: readonly string[]
  /** The folder of another root that the command goes into: its programs are put there, too. */
  readonly root?: string
  /** How many guests to start, at most, until one comes up; 3 unless given. */
  readonly retries?: number
  /** Also start another guest when one crashes after it was up; the command then runs again from its beginning. */
  readonly retryCrashes?: boolean
  /** Use this accelerator without trying. */
  readonly accel?: Accel
  /** Called when a guest is started; what came of the one before, if any, is void when the number is above 1. */
  readonly onAttempt?: (attempt: number) => void
}

/** What came out of a guest. */
export interface GuestResult extends GuestOutcome {
  /** How many guests were started. */
  readonly attempts: number
  readonly accel: Accel
  /** Why KVM was not used. */
  readonly accelNote: string | undefined
  /** The whole call, with all attempts, in milliseconds. */
  readonly elapsedMs: number
  /** Modules that were asked for, and are neither there nor compiled in. */
  readonly missingModules: readonly string[]
}

/**
 * Boots a kernel in QEMU with this machine's root, read-only under an overlay, and runs a command there as
 * root. Nothing that it does can change this machine, but it can read what the caller can.
 * A guest that crashes or hangs before it is up is given up for another. Throws GuestError when no guest came up, when it
 * died or ran out of time, or when the signal was aborted; KernelError `missing-modules`, `bad-image` or `missing-tool` for
 * a kernel or a busybox that no guest can be made of; LabError (exit 69) without QEMU or busybox.
 */
export async function bootGuest(options: GuestOptions): Promise<GuestResult> {
  const started = performance.now()
  const { kernel, argv, signal, retries = 3 } = options
  const qemu = requireTool('qemu-system-x86_64', `boot ${kernel.name}`)
  const setpriv = requireTool('setpriv', 'let guests die with this process')
  const initramfs = (accel: Accel) => {
    const environment = {
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      HOME: '/root',
      LANG: 'C.UTF-8',
      NETNS_LAB_RESULT: RESULT_PORT,
      ...options.env?.(accel),
    }
    const assignments = Object.entries(environment).map(([name, value]) => `${name}=${value}`)
    return buildInitramfs(kernel, {
      argv: ['/run/netns-lab/busybox', 'env', '-i', ...assignments, ...argv],
      cwd: options.cwd ?? '/',
      modules: options.modules ?? [],
      preload: options.preload ?? [],
      root: options.root,
    })
  }
  const image = await bootableImage(kernel.vmlinuz)
  for (let attempt = 1; ; attempt++) {
    const { accel, note } =
      options.accel === undefined ? await chooseAccel(qemu) : { accel: options.accel, note: undefined }
    options.onAttempt?.(attempt)
    const guest = new Guest(options, accel)
    const { archive, missingModules } = await initramfs(accel)
    try {
      signal?.throwIfAborted()
      return {
        ...(await guest.run({ setpriv, qemu, image, archive })),
        attempts: attempt,
        accel,
        accelNote: note,
        elapsedMs: Math.round(performance.now() - started),
        missingModules,
      }
    } catch (error) {
      const code = signal?.aborted ? 'aborted' : error instanceof AttemptFailure ? error.code : undefined
      if (code === undefined) throw error
      const again = code === 'no-boot' || (code === 'crashed' && options.retryCrashes === true)
      if (again && accel === 'kvm' && options.accel === undefined)
        giveUpKvm('KVM is not used: a guest did not come up with it; guests run in software, which is slower')
      if (again && attempt < retries) continue
      throw guestError(code, error, kernel, guest.consoleTail, attempt)
    }
  }
}

function guestError(
  code: GuestErrorCode,
  error: unknown,
  kernel: Kernel,
  consoleTail: string,
  attempts: number,
): GuestError {
  const who = `the guest with ${kernel.name} (${kernel.release})`
  const what = error instanceof Error ? error.message : String(error)
  const text: Record<GuestErrorCode, readonly [message: string, remedy: string]> = {
    'no-boot': [
      `${who} did not come up in ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}: ${what}`,
      'read the end of its console; if nothing is wrong there, give it more time or another try',
    ],
    crashed: [
      `${who} died while the command ran: ${what}`,
      'read the end of its console: the kernel or the emulator crashed',
    ],
    timeout: [`${who} was ended: ${what}`, 'give the command more time, or run less at once'],
    aborted: [`${who} was ended: the run was cancelled`, 'start it again'],
    unusable: [`${who} cannot be used: ${what}`, 'use a kernel that has it'],
    'no-emulator': [`QEMU could not be started for ${kernel.name}: ${what}`, 'check its installation'],
  }
  const [message, remedy] = text[code]
  return new GuestError(code, message, remedy, { consoleTail, cause: error })
}
