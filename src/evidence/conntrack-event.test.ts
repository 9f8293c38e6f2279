import t from 'tap'
import { describeEvents } from './conntrack-event.js'

t.test('a new connection reads as conntrack -E prints it', async test => {
  const attribute = (type: number, ...values: Buffer[]) => {
    const value = Buffer.concat(values)
    const head = Buffer.alloc(4)
    head.writeUInt16LE(4 + value.length, 0)
    head.writeUInt16LE(type, 2)
    return Buffer.concat([head, value, Buffer.alloc((4 - (value.length % 4)) % 4)])
  }
  const nested = (type: number, ...values: Buffer[]) => attribute(type | 0x8000, ...values)
  const tuple = (type: number, from: number[], to: number[], icmp: number) =>
    nested(
      type,
      nested(1, attribute(1, Buffer.from(from)), attribute(2, Buffer.from(to))),
      nested(
        2,
        attribute(1, Buffer.from([1])),
        attribute(4, Buffer.from([0x40, 0x9a])),
        attribute(5, Buffer.from([icmp])),
        attribute(6, Buffer.from([0])),
      ),
    )
  const vm = [172, 16, 0, 148]
  const body = Buffer.concat([
    tuple(1, vm, [185, 15, 56, 55], 8),
    tuple(2, vm, vm, 0),
    attribute(3, Buffer.from([0, 0, 1, 0xa8])),
    attribute(7, Buffer.from([0, 0, 0, 30])),
  ])
  const head = Buffer.alloc(20)
  head.writeUInt32LE(head.length + body.length, 0)
  head.writeUInt16LE(0x100, 4)
  test.same(describeEvents(Buffer.concat([head, body])), [
    '[NEW] icmp     1 30 src=172.16.0.148 dst=185.15.56.55 type=8 code=0 id=16538 [UNREPLIED] src=172.16.0.148 dst=172.16.0.148 type=0 code=0 id=16538',
  ])
  test.same(describeEvents(Buffer.alloc(40)), [], 'nonsense ends the reading')
})
