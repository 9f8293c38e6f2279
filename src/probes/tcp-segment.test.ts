import t from 'tap'
import { internetChecksum } from './checksum.js'
import { segmentPacket } from './tcp-segment.js'

t.test('a segment is one of TCP, and its checksum is right', async test => {
  const packet = segmentPacket(
    { address: '10.1.0.2', port: 8080 },
    { address: '10.0.0.2', port: 40000 },
    { sequence: 0xfffffff0, acknowledges: 7 },
    'stray!',
  )
  const tcp = packet.subarray(20)
  test.same([...packet.subarray(12, 20)], [10, 1, 0, 2, 10, 0, 0, 2])
  test.same([tcp.readUInt16BE(0), tcp.readUInt16BE(2)], [8080, 40000])
  test.same([tcp.readUInt32BE(4), tcp.readUInt32BE(8)], [0xfffffff0, 7])
  test.equal(tcp.subarray(20).toString('latin1'), 'stray!')
  const pseudo = Buffer.concat([packet.subarray(12, 20), Buffer.from([0, 6, 0, tcp.length])])
  test.equal(internetChecksum(Buffer.concat([pseudo, tcp])), 0, 'a right checksum sums up to nothing')
})
