import t from 'tap'
import { describeFrame, summarizeFrame } from './frame.js'

const ethernet = (type: string, payload: string) =>
  Buffer.from(`3333ff2048ad fa162048adfe ${type} ${payload}`.replaceAll(' ', ''), 'hex')

t.test('frames are told apart by protocol, addresses and ICMP type', async test => {
  const echo = ethernet('0800', '4500001c 00010000 40010000 ac100094 b90f3837 0800f7ff 00000000')
  test.equal(describeFrame(summarizeFrame(echo)), 'icmp 172.16.0.148 -> 185.15.56.55 type 8')
  const solicitation = ethernet(
    '86dd',
    `6000000000183aff ${'00'.repeat(16)} ff0200000000000000000001ff2048ad 87000000`,
  )
  test.match(summarizeFrame(solicitation), {
    protocol: 'icmpv6',
    from: '::',
    to: 'ff02::1:ff20:48ad',
    type: 135,
    sourceMac: 'fa:16:20:48:ad:fe',
  })
  test.match(summarizeFrame(Buffer.from('00', 'hex')), { protocol: 'other', from: '' })
  test.match(summarizeFrame(ethernet('0800', '4500')), { protocol: 'other', from: '' }, 'cut short')
})
