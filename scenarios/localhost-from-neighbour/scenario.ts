import {
  attack,
  counted,
  defineScenario,
  dropped,
  iptablesRules,
  mib,
  passed,
  routeLocalnet,
  tcp,
} from '../../src/index.js'

const NEIGHBOUR = '192.168.1.66'
const NODE = '192.168.1.10'
const POD = '10.244.0.5'
const LOCALHOST = '127.0.0.1'
/** What the neighbour calls the node's localhost: its own kernel would keep 127.0.0.1 to itself. */
const ALIAS = '192.0.2.127'
const KUBELET = 10248
const NODE_PORT = 30080
const POD_PORT = 8080
const OUTPUT = `OUTPUT -d ${LOCALHOST}/32`
const INPUT = 'INPUT ! -s 127.0.0.0/8 -d 127.0.0.0/8'

const dnat = `-p tcp -m tcp --dport ${NODE_PORT} -j DNAT --to-destination ${POD}:${POD_PORT}`
const arrives = passed('node:eth0', { direction: 'in', protocol: 'tcp', from: NEIGHBOUR, to: LOCALHOST })
const answers = passed('node:eth0', { direction: 'out', protocol: 'tcp', from: LOCALHOST, to: NEIGHBOUR })

/** What becomes of kubelet's rule when it is saved by `nft list ruleset` and loaded again. */
const INVERTED = {
  when: { 'kubelet-rule': 'on' },
  persisted: 'nft',
  differs:
    'nft lists `! --ctstate RELATED,ESTABLISHED,DNAT` as `ct status dnat`: what is loaded from that drops what was translated, and lets the neighbour in.',
} as const

