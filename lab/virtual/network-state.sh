#!/bin/sh
# All that a machine's own network is configured to be, without what counts or ages: two of them can be compared. Runs as root.
set -eu

section() {
  echo "# $1"
  shift
  "$@" || echo "cannot be told: status $?"
}

without_counters() { sed -E 's/\[[0-9]+:[0-9]+\]/[0:0]/; /^#/d'; }
rules() { "$1-save" | without_counters; }

section links sh -c "ip -o -d link | sed -E 's/ [a-z_]*_timer +[0-9.]+//g'"
section addresses sh -c "ip -o address | sed -E 's/ (valid|preferred)_lft [0-9a-z]+//g'"
section routes sh -c "ip route show table all | sed -E 's/ expires [0-9]+sec//'"
section policy sh -c 'ip rule; ip -6 rule'
section namespaces ip netns list
section bridges sh -c 'bridge -d link; bridge vlan'
section iptables rules iptables
section ip6tables rules ip6tables
section ebtables ebtables-save
section nftables sh -c "nft --stateless list ruleset"
section qdiscs tc qdisc
section sysctls sh -c "sysctl -a 2>/dev/null | grep -E '^(net|user)\.' |
  grep -vE 'net.(netfilter.nf_conntrack_(count|max)|nf_conntrack_max|ipv6.conf.*.stable_secret|core.(flow|netdev_rss)|ipv4.tcp_fastopen_key)'"
