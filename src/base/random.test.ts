/** The chance that shuffled runs, `npm run soak` and `npm run chaos` live by. */
import t from 'tap'
import { pick, randomNumbers, shuffled } from './random.js'

t.test('the same seed gives the same numbers, and another seed others', async test => {
  const numbers = (seed: number) => Array.from({ length: 100 }, randomNumbers(seed))
  test.same(numbers(7), numbers(7))
  test.notSame(numbers(7), numbers(8))
  test.ok(numbers(7).every(number => number >= 0 && number < 1))
})

t.test('a shuffled list has every entry once, and comes in every order about as often', async test => {
  const random = randomNumbers(1)
  const orders = new Map<string, number>()
  for (let time = 0; time < 6000; time++) {
    const order = shuffled(['a', 'b', 'c'], random).join('')
    orders.set(order, (orders.get(order) ?? 0) + 1)
  }
  test.same([...orders.keys()].sort(), ['abc', 'acb', 'bac', 'bca', 'cab', 'cba'])
  test.ok(
    [...orders.values()].every(times => times > 850 && times < 1150),
    [...orders.values()].join(' '),
  )
  test.throws(() => pick([], random), RangeError)
})
