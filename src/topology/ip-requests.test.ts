import fc from 'fast-check'
import t from 'tap'
import { noise, runs } from '../base/property.fixture.js'
import { parsePolicyRule } from '../model/policy-rule.js'
import type { NetworkOperation } from '../model/steps.js'
import { PLAIN_IPTABLES } from '../model/steps.js'
import { attributes, RTM } from '../world/rtnetlink.js'
import { compileTopology } from './compile.js'
import { ipRequests } from './ip-requests.js'
import { parseRoute } from './routes.js'
import { built, INSTANCE } from './topology.fixture.js'

const NAMES = {
  index: (device: string) => ({ lo: 1, eth0: 100, br0: 200 })[device],
  netns: (name: string) => (name === 'other' ? 7 : undefined),
}
const one = (operation: NetworkOperation) => ipRequests([operation], NAMES)?.[0]
const address = (text: string, device: string): NetworkOperation => ({
  op: 'add-address',
  device,
  address: text,
})
const route = (text: string): NetworkOperation => ({ op: 'add-route', route: parseRoute(text) })

t.test('a veth pair is born with all that it needs', async test => {
  const request = one({
    op: 'add-veth',
    end: { name: 'vnet0', index: 300, mac: '02:00:00:00:00:01' },
    peer: { name: 'eth0', index: 301, mtu: 1400 },
    peerNetns: 'other',
    bridge: 'br0',
  })
  test.equal(request?.type, RTM.newLink)
  const found = attributes(request?.body.subarray(16))
  test.equal(request?.body.readInt32LE(4), 300)
  test.equal(request?.body.readUInt32LE(8), 1, 'IFF_UP')
  test.equal(found.get(1)?.toString('hex'), '020000000001', 'IFLA_ADDRESS')
  test.equal(found.get(3)?.toString(), 'vnet0\0')
  test.equal(found.get(10)?.readUInt32LE(), 200, 'IFLA_MASTER')
  const info = attributes(found.get(18))
  test.equal(info.get(1)?.toString(), 'veth\0')
  const peer = attributes(info.get(2)).get(1)
  test.equal(peer?.readInt32LE(4), 301)
  test.equal(attributes(peer?.subarray(16)).get(28)?.readUInt32LE(), 7, 'IFLA_NET_NS_FD')
  test.equal(attributes(peer?.subarray(16)).get(4)?.readUInt32LE(), 1400, 'IFLA_MTU')
})

t.test('addresses and routes have the scope that ip(8) gives them', async test => {
  const head = (operation: NetworkOperation) => [...(one(operation)?.body.subarray(0, 8) ?? [])]
  test.same(head(address('127.0.0.2/8', 'lo')), [2, 8, 0, 254, 1, 0, 0, 0])
  test.same(
    head({ op: 'add-address', device: 'eth0', address: '2001:db8::1/64', nodad: true }),
    [10, 64, 2, 0, 100, 0, 0, 0],
  )
  const quiet = one({
    ...address('192.0.2.1/24', 'eth0'),
    nodad: true,
    noprefixroute: true,
  } as NetworkOperation)
  test.equal(attributes(quiet?.body.subarray(8)).get(8)?.readUInt32LE(), 0x202, 'IFA_FLAGS')
  const gateway = one(route('default via 10.0.0.1'))?.body
  test.same([gateway?.[0], gateway?.[1], gateway?.[6]], [2, 0, 0], 'universe')
  test.equal(one(route('10.1.0.0/16 dev eth0'))?.body[6], 253, 'link')
})

t.test('the metrics of a route are those that were written, and nothing else', async test => {
  const metrics = (text: string) => attributes(one(route(text))?.body.subarray(12)).get(8)
  const of = attributes(metrics('default via 10.0.0.1 mtu 1400 advmss 1360 rto_min 20ms'))
  test.same(
    [...of].map(([type, value]) => [type, value.readUInt32LE()]),
    [
      [1, 1 << 13],
      [2, 1400],
      [8, 1360],
      [13, 20],
    ],
    'RTAX_LOCK, RTAX_MTU, RTAX_ADVMSS, RTAX_RTO_MIN',
  )
  test.equal(metrics('default via 10.0.0.1'), undefined)
})

