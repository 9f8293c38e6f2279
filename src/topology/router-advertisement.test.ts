import t from 'tap'
import { routerAdvertisement } from './router-advertisement.js'

t.test('a router advertisement says what RFC 4861 has it say', async test => {
  const message = routerAdvertisement({
    lifetime: 1800,
    prefixes: [
      { prefix: '2001:db8:1::/64', autonomous: false, valid: 3 },
      { prefix: '2001:db8:2::/48', onLink: false },
    ],
  })
  test.equal(message.length, 16 + 2 * 32)
  test.equal(message.subarray(0, 16).toString('hex'), '86000000400007080000000000000000')
  test.equal(message.subarray(16, 32).toString('hex'), '03044080000000030000000300000000')
  test.equal(message.subarray(32, 48).toString('hex'), '20010db8000100000000000000000000')
  test.equal(message.subarray(48, 56).toString('hex'), '0304304000015180')
})
