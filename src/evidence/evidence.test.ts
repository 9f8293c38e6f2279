import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { dirSync } from 'tmp-promise'
import { CaptureFile } from './capture.js'
import { describeEvents } from './conntrack-events.js'
import { describeFrame, summarizeFrame } from './frame.js'
import { reasonNames, TraceJoin } from './trace-events.js'

const line = (cpu: number, flags: string, event: string) =>
  `          <idle>-0       [00${cpu}] ${flags} 6400.387730: ${event}`
const receive = (cpu: number, device: string, skb: string) =>
  line(cpu, '..s1.', `netif_receive_skb: dev=${device} skbaddr=${skb} len=60`)
const lookup = (cpu: number, iif: number, from: string, to: string, device: string, flags = '..s1.') =>
  line(
    cpu,
    flags,
    `fib_table_lookup: table 254 oif 0 iif ${iif} proto 0 ${from}/0 -> ${to}/0 tos 0 scope 0 flags 0 ==> dev ${device} gw 108.83.0.0/fe00::6900:0 err 0`,
  )
const free = (
  cpu: number,
  skb: string,
  location = 'ip_rcv_finish_core+0x25b/0x470 reason: IP_LOCAL_SOURCE',
) => line(cpu, '..s1.', `kfree_skb: skbaddr=${skb} rx_sk=0 protocol=2048 location=${location}`)

const join1 = () => {
  const trace = new TraceJoin<string>()
  trace.register(700, { owner: 'one', node: 'vm', device: 'eth0' })
  trace.register(800, { owner: 'two', node: 'vm', device: 'eth0' })
  return trace
}

t.test('a drop is attributed to the node whose device has the index of the lookup before it', async test => {
  const trace = join1()
  for (const text of [
    receive(1, 'eth0', 'aa'),
    lookup(1, 700, '10.0.0.1', '10.0.0.1', 'eth0'),
    lookup(1, 1, '10.0.0.1', '10.0.0.1', 'eth0'),
    free(1, 'aa'),
  ])
    trace.line(text)
  test.match(trace.drops, [
    { function: 'ip_rcv_finish_core', reason: 'IP_LOCAL_SOURCE', packet: { owner: 'one', node: 'vm' } },
  ])
  test.equal(trace.packets[0]?.lookups.length, 2, 'the lookup of the way back belongs to the same packet')
})

t.test('packets that two CPUs work off at the same time are not exchanged', async test => {
  const trace = join1()
  for (const text of [
    receive(0, 'eth0', 'aa'),
    receive(1, 'eth0', 'bb'),
    lookup(1, 800, '10.0.0.2', '10.0.0.2', 'eth0'),
    lookup(0, 700, '10.0.0.1', '10.0.0.1', 'eth0'),
    free(0, 'aa'),
    free(1, 'bb'),
  ])
    trace.line(text)
  test.same(
    trace.drops.map(({ packet }) => [packet.owner, packet.lookups[0]?.from]),
    [
      ['one', '10.0.0.1'],
      ['two', '10.0.0.2'],
    ],
  )
})

t.test('what cannot be attributed is no evidence', async test => {
  const cases: Record<string, string[]> = {
    'a drop of another skb than the one received last': [
      receive(0, 'eth0', 'aa'),
      lookup(0, 700, '10.0.0.1', '10.0.0.1', 'eth0'),
      free(0, 'cc'),
    ],
    'a device that is not of this run': [
      receive(0, 'eth0', 'aa'),
      lookup(0, 900, '10.0.0.1', '10.0.0.1', 'eth0'),
      free(0, 'aa'),
    ],
    'a lookup that a process made while it sent': [
      receive(0, 'eth0', 'aa'),
      lookup(0, 700, '10.0.0.1', '10.0.0.1', 'eth0', '.....'),
      free(0, 'aa'),
    ],
    'a drop after events were lost': [
      receive(0, 'eth0', 'aa'),
      lookup(0, 700, '10.0.0.1', '10.0.0.1', 'eth0'),
      'CPU:0 [LOST 17 EVENTS]',
      free(0, 'aa'),
    ],
    'an experiment that is over': [],
  }
  for (const [title, lines] of Object.entries(cases)) {
    const trace = join1()
    for (const text of lines) trace.line(text)
    test.same(trace.drops, [], title)
    test.equal(trace.lost, title.includes('lost'))
  }
  const trace = join1()
  trace.unregister('one')
  for (const text of [
    receive(0, 'eth0', 'aa'),
    lookup(0, 700, '10.0.0.1', '10.0.0.1', 'eth0'),
    free(0, 'aa'),
  ])
    trace.line(text)
  test.same(trace.drops, [])
})