t.test('routes go into tables, by several ways, and by next hop objects, as ip(8) sends them', async test => {
  const parts = (text: string) => {
    const body = one(route(text))?.body
    return { head: [...(body?.subarray(0, 9) ?? [])], found: attributes(body?.subarray(12)) }
  }
  const high = parts('default via 10.0.0.1 dev eth0 onlink table 300 metric 5 src 10.0.0.9')
  test.same(high.head, [2, 0, 0, 0, 0, 3, 0, 1, 4], 'no table in the header, RTNH_F_ONLINK')
  test.same(
    [15, 6].map(type => high.found.get(type)?.readUInt32LE()),
    [300, 5],
  )
  test.equal(high.found.get(7)?.toString('hex'), '0a000009', 'RTA_PREFSRC')
  test.equal(parts('10.1.0.0/16 dev eth0 table 77').head[4], 77)
  const several = parts('default nexthop via 10.0.0.1 dev eth0 weight 3 nexthop dev br0')
  test.equal(several.head[6], 0, 'universe')
  test.equal(
    several.found.get(9)?.toString('hex'),
    '1000000264000000080005000a000001' + '08000000c8000000',
    'struct rtnexthop, weights less one',
  )
  test.equal(parts('10.9.0.0/16 nhid 10').found.get(30)?.readUInt32LE(), 10)
})

t.test('policy rules and next hop objects are what ip(8) sends', async test => {
  const rule = (text: string) => {
    const read = parsePolicyRule(text)
    if (typeof read === 'string') throw new Error(read)
    const body = one({ op: 'add-rule', rule: read })?.body
    const numbers = [6, 10, 14, 15, 16].map(type => attributes(body?.subarray(12)).get(type)?.readUInt32LE())
    return { head: [...(body?.subarray(0, 9) ?? [])], numbers, found: attributes(body?.subarray(12)) }
  }
  const wireguard = rule('not fwmark 51820 lookup 51820')
  test.same(wireguard.head, [2, 0, 0, 0, 0, 0, 0, 1, 2], 'FIB_RULE_INVERT')
  test.same(wireguard.numbers, [undefined, 51820, undefined, 51820, undefined])
  test.same(rule('lookup main suppress_prefixlength 0').head[4], 254)
  test.same(rule('lookup main suppress_prefixlength 0').numbers[2], 0)
  const eni = rule('from 10.0.1.20 fwmark 0x80/0xffffffff lookup 2 priority 1024')
  test.same([eni.head[2], eni.head[4]], [32, 2])
  test.same(eni.numbers, [1024, 0x80, undefined, undefined, 0xffffffff])
  const six = rule('-6 to 2001:db8::/32 iif lo tos 0x10 lookup 100')
  test.same(six.head.slice(0, 5), [10, 32, 0, 0x10, 100])
  test.equal(six.found.get(3)?.toString(), 'lo\0')
  const hop = one({ op: 'add-next-hop', nextHop: { id: 1, via: '10.1.1.1', device: 'eth0' } })
  test.equal(hop?.type, RTM.newNextHop)
  test.same([...(hop?.body.subarray(0, 8) ?? [])], [2, 0, 0, 0, 0, 0, 0, 0])
  const group = one({ op: 'add-next-hop', nextHop: { id: 9, group: [1, 2] } })
  test.equal(attributes(group?.body.subarray(8)).get(2)?.toString('hex'), '01000000000000000200000000000000')
})

t.test('what is not known is left to ip(8) itself', async test => {
  const pair = { end: { name: 'x' }, peer: { name: 'y' }, peerNetns: 'other' }
  for (const operation of [
    { op: 'set-link', device: 'eth9', up: true },
    { op: 'set-link', device: 'eth0', bridge: 'br9' },
    address('10.1/16', 'eth0'),
    address('10.0.0.1/33', 'eth0'),
    address('10.0.0.1/24', 'eth9'),
    route('10.0.0.0/8 via fe80::1'),
    route('default via 10.0.0.1 proto 5'),
    route('default table main table 9'),
    route('default nexthop dev eth9'),
    { op: 'add-rule', rule: { family: 'inet', from: '10.1/16', table: 'main' } },
    { op: 'add-next-hop', nextHop: { id: 1, device: 'eth9' } },
    route('default via'),
    route('10.0.0.0/8 dev eth9'),
    route('blackhole 10.0.0.0/8'),
    route('default via 10.0.0.1 mtu lock 1400'),
    route('default nexthop via 10.0.0.1 nexthop via 10.0.0.2 onlink'),
    { op: 'add-veth', ...pair, peerNetns: 'unknown' },
    { op: 'add-veth', ...pair, bridge: 'br9' },
  ] satisfies NetworkOperation[])
    test.equal(one(operation), undefined, JSON.stringify(operation))
  test.equal(
    ipRequests([address('10.0.0.1/24', 'eth0'), address('10.1/16', 'eth0')], NAMES),
    undefined,
    'then none of a step is sent by the lab',
  )
})

