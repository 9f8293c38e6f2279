/** Machines with libvirt’s default network: what its daemon loaded when it ran in a namespace, and what its own tests expect. */
import { bridge, card, HELPERS, type KnownMachine, NO_RANDOM } from './known-parts.js'

const IP = [
  ...card('192.0.2.10/24'),
  ...bridge('virbr0', '192.168.122.1/24', ['vnet0', 'vnet1']),
  // stp='on' delay='0', of which the kernel makes its least: two seconds.
  'link set virbr0 type bridge stp_state 1 forward_delay 200',
]
const SYSCTLS = { 'net.ipv4.ip_forward': '1' }
const LISTENS = [53, 67]
const EXPOSED = {
  'snat-port-race': NO_RANDOM,
  'stp-forward-delay':
    'its bridge has STP, with the least delay of two seconds: a port takes four to forward',
  'conntrack-helper-off': HELPERS,
}

/** A port of the host itself, of both protocols. */
const both = (chain: string, direction: string, port: number) =>
  ['udp', 'tcp'].map(
    protocol => `-A ${chain} ${direction} virbr0 -p ${protocol} -m ${protocol} --dport ${port} -j ACCEPT\n`,
  )
const IPTABLES = `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:LIBVIRT_PRT - [0:0]
-A POSTROUTING -j LIBVIRT_PRT
-A LIBVIRT_PRT -s 192.168.122.0/24 -d 224.0.0.0/24 -j RETURN
-A LIBVIRT_PRT -s 192.168.122.0/24 -d 255.255.255.255/32 -j RETURN
-A LIBVIRT_PRT -s 192.168.122.0/24 ! -d 192.168.122.0/24 -p tcp -j MASQUERADE --to-ports 1024-65535
-A LIBVIRT_PRT -s 192.168.122.0/24 ! -d 192.168.122.0/24 -p udp -j MASQUERADE --to-ports 1024-65535
-A LIBVIRT_PRT -s 192.168.122.0/24 ! -d 192.168.122.0/24 -j MASQUERADE
COMMIT
*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:LIBVIRT_PRT - [0:0]
-A POSTROUTING -j LIBVIRT_PRT
-A LIBVIRT_PRT -o virbr0 -p udp -m udp --dport 68 -j CHECKSUM --checksum-fill
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:LIBVIRT_FWI - [0:0]
:LIBVIRT_FWO - [0:0]
:LIBVIRT_FWX - [0:0]
:LIBVIRT_INP - [0:0]
:LIBVIRT_OUT - [0:0]
-A INPUT -j LIBVIRT_INP
-A FORWARD -j LIBVIRT_FWX
-A FORWARD -j LIBVIRT_FWI
-A FORWARD -j LIBVIRT_FWO
-A OUTPUT -j LIBVIRT_OUT
-A LIBVIRT_FWI -d 192.168.122.0/24 -o virbr0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A LIBVIRT_FWI -o virbr0 -j REJECT --reject-with icmp-port-unreachable
-A LIBVIRT_FWO -s 192.168.122.0/24 -i virbr0 -j ACCEPT
-A LIBVIRT_FWO -i virbr0 -j REJECT --reject-with icmp-port-unreachable
-A LIBVIRT_FWX -i virbr0 -o virbr0 -j ACCEPT
${[53, 67].flatMap(port => both('LIBVIRT_INP', '-i', port)).join('')}${[53, 68].flatMap(port => both('LIBVIRT_OUT', '-o', port)).join('')}COMMIT
`

/** The chain for checksums came and went: since 11.0 it is a filter of traffic control. */
const nft = (checksum: string) => `table ip libvirt_network {
  chain forward {
    type filter hook forward priority filter; policy accept;
    counter jump guest_cross
    counter jump guest_input
    counter jump guest_output
  }
  chain guest_output {
    ip saddr 192.168.122.0/24 iif "virbr0" counter accept
    iif "virbr0" counter reject
  }
  chain guest_input {
    oif "virbr0" ip daddr 192.168.122.0/24 ct state established,related counter accept
    oif "virbr0" counter reject
  }
  chain guest_cross {
    iif "virbr0" oif "virbr0" counter accept
  }
  chain guest_nat {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 192.168.122.0/24 ip daddr 224.0.0.0/24 counter return
    ip saddr 192.168.122.0/24 ip daddr 255.255.255.255 counter return
    meta l4proto tcp ip saddr 192.168.122.0/24 ip daddr != 192.168.122.0/24 counter masquerade to :1024-65535
    meta l4proto udp ip saddr 192.168.122.0/24 ip daddr != 192.168.122.0/24 counter masquerade to :1024-65535
    ip saddr 192.168.122.0/24 ip daddr != 192.168.122.0/24 counter masquerade
  }
${checksum}}
`

export const LIBVIRT_MACHINES: Readonly<Record<string, KnownMachine>> = {
  'libvirt’s default network': {
    source:
      'libvirt 9.0.0-4+deb12u2 and 11.3.0-3+deb13u3 of Debian 12 and 13, run: the same rules, as Debian has them kept by iptables',
    ip: IP,
    sysctls: SYSCTLS,
    listens: LISTENS,
    iptables: IPTABLES,
    exposed: EXPOSED,
  },
  'libvirt 10.10 with nftables': {
    source:
      'https://gitlab.com/libvirt/libvirt/-/blob/42ab0148dd11727f7e3fd31dce4485469af290d5/tests/networkxml2firewalldata/nat-default-linux.nftables, and base.nftables beside it',
    ip: IP,
    sysctls: SYSCTLS,
    listens: LISTENS,
    nft: nft(`  chain postroute_mangle {
    type filter hook postrouting priority 0; policy accept;
    oif "virbr0" udp dport 68 counter udp checksum set 0
  }
`),
    exposed: EXPOSED,
  },
  'libvirt 11 with nftables': {
    source:
      'libvirt 11.3.0-3+deb13u3 with firewall_backend = "nftables", and its tests as of a4f38f6ffe6a: it refuses to make the network where the kernel has no action csum',
    ip: IP,
    sysctls: SYSCTLS,
    listens: LISTENS,
    nft: nft(''),
    tc: [
      'qdisc add dev virbr0 root handle 1: htb default 2',
      'filter add dev virbr0 prio 2 protocol ip parent 1: u32 match ip dport 68 ffff action csum ip and udp',
    ],
    exposed: EXPOSED,
  },
}
