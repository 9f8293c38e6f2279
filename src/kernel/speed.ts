/** How much slower than normal the machine is, from moment to moment: other load comes and goes while a run lasts. */

const TICK_MS = 20
/** What a lateness adds to the factor: with it, the shortest deadline (1.5 s) grows by five times the lateness. */
const LATE_MS = 300
/** After so many milliseconds half of a stall is forgotten. */
const HALF_LIFE_MS = 2000

/** Watches the machine's speed by how late this process comes to its own timers. */
export class Speed {
  readonly #timer: NodeJS.Timeout
  #last = performance.now()
  #late = 0
  #slowest: number

  /** `initial` is what was measured before anything ran: it never gets better than that. */
  constructor(readonly initial: number) {
    this.#slowest = initial
    this.#timer = setInterval(() => this.#tick(), TICK_MS)
    this.#timer.unref()
  }

  /** By which factor a deadline is to be stretched that is set now; at least 1. */
  slowness(): number {
    // A stall that is not over yet has not reached the timer.
    this.#tick()
    return this.initial + this.#late / LATE_MS
  }

  /** The greatest factor that there was. */
  get slowest(): number {
    return Math.round(this.#slowest * 10) / 10
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #tick(): void {
    const now = performance.now()
    const elapsed = now - this.#last
    this.#last = now
    this.#late = Math.max(elapsed - TICK_MS, this.#late * 0.5 ** (elapsed / HALF_LIFE_MS))
    this.#slowest = Math.max(this.#slowest, this.initial + this.#late / LATE_MS)
  }
}
