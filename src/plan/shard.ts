/** A part of the catalogue, so that several machines do it in the time of the longest: `2/5` is the second of five. */
import { EXIT, LabError } from '../base/errors.js'
import { LENGTHS } from './lengths.js'

/** One of `count` parts, counted from 1. */
export interface Shard {
  readonly index: number
  readonly count: number
}

/** Reads `2/5`. Throws LabError (exit 2) for anything else. */
export function readShard(text: string): Shard {
  const [, index = 0, count = 0] = (/^(\d{1,4})\/(\d{1,4})$/.exec(text) ?? []).map(Number)
  if (index < 1 || index > count)
    throw new LabError(
      `'${text}' is no shard`,
      'write which one of how many, counted from 1: --shard 2/5',
      EXIT.usage,
    )
  return { index, count }
}

/**
 * Those of these scenarios that belong to a shard: the same for whoever asks, whatever the order, and all shards about as long.
 * The longest ones are dealt out first, each to the shard that has the least to do.
 */
export function inShard<S extends { readonly id: string }>(
  scenarios: readonly S[],
  { index, count }: Shard,
  lengths: Readonly<Record<string, number>> = LENGTHS,
): S[] {
  const known = Object.values(lengths).sort((a, b) => a - b)
  // One that nobody has measured is as long as most.
  const usual = known[Math.floor(known.length / 2)] ?? 1
  const lengthOf = (id: string) => lengths[id] ?? usual
  const ids = scenarios.map(({ id }) => id)
  ids.sort((a, b) => lengthOf(b) - lengthOf(a) || (a < b ? -1 : 1))
  const shards = Array.from({ length: count }, () => ({ ids: new Set<string>(), length: 0 }))
  for (const id of ids) {
    const least = shards.reduce((best, shard) => (shard.length < best.length ? shard : best))
    least.ids.add(id)
    least.length += lengthOf(id)
  }
  const own = shards[index - 1]?.ids
  return scenarios.filter(({ id }) => own?.has(id))
}
