import {
  bridgeNfCallIptables,
  counted,
  defineScenario,
  deliveries,
  kubeDedup,
  PROMISC_CONNTRACK_RESET,
  passed,
  promisc,
  startingWith,
  udp,
} from '../../src/index.js'

const CLIENT = '10.228.1.5'
const POD = '10.228.1.3'
const NODE = '10.228.1.1'
const PODS = '10.228.1.0/24'
const SERVICE = '10.0.0.77'
/** As kubenet makes it, of the node's address. */
const BRIDGE_MAC = '0a:58:0a:e4:01:01'
const [LOG, ECHO] = [5005, 5006]

const TRANSLATED = '-p udp -m conntrack --ctstate DNAT'
const UNTRANSLATED = '-p udp -m conntrack ! --ctstate DNAT'
const once = { from: 'client', port: LOG, server: 'pod', serverAddress: POD, through: 'node' } as const
const twice = passed('pod:eth0', { direction: 'in', protocol: 'udp', from: CLIENT, to: POD }).byAtLeast(2)
const DOCUMENT =
  'Duplication of packets seen in bridge-promiscuous mode when accessing a pod on the same node through service ip'

export default defineScenario({
  id: 'promisc-bridge-duplicates',
  title: 'A promiscuous bridge delivers a service’s datagram twice',
  source: {
    title: 'Kubernetes issue 25793: duplication of packets seen in bridge-promiscuous mode',
    url: 'https://github.com/kubernetes/kubernetes/issues/25793',
    says: 'This only happens when the client and server land on the same node!',
  },
  drawing: `
  10.228.1.5
  [client] eth0 ── veth1 ─┐
                          ├─ cbr0 10.228.1.1 [node], promiscuous
  [pod]    eth0 ── veth2 ─┘
  10.228.1.3                 DNAT 10.0.0.77 → 10.228.1.3`,
  needs: ['veth', 'bridge', 'br-netfilter'],

  topology: {
    nodes: {
      client: { is: 'a pod that uses the service', addresses: { eth0: `${CLIENT}/24` }, gateway: NODE },
      pod: {
        is: 'the pod behind the service',
        addresses: { eth0: `${POD}/24` },
        gateway: NODE,
        services: [{ protocol: 'udp', port: ECHO }],
      },
      node: {
        is: 'the Kubernetes node, with kubenet',
        bridges: { cbr0: { ports: ['veth1', 'veth2'], mac: BRIDGE_MAC } },
        addresses: { cbr0: `${NODE}/24` },
        sysctls: { 'net.ipv4.ip_forward': 1 },
        iptables: {
          nat: [`-A PREROUTING -d ${SERVICE}/32 -p udp -j DNAT --to-destination ${POD}`],
          filter: [`-A FORWARD ${TRANSLATED}`, `-A FORWARD ${UNTRANSLATED}`],
        },
      },
    },
    links: [
      ['client:eth0', 'node:veth1'],
      ['pod:eth0', 'node:veth2'],
    ],
  },

  toggles: {
    promisc: startingWith('on', promisc({ node: 'node', device: 'cbr0' })),
    'kube-dedup': kubeDedup({ node: 'node', mac: BRIDGE_MAC, address: NODE, ports: 'veth', pods: PODS }),
    'bridge-nf-call-iptables': bridgeNfCallIptables({ node: 'node', first: '1' }),
  },

  probes: {
    'pod-address': deliveries({ ...once, to: POD }),
    service: deliveries({ ...once, to: SERVICE }),
    'service-answer': udp({ from: 'client', to: SERVICE, port: ECHO, server: 'pod' }),
  },
  controls: ['pod-address'],

  mechanisms: {
    'second-copy-untracked': {
      title: 'second copy, tracked anew as a flow of its own',
      where:
        'br_handle_frame_finish() passes a copy up, which is PACKET_HOST since br_nf_pre_routing_finish(); br_nf_local_in() takes its entry away, and IP sends it to the pod once more',
      document: DOCUMENT,
      at: 'node:cbr0',
      proofs: [
        twice,
        counted('node', 'filter', TRANSLATED).andStays(),
        counted('node', 'filter', UNTRANSLATED).andStays(),
      ],
    },
    'second-copy': {
      title: 'second copy of the same flow',
      where:
        'br_handle_frame_finish() passes a copy up, which is PACKET_HOST since br_nf_pre_routing_finish(), and IP sends it to the pod once more',
      document: DOCUMENT,
      at: 'node:cbr0',
      proofs: [
        twice,
        counted('node', 'filter', TRANSLATED).andStays(),
        counted('node', 'filter', UNTRANSLATED).still(),
      ],
    },
    'reply-bypasses-node': {
      title: 'reply that bypasses the node',
      where:
        'the reply goes from port to port, and without br_netfilter nobody undoes the DNAT; the client’s socket is connected to another address',
      document: DOCUMENT,
      at: 'client:eth0',
      proofs: [passed('client:eth0', { direction: 'in', protocol: 'udp', from: POD, to: CLIENT })],
    },
  },

  audit: {
    node: 'node',
    shape: [
      { fact: 'sysctl net.ipv4.ip_forward', is: '1', as: 'forwarding of IPv4' },
      {
        fact: 'dnat {dnat}',
        is: 'to {10.228.1.3} into {cbr0} .* proto (udp|any) .* bounces yes .* local no .*',
        as: 'a DNAT rule for UDP that what comes from its target’s own network meets, too',
      },
      { fact: 'link {cbr0} promisc', is: 'on', as: 'a promiscuous bridge with the target’s network' },
      { fact: 'link {cbr0} kind', is: 'bridge', as: 'a promiscuous bridge with the target’s network' },
      { fact: 'link {cbr0} address', is: '{mac}', as: 'a promiscuous bridge with the target’s network' },
      { fact: 'link {veth1} master', is: '{cbr0}', as: 'a port of the bridge' },
      { fact: 'sysctl net.bridge.bridge-nf-call-iptables', as: 'br_netfilter' },
    ],
    reads: {
      'kube-dedup': {
        on: [
          {
            packet: {
              family: 'bridge',
              hook: 'OUTPUT',
              out: '{veth1}',
              mac: '{mac}',
              src: '{10.228.1.3}',
              etherType: 'ip',
            },
            becomes: 'DROP',
          },
        ],
      },
    },
  },

  expect: {
    'pod-address': [
      {
        works: 'What is for the pod’s own MAC address is PACKET_OTHERHOST, and its copy dies in ip_rcv().',
        serverSaw: CLIENT,
      },
    ],
    service: [
      {
        when: { promisc: 'off' },
        works: 'The bridge passes nothing up that is for a port.',
        serverSaw: CLIENT,
      },
      {
        when: { 'kube-dedup': 'on' },
        works:
          'The second copy leaves by the bridge, under its MAC address and with a pod’s address as source.',
        serverSaw: CLIENT,
      },
      {
        when: { 'bridge-nf-call-iptables': '0' },
        works:
          'The frame is for the bridge’s own MAC address, and goes up once; IP alone translates it, and sends it on.',
        serverSaw: CLIENT,
      },
      {
        since: PROMISC_CONNTRACK_RESET,
        fails: 'second-copy-untracked',
        why: 'One copy goes to the pod’s port, one up to IP, which tracks it anew, and sends it to the pod as well.',
      },
      {
        fails: 'second-copy',
        why: 'One copy goes to the pod’s port, one up to IP, which sends it to the pod as well.',
      },
    ],
    'service-answer': [
      {
        when: { 'bridge-nf-call-iptables': '0' },
        fails: 'reply-bypasses-node',
        why: 'What it costs: the answer goes straight to the client over the bridge, from an address that it did not ask.',
      },
      {
        works: 'The bridged answer passes connection tracking, which undoes the DNAT.',
        answeredBy: SERVICE,
        serverSaw: CLIENT,
      },
    ],
  },

  experiments: [
    {
      title: 'datagrams to a service and to its pod',
      probes: ['service', 'pod-address'],
      fixes: [{ promisc: 'off' }, { 'kube-dedup': 'on' }, { 'bridge-nf-call-iptables': '0' }],
      guards: ['service-answer'],
    },
  ],
})
