import t from 'tap'
import { arpPacket, readArp } from './arp.js'

t.test('an ARP request reads as what it was written from, and nothing else reads as one', async test => {
  const mac = Buffer.from('020000000001', 'hex')
  const frame = arpPacket({ mac, sender: '192.168.1.9', target: '192.168.1.240' })
  test.equal(frame.toString('hex', 0, 14), 'ffffffffffff0200000000010806')
  test.same(readArp(frame), {
    reply: false,
    mac: '020000000001',
    sender: '192.168.1.9',
    target: '192.168.1.240',
  })
  test.equal(readArp(frame.subarray(0, 40)), undefined)
  frame.writeUInt16BE(0x0800, 12)
  test.equal(readArp(frame), undefined)
})
