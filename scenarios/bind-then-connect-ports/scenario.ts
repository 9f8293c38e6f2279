import {
  BIND_BUCKET_STATE,
  defineScenario,
  failedWith,
  ipLocalPortRange,
  outgoingPort,
} from '../../src/index.js'

const CLIENT = '192.0.2.2'
const OTHER = '192.0.2.3'
const SERVERS = ['192.0.2.11', '192.0.2.12', '192.0.2.13'] as const
const PORT = 80
const CONNECT = {
  from: 'client',
  source: CLIENT,
  other: OTHER,
  openTo: SERVERS[0],
  closedTo: SERVERS[1],
  to: SERVERS[2],
  port: PORT,
  server: 'server',
} as const
const FREE = { answeredBy: SERVERS[2], serverSaw: CLIENT } as const

export default defineScenario({
  id: 'bind-then-connect-ports',
  title: 'A program cannot connect from a port that a socket, long closed, had bound',
  source: {
    title: '[PATCH net-next v5 0/2] tcp: Update bind bucket state on port release (Cloudflare)',
    url: 'https://lore.kernel.org/netdev/20250917-update-bind-bucket-state-on-unhash-v5-0-57168b661b47@cloudflare.com/',
    says: 'The ephemeral port becomes available for use again only after all sockets bound to it are gone and the bind bucket is destroyed.',
  },
  drawing: `
  192.0.2.2, 192.0.2.3                        192.0.2.11, 192.0.2.12, 192.0.2.13
  [client] eth0 ─────────────────────────────── eth0 [server] :80
  ip_local_port_range 60000 60000

  1. 192.0.2.2 → .11  late bind (IP_BIND_ADDRESS_NO_PORT), stays open
  2. 192.0.2.3 → .12  bind(…, 0), closed by RST
  3. 192.0.2.2 → .13  late bind`,
  needs: ['veth'],

  topology: {
    nodes: {
      client: {
        is: 'a host with many outgoing connections',
        addresses: { eth0: [`${CLIENT}/24`, `${OTHER}/24`] },
      },
      server: {
        is: 'whom it talks to',
        addresses: { eth0: SERVERS.map(address => `${address}/24`) },
        services: [{ protocol: 'tcp', port: PORT }],
      },
    },
    links: [['client:eth0', 'server:eth0']],
  },

  toggles: {
    ip_local_port_range: ipLocalPortRange({ node: 'client', ranges: ['60000-60000', '60000-60003'] }),
  },

  probes: {
    'connect-beside-one': outgoingPort({ ...CONNECT, closed: 'none' }),
    'connect-after-late-bind': outgoingPort({ ...CONNECT, closed: 'bind-address-no-port' }),
    'connect-after-bind': outgoingPort({ ...CONNECT, closed: 'bind' }),
  },
  controls: ['connect-beside-one', 'connect-after-late-bind'],

  mechanisms: {
    'bucket-stays-bound': {
      title: 'port whose bucket remembers a bind()',
      where:
        '__inet_hash_connect() skips a port with fastreuse or fastreuseport of 0 or more, which nothing sets back while a socket is left',
      document:
        'The ephemeral port becomes available for use again only after all sockets bound to it are gone and the bind bucket is destroyed.',
      at: 'client:eth0',
      proofs: [failedWith('client', 'connect', 'EADDRNOTAVAIL')],
    },
  },

  audit: {
    node: 'client',
    shape: [
      { fact: 'local ports', is: { below: 1000 }, as: 'so few local ports that programs run out of them' },
    ],
    reads: {
      ip_local_port_range: {
        '60000-60003': [{ fact: 'local ports', is: { atLeast: 2 } }],
      },
    },
    if: ['a program binds to a port before it connects'],
  },

  expect: {
    'connect-beside-one': [
      { works: 'Two connections to different servers may share their source port.', ...FREE },
    ],
    'connect-after-late-bind': [
      {
        works:
          'A port that connect() itself has picked was never bound: its bucket stays as good as new for the next one.',
        ...FREE,
      },
    ],
    'connect-after-bind': [
      {
        when: { ip_local_port_range: '60000-60003' },
        works:
          'Other ports were bound by nobody. Each such bind() takes one more of them, as long as they last.',
        ...FREE,
      },
      {
        since: BIND_BUCKET_STATE,
        works: 'Since d57f4b874946 (6.18) a bucket is what its remaining sockets make of it when one leaves.',
        differs: 'the port is available again as soon as the socket that had bound it is gone.',
        ...FREE,
      },
      {
        fails: 'bucket-stays-bound',
        why: 'The closed socket’s bind() marked the port’s bucket, and another connection keeps that bucket, with its mark.',
      },
    ],
  },

  experiments: [{ title: 'one port, and four', fixes: [{ ip_local_port_range: '60000-60003' }] }],
})
