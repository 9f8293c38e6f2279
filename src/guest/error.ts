/** Why there is no result from a guest. */
export type GuestErrorCode =
  /** it never reported that it was up, however often it was tried */
  | 'no-boot'
  /** it was up, and then the kernel or the emulator died */
  | 'crashed'
  /** it was up, and the command did not end in time */
  | 'timeout'
  /** the caller gave up */
  | 'aborted'
  /** the guest came up and said what it lacks */
  | 'unusable'
  /** QEMU itself could not be started */
  | 'no-emulator'

/**
 * A guest that gave no result. This says nothing about the kernel's networking: emulators crash, and machines are
 * slow.
 */
export class GuestError extends Error {
  override readonly name = 'GuestError'

  /**
   * @param code the kind of trouble
   * @param problem what happened, without a full stop
   * @param remedy what to do next, without a full stop
   * @param consoleTail the last lines of the guest's console, and what QEMU printed
   * @param attempts how many guests were started
   */
  constructor(
    readonly code: GuestErrorCode,
    readonly problem: string,
    readonly remedy: string,
    readonly consoleTail: string,
    readonly attempts: number,
    options?: ErrorOptions,
  ) {
    super(`${problem}. ${remedy}.`, options)
  }
}
