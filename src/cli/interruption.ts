/** What a person, or a machine that goes down, ends a long command by, and the line in which it says how far it is. */
import { EXIT, LabError } from '../base/errors.js'

/** What ends a command that takes minutes. */
export const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Runs something that ends when its signal aborts. Throws what it does; where it was ended by a signal, LabError (exit 130) with
 * what became of it.
 */
export async function interruptible<T>(
  work: (signal: AbortSignal) => Promise<T>,
  remains: string,
): Promise<T> {
  const interruption = new AbortController()
  const stop = (signal: NodeJS.Signals) => interruption.abort(signal)
  // Not `once`: what else listens, to end children, ends the process where it is alone by then.
  for (const signal of SIGNALS) process.on(signal, stop)
  try {
    return await work(interruption.signal)
  } catch (error) {
    if (!interruption.signal.aborted) throw error
    throw new LabError(`ended by ${interruption.signal.reason}`, remains, EXIT.interrupted)
  } finally {
    for (const signal of SIGNALS) process.removeListener(signal, stop)
  }
}

/** A line on standard error: in place on a terminal, elsewhere one for each text that is not there yet. */
export class ProgressLine {
  readonly live = process.stderr.isTTY
  #shown = ''

  show(text: string): void {
    if (text === this.#shown) return
    this.#shown = text
    const width = (process.stderr.columns ?? 80) - 1
    process.stderr.write(this.live ? `\r\x1b[K${text.slice(0, width)}` : `${text}\n`)
  }

  close(): void {
    if (this.live && this.#shown !== '') process.stderr.write('\r\x1b[K')
  }
}

/** How long the rest takes, by what is done: `, some 40 s left`; nothing while that says little. Times are in milliseconds. */
export function timeLeft(startedAt: number, done: number, total: number, now = performance.now()): string {
  const took = now - startedAt
  if (took < 2000 || done <= 0 || done >= total) return ''
  const seconds = Math.ceil((took / done) * (total - done)) / 1000
  return seconds < 100 ? `, some ${Math.ceil(seconds)} s left` : `, some ${Math.ceil(seconds / 60)} min left`
}
