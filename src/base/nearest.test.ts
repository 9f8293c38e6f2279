import t from 'tap'
import { nearest } from './nearest.js'

t.test('the nearest word is one that a slip of the finger is away, or none', async test => {
  test.equal(nearest('bridge-dnat-bonce', ['lan-dnat', 'bridge-dnat-bounce']), 'bridge-dnat-bounce')
  test.equal(nearest('zzzzzz', ['bridge-dnat-bounce']), undefined)
})
