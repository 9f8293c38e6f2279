import t from 'tap'
import { timestampOf } from './tcp-timestamp.js'

/** A SYN from 192.168.0.2 port 40000 with these options; what follows Ethernet is made by hand. */
function syn(options: readonly number[], flags = 0x02): Buffer {
  const padded = [...options, ...Array<number>((4 - (options.length % 4)) % 4).fill(0)]
  const tcp = Buffer.alloc(20 + padded.length)
  tcp.writeUInt16BE(40_000, 0)
  tcp[12] = (tcp.length / 4) << 4
  tcp[13] = flags
  Buffer.from(padded).copy(tcp, 20)
  const ip = Buffer.alloc(20)
  ip[0] = 0x45
  ip[9] = 6
  ip.set([192, 168, 0, 2], 12)
  const ethernet = Buffer.alloc(14)
  ethernet.writeUInt16BE(0x0800, 12)
  return Buffer.concat([ethernet, ip, tcp])
}

const USUAL = [2, 4, 5, 180, 4, 2, 8, 10, 0xfe, 0xdc, 0xba, 0x98, 0, 0, 0, 0, 1, 3, 3, 7]

t.test('the TSval of a SYN is read from among its options', async test => {
  test.same(timestampOf(syn(USUAL)), { source: '192.168.0.2', sourcePort: 40_000, timestamp: 0xfedcba98 })
  test.equal(timestampOf(syn([2, 4, 5, 180]))?.timestamp, undefined, 'there are none')
  test.equal(timestampOf(syn([0, 0, 0, 0]))?.timestamp, undefined)
  test.equal(timestampOf(syn([8, 10, 1]))?.timestamp, undefined, 'cut')
  test.equal(timestampOf(syn([3, 0, 1, 1]))?.timestamp, undefined, 'an option without a length')
})

t.test('what is no first SYN over IPv4 is passed over', async test => {
  test.equal(timestampOf(syn(USUAL, 0x12)), undefined, 'SYN-ACK')
  test.equal(timestampOf(syn(USUAL, 0x10)), undefined, 'ACK')
  const ipv6 = syn(USUAL)
  ipv6.writeUInt16BE(0x86dd, 12)
  test.equal(timestampOf(ipv6), undefined)
  for (let length = 0; length < 60; length++) timestampOf(syn(USUAL).subarray(0, length))
})
