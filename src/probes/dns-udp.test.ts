import fc from 'fast-check'
import t from 'tap'
import { answerTo, question } from './dns-udp.js'

t.test('the name server’s answers', test => {
  test.test('an A question gets one A record for the name that was asked', async t2 => {
    const asked = question(0x1234, 'service.example', 1)
    const answer = answerTo(asked) ?? Buffer.alloc(0)
    t2.equal(answer.readUInt16BE(0), 0x1234)
    t2.equal(answer.readUInt16BE(2) & 0x8000, 0x8000, 'it is a response')
    t2.equal(answer.readUInt16BE(6), 1, 'with one record')
    t2.same(answer.subarray(12, asked.length), asked.subarray(12), 'the question is repeated')
    t2.same([...answer.subarray(-4)], [192, 0, 2, 53])
  })
  test.test('an AAAA question gets an address of sixteen bytes', async t2 => {
    const answer = answerTo(question(1, 'a.b', 28)) ?? Buffer.alloc(0)
    t2.equal(answer.readUInt16BE(answer.length - 18), 16)
    t2.equal(answer.subarray(-16).toString('hex'), '20010db8000000000000000000000053')
  })
  test.test('any other datagram gets none, and never an error', async t2 => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), bytes => {
        const answer = answerTo(Buffer.from(bytes))
        const type = bytes.length >= 17 ? Buffer.from(bytes).readUInt16BE(bytes.length - 4) : 0
        t2.equal(answer !== undefined, type === 1 || type === 28)
      }),
    )
  })
  test.end()
})
