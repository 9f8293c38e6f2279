import { EXIT, LabError } from '../base/errors.js'

/** What the trouble with a kernel is: lets a caller tell one kind from another without reading the text. */
export type KernelErrorCode =
  | 'unknown-kernel'
  | 'not-fetched'
  | 'no-network'
  | 'disk-full'
  | 'missing-tool'
  | 'package'
  | 'bad-image'
  | 'wrong-architecture'
  | 'missing-modules'
  | 'release-mismatch'

/** How a process that was asked for nothing but the kernel ends. */
const EXIT_CODES: Readonly<Record<KernelErrorCode, number>> = {
  'unknown-kernel': EXIT.usage,
  'not-fetched': EXIT.usage,
  'bad-image': EXIT.usage,
  'wrong-architecture': EXIT.usage,
  'missing-modules': EXIT.usage,
  'release-mismatch': EXIT.usage,
  'no-network': EXIT.error,
  'disk-full': EXIT.error,
  package: EXIT.error,
  'missing-tool': EXIT.unavailable,
}

/** A kernel that cannot be had or cannot be used. The message names the thing; the remedy says what to do next. */
export class KernelError extends LabError {
  override readonly name = 'KernelError'

  constructor(
    readonly code: KernelErrorCode,
    message: string,
    remedy: string,
    options?: ErrorOptions,
  ) {
    super(message, remedy, EXIT_CODES[code], options)
  }
}
