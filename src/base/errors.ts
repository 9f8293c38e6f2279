/** How a process of the lab ends. Infrastructure failure and test failure never share a code. */
export const EXIT = {
  ok: 0,
  /** A trial did not come out as it must: regressed, unexpected-pass or flaky. */
  failed: 1,
  usage: 2,
  /** The lab broke; nothing is known about the kernel. */
  error: 3,
  allSkipped: 4,
  /** EX_UNAVAILABLE: the run could not start on this machine. */
  unavailable: 69,
  interrupted: 130,
} as const

/** Something that went wrong for a reason that the user can act on: one clear sentence, and what to do next. */
export class LabError extends Error {
  override readonly name: string = 'LabError'

  /** `exitCode` is the status that a process ends with that was asked for nothing else; `cause` what it was made from. */
  constructor(
    message: string,
    readonly remedy: string = '',
    readonly exitCode: number = EXIT.error,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

/** An error's message with its remedy, for a person. */
export function describeError(error: unknown): string {
  if (error instanceof LabError) return error.remedy ? `${error.message}\n  → ${error.remedy}` : error.message
  return error instanceof Error ? error.message : String(error)
}

/** An error on its way from one process or thread to another. */
export type SentError = Pick<LabError, 'message' | 'remedy' | 'exitCode'>

/** What of an error can be sent. */
export function sentError(error: unknown): SentError {
  const { message, remedy, exitCode } = error instanceof LabError ? error : new LabError(describeError(error))
  return { message, remedy, exitCode }
}

/** The error that was sent. */
export function receivedError({ message, remedy, exitCode }: SentError): LabError {
  return new LabError(message, remedy, exitCode)
}
