import {
  defineScenario,
  dropped,
  mib,
  OLD_TIMESTAMP,
  portReuse,
  TIMESTAMP_OFFSET_BY_PORT,
  tcp,
  tcpTimestamps,
} from '../../src/index.js'

const CLIENT = '192.168.0.2'
const CLIENTS = [CLIENT, '192.168.0.3', '192.168.0.4', '192.168.0.5', '192.168.0.6', '192.168.0.7']
const NAT = '203.0.113.2'
const SERVER = '203.0.113.1'
const PORT = 80
const REUSE = { from: 'client', device: 'eth0', to: SERVER, server: 'server', nat: 'nat' } as const
const SEEN = { answeredBy: SERVER, serverSaw: NAT } as const

export default defineScenario({
  id: 'ts-offset-snat-time-wait',
  title:
    'Two connections that a NAT gives the same port: the server’s TIME_WAIT refuses the second one’s timestamp',
  source: {
    title: 'netdev, 29 June 2026: TCP short connections behind a NAT after 165573e41f2f',
    url: 'https://lore.kernel.org/netdev/20260629093408.3927103-1-xietangxin@h-partners.com/',
    says: 'TCP short connection QPS dropped from ~20000 to ~10000',
  },
  drawing: `
  192.168.0.2 … 7                                203.0.113.2              203.0.113.1
  [client] eth0 ──────── eth0 [nat] eth1 ──────────────────── eth0 [server]
                         SNAT to 203.0.113.2:50000                 closes first

  The first connection is over, and in TIME_WAIT on the server. The second one has another port, or another address, and
  the NAT gives it what the first one had.`,
  needs: ['veth'],

  topology: {
    nodes: {
      client: {
        is: 'clients behind the NAT',
        addresses: { eth0: CLIENTS.map(address => `${address}/24`) },
        gateway: '192.168.0.1',
      },
      nat: {
        is: 'the NAT, short of ports',
        addresses: { eth0: '192.168.0.1/24', eth1: `${NAT}/24` },
        sysctls: { 'net.ipv4.ip_forward': 1 },
        iptables: {
          nat: [`-A POSTROUTING -o eth1 -p tcp -m tcp ! --dport ${PORT} -j SNAT --to-source ${NAT}:50000`],
        },
      },
      server: {
        is: 'a server of short connections',
        addresses: { eth0: `${SERVER}/24` },
        gateway: NAT,
        services: [{ protocol: 'tcp', port: PORT }],
      },
    },
    links: [
      ['client:eth0', 'nat:eth0'],
      ['nat:eth1', 'server:eth0'],
    ],
  },

  toggles: { tcp_timestamps: tcpTimestamps({ node: 'client' }) },

  probes: {
    'one-connection': tcp({ from: 'client', to: SERVER, port: PORT, server: 'server' }),
    'same-client': portReuse({ ...REUSE, sources: [CLIENT], port: 8000 }),
    'other-client': portReuse({ ...REUSE, sources: CLIENTS, port: 9000 }),
  },
  controls: ['one-connection'],

  mechanisms: {
    'old-timestamp': {
      title: 'SYN with a timestamp that TIME_WAIT takes for an old one',
      where:
        'tcp_timewait_state_process() of the server: tcp_paws_reject(), an ACK in place of a SYN-ACK, and the client resets and begins again',
      document: 'TCP short connection QPS dropped from ~20000 to ~10000',
      at: 'server:eth0',
      proofs: [
        mib('server', 'TcpExtPAWSTimewait').or('TcpExtPAWSEstab'),
        mib('client', 'TcpExtTCPSynRetrans'),
        dropped('server:eth0', { from: NAT, to: SERVER, in: /^tcp_v4_rcv/, reasons: OLD_TIMESTAMP }),
      ],
    },
  },

  audit: {
    node: 'nat',
    shape: [
      { fact: 'sysctl net.ipv4.ip_forward', is: '1', as: 'forwarding of IPv4' },
      {
        fact: 'snat {snat}',
        is: 'out (any|!\\S+|{eth1}) .* SNAT to \\S+ ports \\d\\d?\\d? .*',
        as: 'a source NAT to few ports',
      },
    ],
    if: ['its clients open and close many connections to one server'],
  },

  expect: {
    'one-connection': [
      {
        works: 'A port that nobody had before is in nobody’s TIME_WAIT.',
        answeredBy: SERVER,
        serverSaw: CLIENT,
      },
    ],
    'same-client': [
      {
        when: { tcp_timestamps: '2' },
        works: 'Without an offset all connections of a host have one clock, which only goes forward.',
        ...SEEN,
      },
      {
        since: TIMESTAMP_OFFSET_BY_PORT,
        fails: 'old-timestamp',
        why: 'Since 165573e41f2f the offset depends on the client’s port: every second pair has a timestamp that seems to have gone back.',
      },
      {
        works:
          'Before 165573e41f2f the offset depends on the addresses alone: two ports of a client have one clock.',
        ...SEEN,
      },
    ],
    'other-client': [
      {
        when: { tcp_timestamps: '2' },
        works:
          'Without an offset the two have their host’s clock; clients that are two hosts would have two.',
        ...SEEN,
      },
      {
        fails: 'old-timestamp',
        why: 'Another address has always had another offset: every second pair has a timestamp that seems to have gone back.',
      },
    ],
  },

  experiments: [{ title: 'one port of a NAT', fixes: [{ tcp_timestamps: '2' }] }],
})
