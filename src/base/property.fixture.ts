/**
 * How often a property is tried: as often as its test says with one and the same seed, a part of that in `npm run unit`, which
 * has seconds, and `NETNS_LAB_PROPERTY_RUNS=N` times, with a seed of its own that is printed on failure.
 */
import fc from 'fast-check'
import t from 'tap'

const { NETNS_LAB_PROPERTY_RUNS: more, NETNS_LAB_UNIT: unit } = process.env
const SHARE_IN_UNIT = 0.2
if (more !== undefined) t.setTimeout(900_000)

/** What fast-check takes for a property that is usually tried `few` times. */
export function runs(few: number) {
  if (more !== undefined) return { includeErrorInReport: true, numRuns: Number(more) }
  const numRuns = Math.ceil(unit === undefined ? few : few * SHARE_IN_UNIT)
  return { includeErrorInReport: true, numRuns, seed: 6 }
}

/** How many samples to take of something that costs seconds, `few` unless more are asked for. */
export function samples(few: number, atMost: number) {
  return more === undefined ? { numRuns: few, seed: 6 } : { numRuns: Math.min(Number(more), atMost) }
}

/** Any characters at all. */
export const noise = fc.string({ unit: 'binary', maxLength: 30 })

/** Throws when an order of three is not total: reflexive, antisymmetric, transitive. */
export function checkOrder<V>(compare: (a: V, b: V) => number, a: V, b: V, c: V) {
  const [ab, ba, bc, ac] = [compare(a, b), compare(b, a), compare(b, c), compare(a, c)]
  if ([ab, ba, bc, ac].some(Number.isNaN)) throw new Error('no number')
  if (compare(a, a) !== 0 || Math.sign(ab) + Math.sign(ba) !== 0) throw new Error('not antisymmetric')
  if (ab <= 0 && bc <= 0 && ac > 0) throw new Error('not transitive')
}
