import {
  arpAnnounce,
  arpIgnore,
  captured,
  defineScenario,
  neighbourKept,
  passed,
  ping,
  whoHas,
} from '../../src/index.js'

const CLIENT = '192.168.1.9'
const NODE1 = '192.168.1.11'
const NODE2 = '192.168.1.12'
const VIP = '192.168.1.240'
/** Types of ARP. */
const [REQUEST, REPLY] = [1, 2]
const client = { from: 'client', device: 'eth0' } as const
const spoke = passed('node2:eth0', { direction: 'out', protocol: 'arp', from: VIP, to: CLIENT })

export default defineScenario({
  id: 'strict-arp-vip',
  title: 'Every node that holds a service address answers ARP for it, and announces it',
  source: {
    title: 'kubermatic issue 7309: every node replies to an ARP request for a LoadBalancer IP',
    url: 'https://github.com/kubermatic/kubermatic/issues/7309',
    says: 'every node (not only the leader-elected one) replies to an ARP request for a LoadBalancer IP',
  },
  drawing: `
  192.168.1.9                       192.168.1.11, speaker
  [client] eth0 ──┐                ┌── eth0 [node1] lo 192.168.1.240
                  ├─ br0 [switch] ─┤
                  │                └── eth0 [node2] lo 192.168.1.240
                                    192.168.1.12`,
  needs: ['veth', 'bridge'],

  topology: {
    nodes: {
      client: { is: 'a client on the LAN', addresses: { eth0: `${CLIENT}/24` } },
      switch: { is: 'the LAN', bridges: { br0: { ports: ['to-client', 'to-node1', 'to-node2'] } } },
      node1: {
        is: 'the node that speaks for the service address',
        addresses: { eth0: `${NODE1}/24`, lo: `${VIP}/32` },
      },
      node2: { is: 'another node', addresses: { eth0: `${NODE2}/24`, lo: `${VIP}/32` } },
    },
    links: [
      ['client:eth0', 'switch:to-client'],
      ['node1:eth0', 'switch:to-node1'],
      ['node2:eth0', 'switch:to-node2'],
    ],
  },

  toggles: {
    arp_ignore: arpIgnore({ node: 'node2', device: 'eth0' }),
    arp_announce: arpAnnounce({ node: 'node2', device: 'eth0' }),
  },

  probes: {
    'node2-ping': ping({ from: 'client', to: NODE2, server: 'node2' }),
    'who-has-vip': whoHas({
      ...client,
      source: CLIENT,
      who: VIP,
      speaker: { node: 'node1', device: 'eth0', address: NODE1 },
      others: [{ node: 'node2', device: 'eth0', address: NODE2 }],
    }),
    'client-keeps-vip': neighbourKept({
      ...client,
      address: CLIENT,
      neighbour: VIP,
      owner: { node: 'node1', device: 'eth0' },
      other: { node: 'node2', device: 'eth0' },
    }),
  },
  controls: ['node2-ping'],

  mechanisms: {
    'answered-by-all': {
      title: 'answer for an address of another device',
      where:
        'arp_process() answers for every local address, unless arp_ignore() says that it is not the arrival device’s',
      document:
        'every node (not only the leader-elected one) replies to an ARP request for a LoadBalancer IP',
      at: 'node2:eth0',
      proofs: [
        spoke,
        captured('switch:to-node2', { direction: 'in', protocol: 'arp', from: VIP, to: CLIENT, type: REPLY }),
      ],
    },
    'announced-by-all': {
      title: 'request that announces an address of another device',
      where:
        'arp_solicit() asks from the source of the packet that waits, and the receiver’s arp_process() takes the sender’s addresses from a request, too (neigh_event_ns())',
      document:
        'every node (not only the leader-elected one) replies to an ARP request for a LoadBalancer IP',
      at: 'node2:eth0',
      proofs: [
        spoke,
        // Who is asked believes what the request says of its sender.
        captured('client:eth0', { direction: 'in', protocol: 'arp', from: VIP, to: CLIENT, type: REQUEST }),
      ],
    },
  },

  audit: {
    node: 'node2',
    shape: [
      {
        fact: 'address (?!127\\.)(?=\\d+\\.){192.168.1.240}/32 dev (lo|dummy\\S*|kube-ipvs0)',
        as: 'an IPv4 address of its own on lo, or on a dummy',
      },
      { fact: 'link {eth0} addressed', is: '.*ipv4.*', as: 'a device with an address' },
      { fact: 'link {eth0} kind', is: '(?!loopback|dummy).*', as: 'a device with an address' },
    ],
    reads: {
      arp_ignore: { '1': [{ fact: 'conf {eth0} arp_ignore', is: '[12]' }] },
      arp_announce: { '2': [{ fact: 'conf {eth0} arp_announce', is: '2' }] },
    },
    if: ['other hosts on its network have that address as well'],
  },

  expect: {
    'node2-ping': [
      { works: 'A node’s own address is always answered for.', answeredBy: NODE2, serverSaw: CLIENT },
    ],
    'who-has-vip': [
      {
        when: { arp_ignore: '1' },
        works: 'node2 has the address on lo, and answers on eth0 for those of eth0 only.',
        answeredBy: VIP,
      },
      {
        fails: 'answered-by-all',
        why: 'An address is the host’s, whatever device it is on: node2 answers as well, and the client takes whom it hears last.',
      },
    ],
    'client-keeps-vip': [
      {
        when: { arp_announce: '2' },
        works:
          'node2 asks from its own address on that network, and the client learns nothing about the service address.',
      },
      {
        fails: 'announced-by-all',
        why: 'node2 asks for the client from the service address, and the client takes that for the news that it moved.',
      },
    ],
  },

  experiments: [
    {
      title: 'each of the two settings repairs one of two failures',
      fixes: [{ arp_ignore: '1' }, { arp_announce: '2' }, { arp_ignore: '1', arp_announce: '2' }],
      guards: ['node2-ping'],
    },
  ],
})
