import { EXIT, LabError } from '../base/errors.js'

/** What the trouble with a distribution's root is: lets a caller tell one kind from another without reading the text. */
export type DistroErrorCode =
  | 'unknown-distro'
  | 'not-fetched'
  | 'no-network'
  | 'expired'
  | 'build'
  | 'bad-root'

/** How a process that was asked for nothing but the root ends. */
const EXIT_CODES: Readonly<Record<DistroErrorCode, number>> = {
  'unknown-distro': EXIT.usage,
  'not-fetched': EXIT.usage,
  'bad-root': EXIT.usage,
  'no-network': EXIT.error,
  expired: EXIT.error,
  build: EXIT.error,
}

/** A root that cannot be had or cannot be used. The message names it; the remedy says what to do next. */
export class DistroError extends LabError {
  override readonly name = 'DistroError'

  constructor(
    readonly code: DistroErrorCode,
    message: string,
    remedy: string,
    options?: ErrorOptions,
  ) {
    super(message, remedy, EXIT_CODES[code], options)
  }
}
