import t from 'tap'
import { asListed, nftRulesByChain } from './rule-book.js'

const LISTED = `table bridge nat {
	chain O-vnet0-ipv6 {
		ether saddr 02:00:00:00:00:01 counter drop
		counter accept
	}

	chain POSTROUTING { # handle 1
		type filter hook postrouting priority srcnat; policy accept;
		oifname "vnet0" counter jump O-vnet0-ipv6
	}
}
# Warning: table ip nat is managed by iptables-nft, do not touch!
table ip stronghost {
	set known {
		type ipv4_addr
		elements = { 192.0.2.1 }
	}

	chain prerouting {
		type filter hook prerouting priority raw; policy accept;
		ip saddr { 192.0.2.1, 192.0.2.2,
			   192.0.2.3 } accept
		drop
	}
}
`

t.test('what nft lists is taken by chain, one rule after the other', async test => {
  test.same(
    [...nftRulesByChain(LISTED)],
    [
      ['rules bridge nat O-vnet0-ipv6', ['ether saddr 02:00:00:00:00:01 counter drop', 'counter accept']],
      ['rules bridge nat POSTROUTING', ['oifname "vnet0" counter jump O-vnet0-ipv6']],
      ['rules ip stronghost prerouting', ['ip saddr { 192.0.2.1, 192.0.2.2, 192.0.2.3 } accept', 'drop']],
    ],
  )
})

t.test('an address alone is listed as a prefix of its whole length', async test => {
  test.equal(asListed(['-s', '192.0.2.1', '-j', 'ACCEPT']), '-s 192.0.2.1/32 -j ACCEPT')
})