t.test('the lab makes the links, addresses and plain routes of any topology itself', async test => {
  fc.assert(
    fc.property(built, ({ topology }) => {
      const { build, indexes } = compileTopology(topology, INSTANCE, PLAIN_IPTABLES)
      for (const step of build.flat()) {
        if (step.do !== 'network') continue
        const { node } = step
        const plain = step.operations.filter(
          ({ op, ...rest }) => !JSON.stringify(rest).includes('"blackhole"'),
        )
        const known = ipRequests(plain, {
          index: device => (device === 'lo' ? 1 : indexes[`${node}:${device}`]),
          netns: () => 3,
        })
        if (known?.length !== plain.length) throw new Error(`not known: ${JSON.stringify(plain)}`)
        if (plain.length === step.operations.length) continue
        if (ipRequests(step.operations, { index: () => 7, netns: () => 3 }) !== undefined)
          throw new Error('a route that only ip(8) can send')
      }
    }),
    runs(300),
  )
  test.pass('all are known')
})

t.test('any operations are requests of the kernel, or not known, and never an exception', async test => {
  const word = fc.oneof(
    fc.constantFrom(
      ...'default lo eth0 br0 other 1 99999999999999999999 10.0.0.1/24 10.0.0.1/ 1/2/3 :: ::/129 fe80::1%eth0 00:00:00:00:00:0g 02:00:00:00:00:01'.split(
        ' ',
      ),
    ),
    fc.string({ unit: 'binary', maxLength: 12 }),
    noise,
  )
  const maybe = <V>(arbitrary: fc.Arbitrary<V>) => fc.option(arbitrary, { nil: undefined })
  const device = fc.record({ name: word, index: maybe(fc.nat()), mac: maybe(word) })
  const operation = fc.oneof(
    fc.record({
      op: fc.constant('add-veth'),
      end: device,
      peer: device,
      peerNetns: word,
      bridge: maybe(word),
    }),
    fc.record({ op: fc.constant('add-bridge'), bridge: device }),
    fc.record({
      op: fc.constant('set-link'),
      device: word,
      mac: maybe(word),
      bridge: maybe(word),
      up: maybe(fc.constant(true)),
    }),
    fc.record({
      op: fc.constant('add-address'),
      device: word,
      address: word,
      nodad: maybe(fc.constant(true)),
      noprefixroute: maybe(fc.constant(true)),
    }),
    fc.record({
      op: fc.constant('add-route'),
      route: fc.oneof(
        fc.record({ to: word, via: maybe(word), device: maybe(word), more: maybe(fc.array(word)) }),
        fc.array(word, { maxLength: 9 }).map(words => parseRoute(words.join(' '))),
      ),
    }),
    fc.record({
      op: fc.constant('add-rule'),
      rule: fc.record({
        family: fc.constantFrom('inet', 'inet6'),
        from: maybe(word),
        iif: maybe(word),
        table: word,
      }),
    }),
    fc.record({
      op: fc.constant('add-next-hop'),
      nextHop: fc.record({
        id: fc.nat(),
        via: maybe(word),
        device: maybe(word),
        group: maybe(fc.array(fc.nat())),
      }),
    }),
  ) as fc.Arbitrary<NetworkOperation>
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 4 }), operations => {
      const found = ipRequests(operations, {
        index: name => (name === 'eth0' ? 7 : undefined),
        netns: name => (name === 'other' ? 3 : undefined),
      })
      if (!found) return
      if (found.length !== operations.length) throw new Error('one request for each operation')
      if (!found.every(({ body }) => Buffer.isBuffer(body))) throw new Error('no body')
    }),
    runs(1500),
  )
  test.pass('none throws')
})
