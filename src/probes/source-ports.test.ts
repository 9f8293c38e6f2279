import t from 'tap'
import { randomNumbers } from '../base/random.js'
import { spread } from './source-ports.js'

const COUNT = 128
const RANGE = 64_512

/** Ports as a source NAT picks them: from an offset upwards, to the first that is free. */
function picked(offset: () => number): number[] {
  const ports = new Set<number>()
  while (ports.size < COUNT) {
    let at = offset()
    while (ports.has(1024 + (at % RANGE))) at++
    ports.add(1024 + (at % RANGE))
  }
  return [...ports]
}

t.test(
  'ports picked at random are in nearly all parts of the range, and hardly ever side by side',
  async test => {
    const random = randomNumbers(1)
    for (let trial = 0; trial < 200; trial++) {
      const { parts, neighbours } = spread(picked(() => Math.floor(random() * 65_536)))
      test.ok(parts >= 13 && neighbours <= 11, `${parts} parts, ${neighbours} side by side`)
    }
  },
)

t.test('offsets that are few show as ports side by side, wherever they are', async test => {
  const random = randomNumbers(2)
  for (const [offsets, stride] of [
    [16, 1],
    [16, 4096],
    [256, 256],
  ] as const) {
    const { neighbours } = spread(picked(() => Math.floor(random() * offsets) * stride))
    test.ok(neighbours > 11, `${offsets} offsets, ${stride} apart: ${neighbours}`)
  }
})

t.test('a part of the range alone shows as parts without a port', async test => {
  const random = randomNumbers(3)
  const { parts } = spread(picked(() => Math.floor(random() * 32_768)))
  test.ok(parts < 13, String(parts))
})

t.test('ports that are kept are side by side', async test => {
  test.same(spread(Array.from({ length: COUNT }, (_, index) => 20_000 + index)), {
    parts: 1,
    neighbours: COUNT - 1,
  })
})
