/** How far the guests of a matrix are, in a line for a terminal. */
import { VERDICTS } from '../model/verdict.js'

/** A scenario's end, as the lab in the guest prints it: the verdict and the id, and nothing else. */
const ENDED = new RegExp(`^(${VERDICTS.join('|')}) {2,}\\S+$`)
const GUEST = /^guest (\d+)$/
const MINUTE_MS = 60_000

interface Guest {
  attempt: number
  startedAt: number
  ended: number
}

/** What the lines of each guest say. */
export class MatrixProgress {
  readonly #guests = new Map<string, Guest | 'over'>()

  /** `scenarios` is how many each guest is to run; times are in milliseconds. */
  constructor(
    readonly kernels: readonly string[],
    readonly scenarios: number,
  ) {}

  /** Takes a line of a guest's console, or that another guest was started. */
  line(kernel: string, text: string, now: number): void {
    const attempt = GUEST.exec(text)?.[1]
    if (attempt !== undefined)
      this.#guests.set(kernel, { attempt: Number(attempt), startedAt: now, ended: 0 })
    const guest = this.#guests.get(kernel)
    if (guest && guest !== 'over' && ENDED.test(text.trimEnd())) guest.ended++
  }

  /** A kernel's run is over. */
  over(kernel: string): void {
    this.#guests.set(kernel, 'over')
  }

  /** `debian:6.1: 3 of 22 scenarios, 4 min left; debian:6.12 waits; 1 of 3 over` */
  text(now: number): string {
    const over = this.kernels.filter(kernel => this.#guests.get(kernel) === 'over').length
    const running = this.kernels.flatMap(kernel => {
      const guest = this.#guests.get(kernel)
      return guest && guest !== 'over' ? [this.#describe(kernel, guest, now)] : []
    })
    const waiting = this.kernels.filter(kernel => !this.#guests.has(kernel)).length
    return [
      ...running,
      ...(waiting > 0 ? [`${waiting} waiting`] : []),
      `${over} of ${this.kernels.length} over`,
    ].join('; ')
  }

  #describe(kernel: string, { attempt, startedAt, ended }: Guest, now: number): string {
    const again = attempt > 1 ? ` (guest no. ${attempt})` : ''
    if (ended === 0) return `${kernel}${again}: boots and builds`
    const left = Math.ceil((((now - startedAt) / ended) * Math.max(0, this.scenarios - ended)) / MINUTE_MS)
    return `${kernel}${again}: ${ended} of ${this.scenarios} scenarios, some ${left} min left`
  }
}
