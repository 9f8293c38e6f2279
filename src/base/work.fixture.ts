/** Work for tests of who has its turn when. */
import { setImmediate as nextTurn } from 'node:timers/promises'

/** Something that ends when it is told to, and writes down when it begins. */
export class Work {
  readonly begun: string[] = []
  readonly #ends = new Map<string, (error?: Error) => void>()

  run(name: string): Promise<void> {
    this.begun.push(name)
    return new Promise((resolve, reject) =>
      this.#ends.set(name, error => (error ? reject(error) : resolve())),
    )
  }

  async end(name: string, error?: Error): Promise<void> {
    this.#ends.get(name)?.(error)
    await nextTurn()
  }
}
