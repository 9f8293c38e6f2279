/** What kind of trouble a kernel was: lets a caller pick an exit status without reading the text. */
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

/** A kernel that cannot be had or cannot be used. The message names the thing and says what to do next. */
export class KernelError extends Error {
  override readonly name = 'KernelError'

  /**
   * @param code the kind of trouble
   * @param problem what is wrong with what, without a full stop
   * @param remedy what to do next, without a full stop
   */
  constructor(
    readonly code: KernelErrorCode,
    readonly problem: string,
    readonly remedy: string,
    options?: ErrorOptions,
  ) {
    super(`${problem}. ${remedy}.`, options)
  }
}