export default defineScenario({
  id: 'localhost-from-neighbour',
  title: 'With route_localnet a neighbour reaches what listens on 127.0.0.1 only',
  source: {
    title:
      'kubernetes issue 92315: CVE-2020-8558: Node setting allows for neighboring hosts to bypass localhost boundary',
    url: 'https://github.com/kubernetes/kubernetes/issues/92315',
    says: 'Node setting allows for neighboring hosts to bypass localhost boundary',
  },
  drawing: `
  192.168.1.66               192.168.1.10          10.244.0.5
  [neighbour] eth0 ───────────── eth0 [node] cni0 ──── eth0 [pod]
                          127.0.0.1:10248, kubelet's health check
                          NodePort 30080 → 10.244.0.5:8080

  The neighbour sends packets for 127.0.0.1 to the node.`,
  needs: ['veth', 'nft-payload'],

  topology: {
    nodes: {
      neighbour: {
        is: 'a host on the same LAN',
        addresses: { eth0: `${NEIGHBOUR}/24` },
        routes: [`${ALIAS} via ${NODE}`],
        nft: [
          'add table ip localhost',
          'add chain ip localhost leaving { type filter hook postrouting priority 0; }',
          `add rule ip localhost leaving ip daddr ${ALIAS} ip daddr set ${LOCALHOST}`,
          'add chain ip localhost coming { type filter hook prerouting priority -300; }',
          `add rule ip localhost coming iifname eth0 ip saddr ${LOCALHOST} ip saddr set ${ALIAS}`,
        ],
      },
      node: {
        is: 'a Kubernetes node',
        addresses: { eth0: `${NODE}/24`, cni0: '10.244.0.1/24' },
        sysctls: { 'net.ipv4.ip_forward': 1 },
        iptables: {
          filter: [],
          nat: [
            `-A PREROUTING -d ${NODE}/32 ${dnat}`,
            `-A ${OUTPUT} ${dnat}`,
            `-A POSTROUTING -d ${POD}/32 -o cni0 -j MASQUERADE`,
          ],
        },
        services: [{ protocol: 'tcp', address: LOCALHOST, port: KUBELET }],
      },
      pod: {
        is: 'a pod behind a NodePort',
        addresses: { eth0: `${POD}/24` },
        gateway: '10.244.0.1',
        services: [{ protocol: 'tcp', port: POD_PORT }],
      },
    },
    links: [
      ['neighbour:eth0', 'node:eth0'],
      ['node:cni0', 'pod:eth0'],
    ],
  },

  toggles: {
    route_localnet: routeLocalnet({ nodes: ['node'], first: '1' }),
    'kubelet-rule': iptablesRules({
      node: 'node',
      summary:
        'drop what comes from elsewhere for 127.0.0.0/8, but for connections that were translated (kubelet)',
      settings: {
        off: [],
        on: [
          {
            table: 'filter',
            chain: 'INPUT',
            words:
              '! -s 127.0.0.0/8 -d 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP'.split(
                ' ',
              ),
          },
        ],
      },
    }),
  },

  probes: {
    'lan-nodeport': tcp({
      from: 'neighbour',
      to: NODE,
      port: NODE_PORT,
      server: 'pod',
      serverPort: POD_PORT,
    }),
    'neighbour-to-localhost': attack(tcp({ from: 'neighbour', to: ALIAS, port: KUBELET, server: 'node' })),
    'localhost-health': tcp({ from: 'node', to: LOCALHOST, port: KUBELET, server: 'node' }),
    'localhost-nodeport': tcp({
      from: 'node',
      to: LOCALHOST,
      port: NODE_PORT,
      server: 'pod',
      serverPort: POD_PORT,
    }),
  },
  controls: ['lan-nodeport', 'localhost-health'],

  mechanisms: {
    'localhost-routed': {
      title: 'loopback address that is routed from a device',
      where:
        'ip_route_input_slow() takes 127.0.0.0/8 from any device with IN_DEV_ROUTE_LOCALNET, and delivers it',
      document:
        'A host on the local segment can actually route 127.0.0.1 to a k8s-node and access ports that really should be local',
      at: 'node:eth0',
      proofs: [arrives.andStays(), answers, mib('node', 'TcpPassiveOpens')],
    },
    'martian-destination': {
      title: 'martian destination',
      where: 'ip_route_input_slow() refuses 127.0.0.0/8 from a device without route_localnet',
      document:
        'A host on the local segment can actually route 127.0.0.1 to a k8s-node and access ports that really should be local',
      at: 'node:eth0',
      proofs: [
        arrives,
        answers.missing(),
        mib('node', 'IpInDelivers').still(),
        dropped('node:eth0', { from: NEIGHBOUR, to: LOCALHOST, in: /^ip_rcv_finish/ }),
      ],
    },
    'kubelet-rule': {
      title: 'kubelet’s rule in INPUT',
      where: 'ipt_do_table() in INPUT, after routing: nf_hook_slow() frees the packet',
      document: 'Node setting allows for neighboring hosts to bypass localhost boundary',
      at: 'node:eth0',
      proofs: [arrives, answers.missing(), counted('node', 'filter', INPUT)],
    },
    'answer-dropped': {
      title: 'rule in INPUT that drops what was translated',
      where: 'nft_do_chain() in INPUT finds IPS_DST_NAT in the pod’s answer: nf_hook_slow() frees it',
      document: 'Node setting allows for neighboring hosts to bypass localhost boundary',
      at: 'node:cni0',
      proofs: [
        passed('node:cni0', { direction: 'in', protocol: 'tcp', from: POD, to: '10.244.0.1' }).andStays(),
        mib('pod', 'TcpPassiveOpens').still(),
      ],
    },
    'localhost-source': {
      title: 'loopback source that may not leave',
      where:
        'ip_route_me_harder() asks for a route from 127.0.0.1 to the pod after DNAT, and __mkroute_output() gives none without route_localnet',
      document: 'Node setting allows for neighboring hosts to bypass localhost boundary',
      at: 'node:cni0',
      proofs: [
        counted('node', 'nat', OUTPUT).andStays(),
        passed('node:cni0', { direction: 'out', protocol: 'tcp', from: '10.244.0.1', to: POD }).missing(),
      ],
    },
  },

  audit: {
    node: 'node',
    shape: [
      { fact: 'link {eth0} addressed', is: '.*ipv4.*', as: 'a device with an address' },
      { fact: 'link {eth0} kind', is: '(?!loopback).*', as: 'a device with an address' },
      { fact: 'conf {eth0} route_localnet', is: '1', as: 'route_localnet' },
    ],
    reads: {
      route_localnet: {},
      'kubelet-rule': {
        on: [
          {
            any: [
              [
                {
                  packet: { hook: 'INPUT', in: '{eth0}', src: '198.51.100.9', dst: '127.0.0.1', ct: 'NEW' },
                  becomes: '(policy )?DROP',
                },
              ],
              [
                {
                  packet: {
                    hook: 'PREROUTING',
                    in: '{eth0}',
                    src: '198.51.100.9',
                    dst: '127.0.0.1',
                    ct: 'NEW',
                  },
                  becomes: '(policy )?DROP',
                },
              ],
            ],
          },
        ],
      },
    },
    if: ['something listens on 127.0.0.1 alone'],
  },

  expect: {
    'lan-nodeport': [{ works: 'A NodePort on the LAN needs no loopback address.', serverSaw: '10.244.0.1' }],
    'localhost-health': [{ works: 'On lo itself nothing of this matters.', serverSaw: LOCALHOST }],
    'neighbour-to-localhost': [
      {
        ...INVERTED,
        reached: 'localhost-routed',
        why: 'The rule that was loaded drops connections that were translated alone: this one was not.',
      },
      {
        when: { route_localnet: '0' },
        refused: 'martian-destination',
        why: 'Without route_localnet a loopback address that comes in on a device is a martian.',
      },
      {
        when: { 'kubelet-rule': 'on' },
        refused: 'kubelet-rule',
        why: 'It is new, was not translated, and is not from a loopback address: the rule drops it.',
      },
      {
        reached: 'localhost-routed',
        why: 'route_localnet is set for every device, and lets anybody on the link in.',
      },
    ],
    'localhost-nodeport': [
      {
        ...INVERTED,
        fails: 'answer-dropped',
        why: 'The rule that was loaded drops what was translated: here, the pod’s answer.',
      },
      {
        when: { route_localnet: '0' },
        fails: 'localhost-source',
        why: 'kube-proxy needs the sysctl for this: after DNAT the packet would leave for the pod from 127.0.0.1.',
      },
      {
        works: 'It is translated on its way out, and comes back to the connection that is known.',
        serverSaw: '10.244.0.1',
      },
    ],
  },

  experiments: [
    {
      title: 'kubelet’s rule, and the sysctl that kube-proxy needs',
      fixes: [{ 'kubelet-rule': 'on' }, { route_localnet: '0' }],
      guards: ['lan-nodeport', 'localhost-health', 'localhost-nodeport'],
    },
  ],
})
