import { randomInt } from 'node:crypto'

const FIRST = 20_000
const COUNT = 40_000
let last = randomInt(COUNT)

/**
 * A source port that no probe had before, as far as there are any. Connection tracking remembers a translation for seconds or
 * minutes by addresses and ports: a probe that comes by its predecessor's port, once in some ten thousand pairs where the
 * kernel picks it, is translated as that one was, whatever rule is there by now.
 */
export function newSourcePort(): number {
  last = (last + 1) % COUNT
  return FIRST + last
}
