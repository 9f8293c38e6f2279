#!/bin/sh
# What machines have of their own: libvirt's network, rules as Docker makes them, nftables.service. Runs as root in a test machine.
set -eu

systemctl is-active --quiet libvirtd || systemctl start libvirtd
virsh --quiet net-start default 2>/dev/null || virsh --quiet net-list | grep -q default

sysctl -q -w net.ipv4.ip_forward=1
ip link add docker0 type bridge
ip address add 172.17.0.1/16 dev docker0
ip link set docker0 up
iptables -N DOCKER
iptables -N DOCKER-USER
iptables -A DOCKER-USER -j RETURN
iptables -P FORWARD DROP
iptables -A FORWARD -j DOCKER-USER
iptables -A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
iptables -A FORWARD -o docker0 -j DOCKER
iptables -A FORWARD -i docker0 ! -o docker0 -j ACCEPT
iptables -A FORWARD -i docker0 -o docker0 -j ACCEPT
iptables -A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp --dport 80 -j ACCEPT
iptables -t nat -N DOCKER
iptables -t nat -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
iptables -t nat -A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
iptables -t nat -A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
iptables -t nat -A DOCKER -i docker0 -j RETURN
iptables -t nat -A DOCKER ! -i docker0 -p tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80

cat >/etc/nftables.conf <<'RULES'
table inet filter {
	chain input {
		type filter hook input priority filter; policy accept;
		ct state invalid drop
	}
}
RULES
systemctl is-active --quiet nftables
nft -f /etc/nftables.conf
! grep -q '^br_netfilter ' /proc/modules
