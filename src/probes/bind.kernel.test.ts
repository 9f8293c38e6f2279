import t from 'tap'
import { runOwn } from './own-scenario.fixture.js'

const SCENARIO = `
  id: 'own-addresses',
  title: 'A service binds to what is its host’s',
  source: { title: 'a test', url: 'https://example.com/', says: 'it fails' },
  drawing: '[host] eth0 ──✂── eth0 [other]',
  needs: ['veth', 'ipv6'],
  topology: {
    nodes: {
      host: { is: 'a host', ipv6: true, addresses: { eth0: ['2001:db8::1/64', '2001:db8:1::1/64 nodad noprefixroute'] } },
      other: { is: 'another', ipv6: true },
    },
    links: [['host:eth0', { end: 'other:eth0', down: true }]],
  },
  toggles: {
    nonlocal: sysctlToggle({
      summary: 'bind to anything', nodes: ['host'],
      values: { off: { 'net.ipv6.ip_nonlocal_bind': 0 }, on: { 'net.ipv6.ip_nonlocal_bind': 1 } },
    }),
  },
  probes: {
    tested: bind({ from: 'host', address: '2001:db8::1', port: 53 }),
    untested: bind({ from: 'host', address: '2001:db8:1::1', port: 53 }),
    free: bind({ from: 'host', address: '2001:db8::1', port: 53, freebind: true, afterMs: 30 }),
    address: ipv6Address({ from: 'host', device: 'eth0', startsWith: '2001:db8:1::', asIs: true }),
  },
  controls: ['untested', 'free', 'address'],
  mechanisms: {
    tentative: {
      title: 'tentative', where: 'inet6_bind()', document: 'it fails',
      proofs: [
        addressIs('host:eth0', '2001:db8::1', 'tentative').andStays(),
        carrier('host:eth0').missing().andStays(),
        carrier('host:lo').andStays(),
        wayOut('host', { to: '2001:db8::2' }, '2001:db8::/64 dev eth0 proto kernel metric 256').andStays(),
        wayOut('host', { to: '2001:db8:1::2', from: '2001:db8:1::1', tos: 4, mark: 7 }, 'Network is unreachable').andStays(),
      ],
    },
  },
  expect: {
    tested: [{ when: { nonlocal: 'on' }, works: 'anything' }, { fails: 'tentative', why: 'tentative' }],
    untested: [{ works: 'nodad' }],
    free: [{ works: 'anything' }],
    address: [{ works: 'nodad' }],
  },
  experiments: [{ title: 'bind', probes: ['tested'], fixes: [{ nonlocal: 'on' }] }],`

t.test('a service that binds to addresses of its host', async test => {
  const { report, status, script } = await runOwn(
    ['addressIs', 'bind', 'carrier', 'ipv6Address', 'sysctlToggle', 'wayOut'],
    SCENARIO,
    ['nonlocal=on'],
  )
  const [scenario] = report.scenarios
  test.equal(scenario?.verdict, 'confirmed', scenario?.reason ?? 'no scenario')
  test.equal(status, 0)

  test.test('is refused while one is tentative, by all that the kernel says', async t2 => {
    const broken = scenario?.trials.find(({ phase }) => phase === 'broken')
    t2.match(broken, { outcome: 'fails', says: 'bind to [2001:db8::1]:53: EADDRNOTAVAIL' })
    t2.same(
      broken?.evidence.map(({ state }) => state),
      ['seen', 'seen', 'seen', 'seen', 'seen'],
    )
    t2.match(broken?.evidence[3]?.says, /2001:db8::\/64 dev eth0 proto kernel metric 256$/)
  })
  test.test('is reproduced by the script alone', async t2 => {
    t2.equal(script.status, 0, script.output)
    t2.match(script.output, /^ok 4 - broken tested fails: tentative/m)
    t2.match(script.output, /^ok 5 - fixed tested \(nonlocal on\) works/m)
  })
})
