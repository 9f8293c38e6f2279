import {
  counted,
  defineScenario,
  dropped,
  iptablesRules,
  lookedUp,
  mib,
  passed,
  ping,
  policyRule,
  REVERSE_PATH,
  rpFilter,
  srcValidMark,
  tcp,
} from '../../src/index.js'

const CLIENT = '198.51.100.2'
const NODE = '10.0.0.10'
const POD = '10.0.1.20'
const NODE_PORT = 30080
const POD_PORT = 8080
/** What the VPC drops: what leaves an ENI with the address of another subnet. */
const SOURCE_CHECK = 'FORWARD ! -s 10.0.1.0/24 -i vpc1'
const MARK = '0x80/0x80'

const setMark = {
  table: 'mangle',
  chain: 'PREROUTING',
  words: `-i eth0 -m addrtype --dst-type LOCAL --limit-iface-in -j CONNMARK --set-xmark ${MARK}`.split(' '),
}
const restoreFrom = (device: string) => ({
  table: 'mangle',
  chain: 'PREROUTING',
  words: `-i ${device} -j CONNMARK --restore-mark --nfmask 0x80 --ctmask 0x80`.split(' '),
})

export default defineScenario({
  id: 'eks-nodeport-secondary-eni',
  title: 'A NodePort does not reach a pod whose address belongs to a second network interface',
  source: {
    title: 'amazon-vpc-cni-k8s issue 75: Loss of source IP with NodePort or LoadBalancer Services',
    url: 'https://github.com/aws/amazon-vpc-cni-k8s/issues/75',
    says: 'if iptables redirects traffic to a local pod with an IP on a secondary interface, the traffic is dropped by the reverse path filter',
  },
  drawing: `
  198.51.100.2                       10.0.0.10                 10.0.1.20
  [client] eth0 ── igw [vpc] vpc0 ────── eth0 [node] eni0 ──────── eth0 [pod]
                             vpc1 ────── eth1        NodePort 30080 → 10.0.1.20:8080
                                     10.0.1.10       rule: from 10.0.1.20 lookup 2 (default by eth1)

  The VPC drops what leaves an ENI with an address of another subnet.`,
  needs: ['veth'],

  topology: {
    nodes: {
      client: { is: 'a client outside', addresses: { eth0: `${CLIENT}/24` }, gateway: '198.51.100.1' },
      vpc: {
        is: 'the VPC, which checks sources',
        addresses: { igw: '198.51.100.1/24', vpc0: '10.0.0.1/24', vpc1: '10.0.1.1/24' },
        sysctls: { 'net.ipv4.ip_forward': 1 },
        iptables: {
          filter: [`-A FORWARD ! -s 10.0.0.0/24 -i vpc0 -j DROP`, `-A ${SOURCE_CHECK} -j DROP`],
        },
      },
      node: {
        is: 'the worker with two ENIs',
        addresses: { eth0: `${NODE}/24`, eth1: '10.0.1.10/24', eni0: '169.254.1.1/32' },
        gateway: '10.0.0.1',
        routes: [`${POD} dev eni0`, 'default via 10.0.1.1 dev eth1 table 2'],
        rules: [`from ${POD} lookup 2 priority 1536`],
        sysctls: { 'net.ipv4.ip_forward': 1 },
        iptables: {
          mangle: [],
          nat: [
            `-A PREROUTING -d ${NODE}/32 -p tcp -m tcp --dport ${NODE_PORT} -j DNAT --to-destination ${POD}:${POD_PORT}`,
          ],
        },
      },
      pod: {
        is: 'a pod with an address of the second ENI',
        addresses: { eth0: `${POD}/32` },
        routes: ['169.254.1.1 dev eth0', 'default via 169.254.1.1'],
        // A SYN-ACK that was lost would come again a second later, and be counted in another trial.
        sysctls: { 'net.ipv4.tcp_synack_retries': 0 },
        services: [{ protocol: 'tcp', port: POD_PORT }],
      },
    },
    links: [
      ['client:eth0', 'vpc:igw'],
      ['vpc:vpc0', 'node:eth0'],
      ['vpc:vpc1', 'node:eth1'],
      ['node:eni0', 'pod:eth0'],
    ],
  },

  toggles: {
    rp_filter: rpFilter({ nodes: ['node'], devices: ['eth0'], first: '1' }),
    connmark: iptablesRules({
      node: 'node',
      summary: 'mark connections that come in by eth0, and their replies from pods',
      settings: {
        off: [],
        on: [setMark, restoreFrom('eni+')],
        'on eth0, too': [setMark, restoreFrom('eni+'), restoreFrom('eth0')],
      },
    }),
    'mark-rule': policyRule({
      node: 'node',
      rules: [`fwmark ${MARK} lookup main priority 1024`],
      summary: 'send marked packets by the main table, before the pods’ own rules',
    }),
    src_valid_mark: srcValidMark({ node: 'node', device: 'eth0' }),
  },

  probes: {
    'node-ping': ping({ from: 'client', to: NODE }),
    'nodeport-tcp': tcp({ from: 'client', to: NODE, port: NODE_PORT, server: 'pod', serverPort: POD_PORT }),
  },
  controls: ['node-ping'],

  mechanisms: {
    'reverse-path': {
      title: 'strict reverse path filter on the first interface',
      where:
        'ip_rcv_finish() checks the source after DNAT: __fib_validate_source() asks for the way back from the pod, whose own rule says eth1',
      document: 'the traffic is dropped by the reverse path filter',
      proofs: [
        mib('node', 'TcpExtIPReversePathFilter'),
        passed('node:eth0', { direction: 'in', protocol: 'tcp', from: CLIENT, to: NODE }).andStays(),
        passed('pod:eth0', { direction: 'in', protocol: 'tcp', from: CLIENT, to: POD }).missing(),
        dropped('node:eth0', { from: CLIENT, to: POD, in: /^ip_rcv_finish/, reasons: REVERSE_PATH }),
        lookedUp('node:eth0', { from: CLIENT, to: POD, back: 'eth1' }).andStays(),
      ],
    },
    'source-check': {
      title: 'reply by the wrong interface',
      where:
        'the reply is routed by the pod’s rule before its source is translated back (nf_nat_inet_fn() in POSTROUTING), and the VPC drops it',
      document:
        'the un-DNAT is done after the source-based routing, resulting in the packet being sent out of the pod’s ENI',
      at: 'vpc:vpc1',
      proofs: [
        mib('node', 'TcpExtIPReversePathFilter').still(),
        passed('pod:eth0', { direction: 'in', protocol: 'tcp', from: CLIENT, to: POD }).andStays(),
        passed('vpc:vpc1', { direction: 'in', protocol: 'tcp', from: NODE, to: CLIENT }),
        counted('vpc', 'filter', SOURCE_CHECK),
      ],
    },
  },

  audit: {
    node: 'node',
    shape: [
      { fact: 'sysctl net.ipv4.ip_forward', is: '1', as: 'forwarding of IPv4' },
      {
        fact: 'ip rule inet \\d+',
        is: 'from {10.0.1.20} lookup {table}',
        as: 'a rule for the address of a pod',
      },
      { fact: 'route default table {table}.*', is: '.*dev {eth1} .*', as: 'a default route in its table' },
      {
        fact: 'route default table main.*',
        is: '.*dev (?!{eth1} ){eth0} .*',
        as: 'a default route by another device',
      },
      { fact: 'dnat {dnat}', is: 'to {10.0.1.20} into {eni0} .*', as: 'a DNAT rule to that pod' },
    ],
    reads: {
      rp_filter: {
        '0': [{ fact: 'conf {eth0} rp_filter', is: '0' }],
        '2': [{ fact: 'conf {eth0} rp_filter', is: '2' }],
      },
      connmark: {
        'on eth0, too': [
          { fact: 'rule iptables\\S* mangle PREROUTING \\d+', is: '-i {eth0} .*-j CONNMARK --set-x?mark .*' },
          { fact: 'rule iptables\\S* mangle PREROUTING \\d+', is: '-i {eth0} -j CONNMARK --restore-mark .*' },
        ],
        on: [
          {
            fact: 'rule iptables\\S* mangle PREROUTING \\d+',
            is: '.*-i {eth0} .*-j CONNMARK --set-x?mark .*',
          },
          { fact: 'rule iptables\\S* mangle PREROUTING \\d+', is: '.*-j CONNMARK --restore-mark .*' },
        ],
      },
      'mark-rule': { on: [{ fact: 'ip rule inet \\d+', is: 'fwmark \\S+ lookup main' }] },
      src_valid_mark: {
        'all=1': [{ fact: 'sysctl net.ipv4.conf.all.src_valid_mark', is: '1' }],
        'eth0=1': [{ fact: 'sysctl net/ipv4/conf/{eth0}/src_valid_mark', is: '1' }],
      },
    },
  },

  expect: {
    'node-ping': [
      {
        works: 'The node’s own address is of the subnet of eth0, by which its reply leaves.',
        answeredBy: NODE,
      },
    ],
    'nodeport-tcp': [
      {
        when: { rp_filter: ['0', '2'], connmark: ['on', 'on eth0, too'], 'mark-rule': 'on' },
        works:
          'The reply has the connection’s mark before it is routed, and leaves by eth0, by which the request came.',
        serverSaw: CLIENT,
      },
      {
        when: {
          rp_filter: '1',
          connmark: 'on eth0, too',
          'mark-rule': 'on',
          src_valid_mark: ['all=1', 'eth0=1'],
        },
        works:
          'The request has the connection’s mark, too, and the check of its source takes that into account: the way back is by eth0.',
        serverSaw: CLIENT,
      },
      {
        when: { rp_filter: '1' },
        fails: 'reverse-path',
        why: 'The way back from the pod is by eth1, and strict mode wants it to be by eth0; a mark that the request does not have, or that the check does not look at, changes nothing.',
      },
      {
        fails: 'source-check',
        why: 'The request arrives, and the reply leaves by eth1 with the address of eth0.',
      },
    ],
  },

  experiments: [
    {
      title: 'strict mode: half of the fix moves the loss elsewhere, or nowhere',
      fixes: [
        { rp_filter: '2' },
        { connmark: 'on', 'mark-rule': 'on' },
        { connmark: 'on', 'mark-rule': 'on', src_valid_mark: 'all=1' },
        { connmark: 'on eth0, too', 'mark-rule': 'on' },
      ],
    },
    {
      title: 'both halves: AWS’s own, and one that keeps strict mode',
      fixes: [
        { rp_filter: '2', connmark: 'on', 'mark-rule': 'on' },
        { rp_filter: '0', connmark: 'on', 'mark-rule': 'on' },
        { connmark: 'on eth0, too', 'mark-rule': 'on', src_valid_mark: 'all=1' },
      ],
    },
    {
      title: 'loose mode, without and with the mark',
      given: { rp_filter: '2' },
      fixes: [{ connmark: 'on', 'mark-rule': 'on' }, { connmark: 'on' }],
    },
  ],
})
