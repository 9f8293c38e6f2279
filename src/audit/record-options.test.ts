import t from 'tap'
import { writtenFacts } from './facts.fixture.js'
import { record } from './record.js'
import { recordTables } from './record-nft.js'

/** What is recorded of a node with these facts, and what is left. */
function recorded(configuration: Readonly<Record<string, string>>) {
  const { topology, left } = record([writtenFacts({ configuration })])
  return { ...topology.nodes.host, left }
}

t.test(
  'options that are not the kernel’s own are in the words of ip-link(8), and the others are not there',
  async test => {
    const { linkOptions, left } = recorded({
      'link br0 kind': 'bridge',
      'link br0 promisc': 'on',
      'link br0 stp_state': '1',
      'link br0 forward_delay': '200',
      'link br0 mcast_snooping': 'off',
      'link br0 mcast_router': '1',
      'link vnet0 kind': 'veth',
      'link vnet0 master': 'br0',
      'link vnet0 hairpin_mode': 'on',
      'link vnet0 isolated': 'on',
      'link vnet0 mcast_flood': 'off',
      'link vnet0 learning': 'on',
      'link eth0 kind': 'veth',
      'link eth0 allmulti': 'on',
      'link br1 kind': 'bridge',
      'link br1 vlan_filtering': 'on',
      'link br1 stp_state': '2',
    })
    test.same(linkOptions, [
      'br0 promisc on',
      'br0 type bridge forward_delay 200 stp_state 1 mcast_snooping 0',
      'eth0 allmulticast on',
      'vnet0 type bridge_slave hairpin on mcast_flood off isolated on',
    ])
    test.same(left, ['host: br1: vlan_filtering on', 'host: br1: a spanning tree that a program keeps'])
  },
)

t.test(
  'filters of u32 at clsact’s hooks are commands of tc, and what is more than that is named',
  async test => {
    const redirect =
      'protocol ip pref 1 u32 match u32 0x00000000 0x00000000 at 0 action mirred ingress redirect dev lo'
    const { tc, left } = recorded({
      'link eth0 kind': 'veth',
      'qdisc eth0 ffff:': 'clsact',
      'filter eth0 ingress': redirect,
      'filter eth0 egress': `${redirect}; protocol ip pref 2 bpf 1=00`,
      'qdisc eth1 1:': 'htb',
      'filter eth1 1:': 'protocol ip pref 2 u32 match u32 0x00000044 0x0000ffff at 20 action csum ip and udp',
    })
    test.same(tc, ['qdisc add dev eth0 clsact', `filter add dev eth0 ingress ${redirect}`])
    test.match(left, [
      /^host: eth0: filters at egress that are more than matches of u32: /,
      /^host: eth1: the queueing discipline 1: htb, whose options are not read$/,
      /^host: filter eth1 1:: /,
    ])
  },
)

const LISTING = `# Warning: table ip nat is managed by iptables-nft, do not touch!
table ip nat {
	chain PREROUTING {
		type nat hook prerouting priority dstnat; policy accept;
	}
}
table inet own {
	comment "what is this"
	ct helper tftp-standard {
		type "tftp" protocol udp
		l3proto inet
	}
	set allowed {
		type ipv4_addr
		flags interval
		comment "who may"
		elements = { 10.0.0.0/8,
			     192.0.2.1-192.0.2.9 }
	}
	map jumps {
		type ifname : verdict
		elements = { "docker0" : jump inner }
	}
	chain inner {
		ct state established,related counter accept comment "answers"
		log prefix "what: " drop
	}
	chain fwd {
		type filter hook forward priority filter - 5; policy drop;
		iifname vmap @jumps
		iifname "eth0.7" ip saddr @allowed tcp dport { 22, 80-90 } accept
		meta l4proto udp xt target "CHECKSUM"
	}
}
table netdev dev {
}
`

t.test('tables of nftables are commands that add them, first what others need', async test => {
  const { lines, left } = recordTables(LISTING, table => table !== 'ip nat')
  test.same(lines, [
    'add table inet own',
    'add set inet own allowed { type ipv4_addr; flags interval; }',
    'add map inet own jumps { type ifname : verdict; }',
    'add chain inet own inner',
    'add chain inet own fwd { type filter hook forward priority filter - 5; policy drop; }',
    'add element inet own allowed { 10.0.0.0/8, 192.0.2.1-192.0.2.9 }',
    'add element inet own jumps { docker0 : jump inner }',
    'add rule inet own inner ct state established,related counter accept',
    'add rule inet own fwd iifname vmap @jumps',
    'add rule inet own fwd iifname eth0.7 ip saddr @allowed tcp dport { 22, 80-90 } accept',
  ])
  test.same(left, [
    'ct helper tftp-standard of table inet own of nftables',
    'a rule of nftables: inet own inner log prefix "what: " drop',
    'a rule of nftables: inet own fwd meta l4proto udp xt target "CHECKSUM"',
    'table netdev dev of nftables',
  ])
})
