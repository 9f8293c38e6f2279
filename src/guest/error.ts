import { EXIT, LabError } from '../base/errors.js'

/** Why there is no result from a guest. */
export type GuestErrorCode =
  /** It never reported that it was up, however often it was tried. */
  | 'no-boot'
  /** It was up, and then the kernel or the emulator died. */
  | 'crashed'
  /** It was up, and the command did not end in time. */
  | 'timeout'
  /** The caller gave up. */
  | 'aborted'
  /** The guest came up and said what it lacks. */
  | 'unusable'
  /** QEMU itself could not be started. */
  | 'no-emulator'

/** How a process that was asked for nothing but the guest ends. */
const EXIT_CODES: Readonly<Record<GuestErrorCode, number>> = {
  'no-boot': EXIT.error,
  crashed: EXIT.error,
  timeout: EXIT.error,
  unusable: EXIT.error,
  aborted: EXIT.interrupted,
  'no-emulator': EXIT.unavailable,
}

/** What is left of a guest that gave no result. */
interface GuestErrorOptions extends ErrorOptions {
  /** The last lines of the guest's console, and what QEMU printed. */
  readonly consoleTail: string
}

/**
 * A guest that gave no result. This says nothing about the kernel's networking: emulators crash, and machines are
 * slow.
 */
export class GuestError extends LabError {
  override readonly name = 'GuestError'
  /** The last lines of the guest's console, and what QEMU printed. */
  readonly consoleTail: string

  constructor(
    readonly code: GuestErrorCode,
    message: string,
    remedy: string,
    options: GuestErrorOptions,
  ) {
    super(message, remedy, EXIT_CODES[code], options)
    this.consoleTail = options.consoleTail
  }
}
