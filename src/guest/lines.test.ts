import fc from 'fast-check'
import t from 'tap'
import { runs } from '../base/property.fixture.js'
import { until } from './lines.js'

const MARK = '\0the end\n'

t.test('text is passed on whole until its mark, however it is cut', async () => {
  const text = fc.string({ unit: fc.constantFrom('a', '\n', 't', 'é', ' ') })
  fc.assert(
    fc.property(
      text,
      text,
      fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1 }),
      (said, after, sizes) => {
        let [came, ended] = ['', 0]
        const take = until(
          MARK,
          bit => {
            came += bit
          },
          () => ended++,
        )
        const all = said + MARK + after
        for (let at = 0, bit = 0; at < all.length; bit++) {
          const size = sizes[bit % sizes.length] ?? 1
          // What comes behind the mark is nobody's.
          if (ended === 0) take(all.slice(at, at + size))
          at += size
        }
        return came === said && ended === 1
      },
    ),
    runs(200),
  )
})

t.test('what only begins like the mark is text', async test => {
  let came = ''
  const take = until(
    MARK,
    bit => {
      came += bit
    },
    () => test.fail('no mark came'),
  )
  for (const bit of ['a\0', 'the', ' start', '\0x']) take(bit)
  test.equal(came, 'a\0the start\0x')
})
