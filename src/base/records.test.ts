import t from 'tap'
import { entryOf } from './records.js'

t.test('an entry is one that was put there, whatever every object has besides', async test => {
  test.equal(entryOf({ eth0: 7 }, 'eth0'), 7)
  for (const name of ['eth1', 'constructor', 'toString', '__proto__'])
    test.equal(entryOf({ eth0: 7 }, name), undefined, name)
  test.equal(entryOf({ constructor: 7 }, 'constructor'), 7, 'a device may be called so')
})
