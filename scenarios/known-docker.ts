/** Machines with Docker: what its daemon loaded when it ran in a namespace with two containers, and what its own documents list. */
import { bridge, card, HELPERS, type KnownMachine, NO_RANDOM } from './known-parts.js'

const INVALID =
  'a published port is translated, and an invalid segment from the container leaves untranslated by -i docker0'
const SYSCTLS = { 'net.ipv4.ip_forward': '1', 'net.bridge.bridge-nf-call-iptables': '1' }
const IP = [...card('192.0.2.10/24'), ...bridge('docker0', '172.17.0.1/16', ['veth1', 'veth2'])]
/** 8080 of TCP and 53 of UDP. */
const PUBLISHED = ['172.17.0.2 tcp 80 8080', '172.17.0.3 udp 53 53'].map(text => {
  const [to = '', protocol = '', port = '', published = ''] = text.split(' ')
  return { to, protocol, port, published }
})

/** With or without docker-proxy; without one, a container’s own published port and 127.0.0.1 go through the rules as well. */
const nat = (proxy: boolean) => `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ${proxy ? '! -d 127.0.0.0/8 ' : ''}-m addrtype --dst-type LOCAL -j DOCKER
${proxy ? '' : '-A POSTROUTING -o docker0 -m addrtype --src-type LOCAL -j MASQUERADE\n'}-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
`
/** The rules that let a packet through to its container, and the others that every version has. */
const filter = `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
`
const opened = PUBLISHED.map(
  ({ to, protocol, port }) =>
    `-A DOCKER -d ${to}/32 ! -i docker0 -o docker0 -p ${protocol} -m ${protocol} --dport ${port} -j ACCEPT\n`,
).join('')
const toItself = PUBLISHED.map(
  ({ to, protocol, port }) =>
    `-A POSTROUTING -s ${to}/32 -d ${to}/32 -p ${protocol} -m ${protocol} --dport ${port} -j MASQUERADE\n`,
).join('')
const translated = (proxy: boolean) =>
  PUBLISHED.map(
    ({ to, protocol, port, published }) =>
      `-A DOCKER ${proxy ? '! -i docker0 ' : ''}-p ${protocol} -m ${protocol} --dport ${published} -j DNAT --to-destination ${to}:${port}\n`,
  ).join('')

/** What docker.io 20.10.24 and 26.1.5 load. */
const debian = (
  proxy: boolean,
) => `${nat(proxy)}${toItself}${proxy ? '-A DOCKER -i docker0 -j RETURN\n' : ''}${translated(proxy)}COMMIT
${filter}:DOCKER-ISOLATION-STAGE-1 - [0:0]
:DOCKER-ISOLATION-STAGE-2 - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-ISOLATION-STAGE-1
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -i docker0 -o docker0 -j ACCEPT
${opened}-A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-1 -j RETURN
-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
-A DOCKER-ISOLATION-STAGE-2 -j RETURN
-A DOCKER-USER -j RETURN
COMMIT
`

/** What Docker 29 loads: chains of its own for each question, and a DROP of what comes to a container past its published port. */
const docker29 = `${nat(true)}${translated(true)}COMMIT
${filter}:DOCKER-BRIDGE - [0:0]
:DOCKER-CT - [0:0]
:DOCKER-FORWARD - [0:0]
:DOCKER-INTERNAL - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-FORWARD
${opened}-A DOCKER ! -i docker0 -o docker0 -j DROP
-A DOCKER-BRIDGE -o docker0 -j DOCKER
-A DOCKER-CT -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A DOCKER-FORWARD -j DOCKER-CT
-A DOCKER-FORWARD -j DOCKER-INTERNAL
-A DOCKER-FORWARD -j DOCKER-BRIDGE
-A DOCKER-FORWARD -i docker0 -j ACCEPT
COMMIT
*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
${PUBLISHED.map(({ to }) => `-A PREROUTING -d ${to}/32 ! -i docker0 -j DROP\n`).join('')}COMMIT
`

