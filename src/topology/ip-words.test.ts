import fc from 'fast-check'
import t from 'tap'
import { runs } from '../base/property.fixture.js'
import { ipBatch, ipLine } from './ip-words.js'
import { parseRoute, routeProblem } from './routes.js'

t.test('operations are the lines that a person would write for ip(8)', async test => {
  test.equal(
    ipBatch([
      { op: 'add-bridge', bridge: { name: 'br0', index: 7, mac: '02:00:00:00:00:01' } },
      {
        op: 'add-veth',
        end: { name: 'vnet0', index: 300, mac: '02:00:00:00:00:02' },
        peer: { name: 'eth0', index: 301, mtu: 1400 },
        peerNetns: 'vm-1',
        bridge: 'br0',
      },
      { op: 'set-link', device: 'lo', mac: '02:00:00:00:00:03', up: true },
      { op: 'set-link', device: 'p0', bridge: 'br0' },
      { op: 'add-address', device: 'eth0', address: '2001:db8::1/64', nodad: true },
      { op: 'add-address', device: 'eth0', address: '192.0.2.1/24', noprefixroute: true },
      { op: 'add-next-hop', nextHop: { id: 1, via: '10.0.0.1', device: 'eth0' } },
      { op: 'add-next-hop', nextHop: { id: 9, group: [1, 2] } },
      { op: 'add-route', route: { to: 'default', via: '10.0.0.1' } },
      { op: 'add-route', route: { to: '10.1.0.0/16', device: 'eth0', mtu: 1400, advmss: 1360 } },
      { op: 'add-rule', rule: { family: 'inet', not: true, fwmark: 51820, table: '51820', priority: 7 } },
    ]),
    [
      'link add br0 index 7 address 02:00:00:00:00:01 type bridge stp_state 0 forward_delay 0',
      'link add vnet0 index 300 address 02:00:00:00:00:02 numtxqueues 1 numrxqueues 1 master br0 up type veth peer name eth0 index 301 mtu 1400 numtxqueues 1 numrxqueues 1 netns vm-1',
      'link set lo address 02:00:00:00:00:03 up',
      'link set p0 master br0',
      'addr add 2001:db8::1/64 nodad dev eth0',
      'addr add 192.0.2.1/24 noprefixroute dev eth0',
      'nexthop add id 1 via 10.0.0.1 dev eth0',
      'nexthop add id 9 group 1/2',
      'route add default via 10.0.0.1',
      'route add 10.1.0.0/16 dev eth0 mtu 1400 advmss 1360',
      'rule add not fwmark 0xca6c lookup 51820 priority 7',
      '',
    ].join('\n'),
  )
})

t.test('a route that is accepted says the same when it was read into its parts', async test => {
  const destination = fc.constantFrom('default', '10.1.0.0/16', '198.51.100.7', '2001:db8::/32')
  const option = fc.constantFrom(
    'via 10.0.0.1',
    'via inet6 fe80::1',
    'dev eth0',
    'metric 5',
    'src 10.0.0.9',
    'mtu lock 1400',
    'mtu 1400',
    'advmss 1360',
    'rto_min 20ms',
    'onlink',
    'table 300',
    'nhid 9',
    'nexthop via 10.0.0.1 dev eth0 weight 2 nexthop via 10.0.1.1',
  )
  const type = fc.constantFrom('', 'blackhole ', 'unreachable ', 'local ', 'unicast ')
  fc.assert(
    fc.property(type, destination, fc.array(option, { maxLength: 4 }), (kind, to, options) => {
      const text = `${kind}${[to, ...options].join(' ')}`
      if (routeProblem(text, new Set(['eth0']))) return
      const line = ipLine({ op: 'add-route', route: parseRoute(text) })
      const sorted = (words: string) => words.split(' ').sort().join(' ')
      // `via`, `dev` and metrics come first, and unicast is what ip(8) takes a route for anyway.
      if (sorted(line) !== sorted(`route add ${text.replace(/^unicast /, '')}`))
        throw new Error(`${text}: ${line}`)
    }),
    runs(400),
  )
  for (const text of ['default via 10.0.0.1', '198.51.100.7 dev eth0', 'blackhole 198.51.100.9'])
    test.equal(ipLine({ op: 'add-route', route: parseRoute(text) }), `route add ${text}`)
})
