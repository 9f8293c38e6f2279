import t from 'tap'
import { anonymous } from './anonymous.js'
import { CONTAINER_HOST, writtenFacts } from './facts.fixture.js'
import { record } from './record.js'

const HOST = writtenFacts({
  ...CONTAINER_HOST,
  configuration: {
    ...CONTAINER_HOST.configuration,
    'link lxcbr0 address': '00:16:3e:00:00:01',
    'link ens3 kind': 'other',
    'link ens3 address': '52:54:00:12:34:56',
    'link ens3 mtu': '9000',
    'route default table main metric 100': 'via 198.51.100.1 dev ens3 unicast proto dhcp',
    'route 198.51.100.0/24 table main': 'dev ens3 src 198.51.100.7 unicast proto kernel',
    'route 203.0.113.0/24 table 7': 'prohibit proto static; dev ens3 unicast proto static',
    'ip rule inet 0': 'lookup local',
    'ip rule inet 77': 'from 10.9.0.5 lookup 7',
    'nexthop 9': 'group 01000000000000000200000000000000',
  },
})

t.test('what was configured is in the topology, and what it has no words for is named', async test => {
  const { topology, left } = record([HOST])
  const { host } = topology.nodes
  test.same(host?.bridges, { lxcbr0: { ports: ['veth7'], mac: '00:16:3e:00:00:01' } })
  test.same(host?.addresses, { lxcbr0: ['10.9.0.1/24'], ens3: ['198.51.100.7/24'] })
  test.same(host?.routes, [
    '203.0.113.0/24 dev ens3 table 7',
    'prohibit 203.0.113.0/24 table 7',
    'default via 198.51.100.1 dev ens3 metric 100',
  ])
  test.same(host?.rules, ['from 10.9.0.5 lookup 7 priority 77'])
  test.same(host?.nextHops, ['id 9 group 1/2'])
  test.same(host?.sysctls, { 'net.ipv4.ip_forward': '1' })
  test.match(
    host?.iptables?.nat?.[0],
    /^-A PREROUTING -d 198\.51\.100\.7\/32 .* -j DNAT --to-destination 10\.9\.0\.5:8443$/,
  )
  test.match(topology.links, [
    [{ end: 'host:veth7' }, 'behind-veth7:eth0'],
    [{ end: 'host:ens3', mac: '52:54:00:12:34:56', mtu: 9000 }, 'behind-ens3:eth0'],
  ])
  test.same(host?.linkOptions, ['lxcbr0 promisc on'])
  test.same(left, ['host: ens3 is no veth (other)'])
})

t.test('an anonymous one keeps what is equal, and networks', async test => {
  const { topology, left } = anonymous(record([HOST]), Buffer.from('key'))
  const text = JSON.stringify([topology, left])
  test.notMatch(text, /198\.51\.100|10\.9\.0|203\.0\.113|52:54|00:16:3e|ens3|lxcbr0|veth7|web/)
  const { node1 } = topology.nodes
  const [address = ''] = [node1?.addresses?.br1].flat()
  const network = address.replace(/\d+\/24$/, '')
  test.equal(address, `${network}1/24`)
  test.ok(node1?.rules?.[0]?.startsWith(`from ${network}5 lookup 7`), JSON.stringify(node1?.rules))
  test.ok(node1?.iptables?.nat?.[0]?.endsWith(`-j DNAT --to-destination ${network}5:8443`))
  test.match(
    node1?.iptables?.nat?.[1],
    new RegExp(`-s ${network}0/24 -d ${network}0/24 .* --to-source ${network}1$`),
  )
  test.not(
    JSON.stringify(anonymous(record([HOST])).topology),
    JSON.stringify(anonymous(record([HOST])).topology),
  )
})

t.test('tables of nftables are renamed by their places, whatever they are called', async test => {
  const nft = [
    'add table inet filter',
    'add set inet filter forward { type ipv4_addr; }',
    'add chain inet filter web',
    'add chain inet filter input { type filter hook input priority filter; policy drop; }',
    'add element inet filter forward { 198.51.100.7, 198.51.100.0/24 }',
    'add rule inet filter web iifname ens3 ip saddr @forward tcp dport 443 accept',
    'add rule inet filter input ct state new jump web',
  ]
  const { topology, left } = record([HOST])
  const { host, ...others } = topology.nodes
  if (!host) throw new Error('there is no host')
  const changed = anonymous(
    { topology: { ...topology, nodes: { host: { ...host, nft }, ...others } }, left },
    Buffer.from('key'),
  )
  const [table, set, web, input, element, ...rules] = changed.topology.nodes.node1?.nft ?? []
  test.same(
    [table, set, web, input],
    [
      'add table inet table1',
      'add set inet table1 set1 { type ipv4_addr; }',
      'add chain inet table1 chain1',
      'add chain inet table1 chain2 { type filter hook input priority filter; policy drop; }',
    ],
  )
  test.match(element, /^add element inet table1 set1 \{ (\d+\.\d+\.\d+)\.7, \1\.0\/24 \}$/)
  test.notMatch(element, /198\.51/)
  test.match(rules[0], /^add rule inet table1 chain1 iifname dev\d ip saddr @set1 tcp dport 443 accept$/)
  test.equal(rules[1], 'add rule inet table1 chain2 ct state new jump chain1')
})
