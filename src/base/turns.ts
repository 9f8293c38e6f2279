/** Doing so many things at once. */

/** Does what it is given, at most so much at once, in the order in which it came. Throws what the work throws. */
export type Turns = <T>(work: () => Promise<T>) => Promise<T>

/** Turns for at most `most` at once. */
export function turns(most: number): Turns {
  const waiting: (() => void)[] = []
  let running = 0
  return async work => {
    if (running >= most) await new Promise<void>(resolve => waiting.push(resolve))
    else running++
    try {
      return await work()
    } finally {
      // Whoever comes next takes the place.
      const next = waiting.shift()
      if (next) next()
      else running--
    }
  }
}
