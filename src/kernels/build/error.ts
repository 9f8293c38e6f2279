import { EXIT, LabError } from '../../base/errors.js'

/** What kept a kernel from being built: lets a caller (and a bisection) tell the machine's faults from the tree's. */
export type KernelBuildErrorCode =
  /** The call is wrong: no such source or patch file, a name that cannot be a file name. */
  | 'usage'
  /** A program or header that the build needs is not installed. */
  | 'missing-package'
  /** The source package could not be had: no network, no such package, a signature that does not hold. */
  | 'source'
  /** A patch says nothing, or does not apply to this source. */
  | 'patch'
  /** An option of the fragment did not survive Kconfig. */
  | 'config'
  /** The compiler or make failed: the source as it is does not build. */
  | 'compile'
  | 'disk-full'
  /** The caller's signal was aborted. */
  | 'aborted'

/** How a process that was asked for nothing but the build ends. */
const EXIT_CODES: Readonly<Record<KernelBuildErrorCode, number>> = {
  usage: EXIT.usage,
  'missing-package': EXIT.unavailable,
  source: EXIT.error,
  patch: EXIT.error,
  config: EXIT.error,
  compile: EXIT.error,
  'disk-full': EXIT.error,
  aborted: EXIT.interrupted,
}

/** A kernel that could not be built. The message names the thing; the remedy says what to do next. */
export class KernelBuildError extends LabError {
  override readonly name = 'KernelBuildError'

  constructor(
    readonly code: KernelBuildErrorCode,
    message: string,
    remedy = '',
    options?: ErrorOptions,
  ) {
    super(message, remedy, EXIT_CODES[code], options)
  }
}