t.test('a packet that came in on lo is nobody’s, as every namespace has the same', async test => {
  const trace = join1()
  for (const text of [
    receive(0, 'eth0', 'aa'),
    receive(0, 'lo', 'aa'),
    lookup(0, 1, '10.0.0.1', '10.0.0.1', 'eth0'),
    free(0, 'aa'),
  ])
    trace.line(text)
  test.same([trace.packets, trace.drops], [[], []])
})

t.test('a queue gives up the packet that it held, and nobody else does so later', async test => {
  const packet = [
    receive(0, 'eth0', 'aa'),
    lookup(0, 700, '10.0.0.1', '10.0.0.9', 'eth0'),
    receive(0, 'eth0', 'bb'),
  ]
  const queue = join1()
  for (const text of [...packet, free(1, 'aa', 'nfqnl_reinject+0x1/0x2 reason: NOT_SPECIFIED')])
    queue.line(text)
  test.match(queue.drops, [{ function: 'nfqnl_reinject', packet: { owner: 'one' } }])
  const other = join1()
  for (const text of [...packet, free(1, 'aa')]) other.line(text)
  test.same(other.drops, [])
})

t.test('older kernels name no reason, and some no function', async test => {
  const trace = join1()
  const locations = ['ip_rcv_finish.isra.0+0x1/0x2', '00000000c0ffee00']
  for (const location of locations)
    for (const text of [
      receive(0, 'eth0', 'aa'),
      lookup(0, 700, '10.0.0.1', '10.0.0.1', 'eth0'),
      free(0, 'aa', location),
    ])
      trace.line(text)
  test.same(
    trace.drops.map(({ function: name, reason }) => [name, reason]),
    [
      ['ip_rcv_finish', undefined],
      [undefined, undefined],
    ],
  )
})

t.test('drop reasons are known by the names in the format of the event', async test => {
  const names = reasonNames(
    'print fmt: "reason: %s", __print_symbolic(REC->reason, { 2, "NOT_SPECIFIED" }, { 16, "IP_RPFILTER" })',
  )
  test.same([...names], ['NOT_SPECIFIED', 'IP_RPFILTER'])
  test.equal(reasonNames('print fmt: "skbaddr=%p protocol=%u location=%p"').size, 0)
})

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

t.test('a capture file is a section, its interfaces and whole blocks of frames', async test => {
  const folder = dirSync({ unsafeCleanup: true })
  test.teardown(() => folder.removeCallback())
  const path = join(folder.name, 'capture.pcapng')
  const file = new CaptureFile(path)
  const interfaceId = file.addInterface('vm:eth0', 'the VM')
  file.addFrame({
    interfaceId,
    timeNs: 1_795_236_947_625_850_770n,
    data: Buffer.alloc(61),
    length: 1500,
    direction: 'out',
    comment: 'broken float-ping',
  })
  file.close()
  const bytes = readFileSync(path)
  const types: number[] = []
  for (let at = 0; at < bytes.length; at += bytes.readUInt32LE(at + 4)) {
    types.push(bytes.readUInt32LE(at))
    const length = bytes.readUInt32LE(at + 4)
    test.equal(length % 4, 0)
    test.equal(bytes.readUInt32LE(at + length - 4), length, 'the length stands at both ends of a block')
  }
  test.same(types, [0x0a0d0d0a, 1, 6])
})