/** The same in a table of nftables. */
const docker29nft = `table ip docker-bridges {
  map filter-forward-in-jumps {
    type ifname : verdict
    elements = { "docker0" : jump filter-forward-in__docker0 }
  }
  map filter-forward-out-jumps {
    type ifname : verdict
    elements = { "docker0" : jump filter-forward-out__docker0 }
  }
  map nat-postrouting-in-jumps {
    type ifname : verdict
    elements = { "docker0" : jump nat-postrouting-in__docker0 }
  }
  map nat-postrouting-out-jumps {
    type ifname : verdict
    elements = { "docker0" : jump nat-postrouting-out__docker0 }
  }
  chain filter-FORWARD {
    type filter hook forward priority filter; policy accept;
    oifname vmap @filter-forward-in-jumps
    iifname vmap @filter-forward-out-jumps
  }
  chain nat-OUTPUT {
    type nat hook output priority -100; policy accept;
    ip daddr != 127.0.0.0/8 fib daddr type local counter jump nat-prerouting-and-output
  }
  chain nat-POSTROUTING {
    type nat hook postrouting priority srcnat; policy accept;
    iifname vmap @nat-postrouting-out-jumps
    oifname vmap @nat-postrouting-in-jumps
  }
  chain nat-PREROUTING {
    type nat hook prerouting priority dstnat; policy accept;
    fib daddr type local counter jump nat-prerouting-and-output
  }
  chain nat-prerouting-and-output {
${PUBLISHED.map(({ to, protocol, port, published }) => `    iifname != "docker0" ${protocol} dport ${published} counter dnat to ${to}:${port}\n`).join('')}  }
  chain raw-PREROUTING {
    type filter hook prerouting priority raw; policy accept;
${PUBLISHED.map(({ to }) => `    ip daddr ${to} iifname != "docker0" counter drop\n`).join('')}  }
  chain filter-forward-in__docker0 {
    ct state established,related counter accept
    iifname "docker0" counter accept
${PUBLISHED.map(({ to, protocol, port }) => `    ip daddr ${to} ${protocol} dport ${port} counter accept\n`).join('')}    counter drop
  }
  chain filter-forward-out__docker0 {
    ct state established,related counter accept
    counter accept
  }
  chain nat-postrouting-in__docker0 {
  }
  chain nat-postrouting-out__docker0 {
    oifname != "docker0" ip saddr 172.17.0.0/16 counter masquerade
  }
}
`

const MOBY =
  'https://github.com/moby/moby/tree/b985e2313a8676e18072b442911fc8f64f17d440/integration/network/bridge'
const EXPOSED = {
  'snat-port-race': NO_RANDOM,
  'conntrack-invalid-rst': INVALID,
  'conntrack-helper-off': HELPERS,
}

export const DOCKER_MACHINES: Readonly<Record<string, KnownMachine>> = {
  'Docker 20 and 26': {
    source:
      'docker.io 20.10.24+dfsg1-1+deb12u1+b6 and 26.1.5+dfsg1-9+deb13u1+b1 of Debian 12 and 13, run with two containers: the same rules',
    ip: IP,
    sysctls: SYSCTLS,
    iptables: debian(true),
    exposed: EXPOSED,
  },
  'Docker 26 without docker-proxy': {
    source:
      'docker.io 26.1.5+dfsg1-9+deb13u1+b1 of Debian 13, run with --userland-proxy=false and two containers',
    ip: [...IP, ...['veth1', 'veth2'].map(port => `link set ${port} type bridge_slave hairpin on`)],
    sysctls: { ...SYSCTLS, 'net.ipv4.conf.docker0.route_localnet': '1' },
    iptables: debian(false),
    exposed: {
      ...EXPOSED,
      'localhost-from-neighbour':
        'route_localnet of docker0 lets a container in that takes the host for the way to 127.0.0.1, and no rule drops it',
    },
  },
  'Docker 29': {
    source: `${MOBY}/iptablesdoc/generated/usernet-portmap.md`,
    ip: IP,
    sysctls: SYSCTLS,
    iptables: docker29,
    exposed: EXPOSED,
  },
  'Docker 29 with nftables': {
    source: `${MOBY}/nftablesdoc/generated/usernet-portmap.md`,
    ip: IP,
    sysctls: SYSCTLS,
    nft: docker29nft,
    exposed: EXPOSED,
  },
}
