import t from 'tap'
import { parseLogRecord } from './kernel-log.js'

t.test('a record of the kernel log is read, and what goes on with one is none', async test => {
  test.same(parseLogRecord('4,1234,987654,-;IPv4: martian source 10.0.0.1 from 10.0.0.1, on dev eth0\n'), {
    sequence: 1234,
    timestampUs: 987654,
    text: 'IPv4: martian source 10.0.0.1 from 10.0.0.1, on dev eth0',
  })
  test.equal(parseLogRecord(' SUBSYSTEM=net'), undefined)
})
