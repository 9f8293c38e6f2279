/** Chance that can be had again: a small generator whose seed decides everything that comes out of it. */

const SEEDS = 2 ** 32

/** A seed that nobody chose, from 1 to 2^32 - 1. */
export function anySeed(): number {
  return 1 + Math.floor(Math.random() * (SEEDS - 1))
}

/** Numbers in [0, 1), the same ones for the same seed (of which the lower 32 bits count): a counter, well mixed. */
export function randomNumbers(seed: number): () => number {
  let counter = seed >>> 0
  return () => {
    // The golden ratio's fraction of 2^32 is odd, so the counter comes by every state before it repeats itself.
    counter = (counter + 0x9e3779b9) >>> 0
    let mixed = counter
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad)
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
    return ((mixed ^ (mixed >>> 15)) >>> 0) / SEEDS
  }
}

/** One of `choices`. Throws RangeError when there is none. */
export function pick<T>(choices: readonly T[], random: () => number): T {
  const [choice] = choices.slice(Math.floor(random() * choices.length))
  if (choice === undefined) throw new RangeError('nothing to pick from')
  return choice
}

/** The same entries in an order that every permutation is as likely as (Fisher and Yates). */
export function shuffled<T>(entries: readonly T[], random: () => number): T[] {
  const rest = [...entries]
  return Array.from({ length: rest.length }, () => rest.splice(Math.floor(random() * rest.length), 1)).flat()
}
