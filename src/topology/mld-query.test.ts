import t from 'tap'
import { mldQuery, ROUTER_ALERT } from './mld-query.js'

t.test('a general query asks about no group, to be answered at once', async test => {
  const query = mldQuery()
  test.equal(query.length, 28, 'version 2 is told by its length (RFC 3810, 8.1)')
  test.equal(query[0], 130)
  test.equal(query.readUInt16BE(4), 1, 'milliseconds')
  test.ok(query.subarray(8, 24).equals(Buffer.alloc(16)), 'any group')
  test.equal(query.readUInt16BE(26), 0, 'from any source')
})

t.test('the header before it has the router alert of MLD, and is eight bytes long', async test => {
  test.equal(ROUTER_ALERT.toString('hex'), '0000050200000100')
})
