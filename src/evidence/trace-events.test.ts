import t from 'tap'
import { reasonNames, TraceJoin } from './trace-events.js'

const MARK = 'netns-lab-0'
const line = (cpu: number, flags: string, event: string, task = '<idle>-0') =>
  `          ${task}       [00${cpu}] ${flags} 6400.387730: ${event}`
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
  const trace = new TraceJoin<string>(MARK)
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
    test.equal(trace.lost, title.includes('lost') ? 1 : 0)
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

t.test(
  'a packet that came in on lo is whose who sent it, where one experiment alone looks at lo',
  async test => {
    const own = (event: string) => line(0, '..s1.', event, 'node-77')
    const sent = [
      receive(0, 'eth0', 'aa'),
      own('netif_receive_skb: dev=lo skbaddr=bb len=84'),
      lookup(0, 1, '10.0.0.1', '10.0.0.1', 'eth0'),
      free(0, 'bb'),
    ]
    const mark = line(1, '.....', `tracing_mark_write: ${MARK}`, 'node-77')
    const drops = (looking: readonly string[], lines: readonly string[]) => {
      const trace = join1()
      for (const owner of looking) trace.lookAtLo(owner)
      for (const text of lines) trace.line(text)
      return trace.drops.map(({ packet }) => [packet.owner, packet.device, packet.lookups.length])
    }
    test.same(drops(['one'], [mark, ...sent]), [['one', 'lo', 1]])
    test.same(
      drops(['one'], [mark, ...sent.filter(text => !text.includes('lookup'))]),
      [['one', 'lo', 0]],
      'and one that was given up before any lookup',
    )
    test.same(drops(['one'], sent), [], 'who sent it is not known')
    test.same(drops([], [mark, ...sent]), [], 'nobody looks')
    test.same(drops(['one', 'two'], [mark, ...sent]), [], 'two look')
    test.same(drops(['one'], [line(1, '.....', `tracing_mark_write: ${MARK}`, 'node-78'), ...sent]), [])
  },
)

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
  const locations = ['ip_rcv_finish.isra.0+0x1/0x2', '00000000c0ffee00', 'ffffffffc0ffee00']
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
