import t from 'tap'
import { wilson } from './many-connections.js'

t.test('a share is as uncertain as the number of its trials has it', async test => {
  const [low, high] = wilson(243, 20_000)
  test.ok(low > 0.0107 && low < 0.0108 && high > 0.0137 && high < 0.0138, `${low} to ${high}`)
  test.same(wilson(0, 0), [0, 1], 'nothing is known of nothing')
  test.ok((wilson(0, 2000)[1] ?? 0) > 0.001, 'two thousand without a loss do not exclude one in a thousand')
})
