import fc from 'fast-check'
import t from 'tap'
import { runs } from '../base/property.fixture.js'
import { hasChange } from './change.js'

t.test('a change that a stable series has, all later releases of the series have', async test => {
  const text = fc.tuple(fc.integer({ min: 2, max: 7 }), fc.nat(20), fc.integer({ min: 1, max: 300 }))
  fc.assert(
    fc.property(
      text,
      fc.array(text, { maxLength: 5 }),
      text,
      fc.nat(300),
      (since, backports, [major, minor, patch], more) => {
        const change = {
          commit: '0',
          title: '',
          url: '',
          since: `${since[0]}.${since[1]}`,
          backports: backports.map(numbers => numbers.join('.')),
        }
        const older = hasChange(change, { major, minor, patch })
        if (older && !hasChange(change, { major, minor, patch: patch + more })) throw new Error('lost again')
        if (!hasChange(change, { major: since[0], minor: since[1], patch: more }))
          throw new Error('not since')
      },
    ),
    runs(600),
  )
  test.pass('monotone')
})
