/** Machines with kube-proxy in its iptables mode: what syncProxyRules() writes for a few services, with kubelet’s firewall. */
import { bridge, card, HELPERS, type KnownMachine } from './known-parts.js'

/** A service with its endpoints, as `KUBE-SVC-…` and `KUBE-SEP-…` have it. */
interface Service {
  readonly name: string
  readonly chain: string
  readonly address: string
  readonly protocol: 'tcp' | 'udp'
  readonly port: number
  readonly endpoints: readonly string[]
  readonly nodePort?: number
  /** sessionAffinity: ClientIP. */
  readonly sticky?: true
}

const PODS = '10.244.0.0/16'
const SERVICES: readonly Service[] = [
  {
    name: 'kube-system/kube-dns:dns',
    chain: 'TCOU7JCQXEZGVUNU',
    address: '10.96.0.10',
    protocol: 'udp',
    port: 53,
    endpoints: ['10.244.0.2:53', '10.244.0.3:53'],
  },
  {
    name: 'kube-system/kube-dns:dns-tcp',
    chain: 'ERIFXISQEP7F7OF4',
    address: '10.96.0.10',
    protocol: 'tcp',
    port: 53,
    endpoints: ['10.244.0.2:53', '10.244.0.3:53'],
  },
  {
    name: 'default/web:http',
    chain: 'AQ2SPZZ6DR3WSRC7',
    address: '10.96.7.7',
    protocol: 'tcp',
    port: 80,
    endpoints: ['10.244.0.2:8080'],
    nodePort: 30080,
    sticky: true,
  },
]

const comment = (text: string) => `-m comment --comment "${text}"`
const sepOf = ({ chain }: Service, at: number) => `KUBE-SEP-${at}${chain.slice(1)}`

function serviceRules(service: Service): string[] {
  const { name, chain, address, protocol, port, endpoints, nodePort, sticky } = service
  const to = `-d ${address}/32 -p ${protocol} ${comment(`${name} cluster IP`)} -m ${protocol} --dport ${port}`
  return [
    `-A KUBE-SERVICES ${to} -j KUBE-SVC-${chain}`,
    ...(nodePort === undefined
      ? []
      : [
          `-A KUBE-NODEPORTS -p ${protocol} ${comment(name)} -m ${protocol} --dport ${nodePort} -j KUBE-EXT-${chain}`,
          `-A KUBE-EXT-${chain} ${comment(`masquerade traffic for ${name} external destinations`)} -j KUBE-MARK-MASQ`,
          `-A KUBE-EXT-${chain} -j KUBE-SVC-${chain}`,
        ]),
    `-A KUBE-SVC-${chain} ! -s ${PODS} ${to} -j KUBE-MARK-MASQ`,
    ...endpoints.map((endpoint, at) => {
      const left = endpoints.length - at
      const some = left === 1 ? '' : `-m statistic --mode random --probability ${(1 / left).toFixed(10)} `
      return `-A KUBE-SVC-${chain} ${comment(`${name} -> ${endpoint}`)} ${some}-j ${sepOf(service, at)}`
    }),
    ...endpoints.flatMap((endpoint, at) => [
      `-A ${sepOf(service, at)} -s ${endpoint.split(':')[0]}/32 ${comment(name)} -j KUBE-MARK-MASQ`,
      `-A ${sepOf(service, at)} -p ${protocol} ${comment(name)} ${sticky ? `-m recent --set --name ${sepOf(service, at)} --mask 255.255.255.255 --rsource ` : ''}-m ${protocol} -j DNAT --to-destination ${endpoint}`,
    ]),
  ]
}

const chainsOf = (service: Service) => [
  `KUBE-SVC-${service.chain}`,
  ...(service.nodePort === undefined ? [] : [`KUBE-EXT-${service.chain}`]),
  ...service.endpoints.map((_, at) => sepOf(service, at)),
]
const declared = (chains: readonly string[]) => chains.map(chain => `:${chain} - [0:0]\n`).join('')
const NEW = '-m conntrack --ctstate NEW'

const IPTABLES = `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
${declared(['KUBE-KUBELET-CANARY', 'KUBE-MARK-MASQ', 'KUBE-NODEPORTS', 'KUBE-POSTROUTING', 'KUBE-PROXY-CANARY', 'KUBE-SERVICES', ...SERVICES.flatMap(chainsOf)])}-A PREROUTING ${comment('kubernetes service portals')} -j KUBE-SERVICES
-A OUTPUT ${comment('kubernetes service portals')} -j KUBE-SERVICES
-A POSTROUTING ${comment('kubernetes postrouting rules')} -j KUBE-POSTROUTING
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING ${comment('kubernetes service traffic requiring SNAT')} -j MASQUERADE --random-fully
${SERVICES.flatMap(serviceRules).join('\n')}
-A KUBE-SERVICES ${comment('kubernetes service nodeports; NOTE: this must be the last rule in this chain')} -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
${declared(['KUBE-EXTERNAL-SERVICES', 'KUBE-FIREWALL', 'KUBE-FORWARD', 'KUBE-NODEPORTS', 'KUBE-PROXY-FIREWALL', 'KUBE-SERVICES'])}-A INPUT ${NEW} ${comment('kubernetes load balancer firewall')} -j KUBE-PROXY-FIREWALL
-A INPUT ${comment('kubernetes health check service ports')} -j KUBE-NODEPORTS
-A INPUT ${NEW} ${comment('kubernetes externally-visible service portals')} -j KUBE-EXTERNAL-SERVICES
-A INPUT -j KUBE-FIREWALL
-A FORWARD ${NEW} ${comment('kubernetes load balancer firewall')} -j KUBE-PROXY-FIREWALL
-A FORWARD ${comment('kubernetes forwarding rules')} -j KUBE-FORWARD
-A FORWARD ${NEW} ${comment('kubernetes service portals')} -j KUBE-SERVICES
-A FORWARD ${NEW} ${comment('kubernetes externally-visible service portals')} -j KUBE-EXTERNAL-SERVICES
-A OUTPUT ${NEW} ${comment('kubernetes load balancer firewall')} -j KUBE-PROXY-FIREWALL
-A OUTPUT ${NEW} ${comment('kubernetes service portals')} -j KUBE-SERVICES
-A OUTPUT -j KUBE-FIREWALL
-A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 ${comment('block incoming localnet connections')} -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD ${comment('kubernetes forwarding rules')} -m mark --mark 0x4000/0x4000 -j ACCEPT
-A KUBE-FORWARD ${comment('kubernetes forwarding conntrack rule')} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`

export const KUBE_PROXY_MACHINES: Readonly<Record<string, KnownMachine>> = {
  'kube-proxy': {
    source:
      'https://github.com/kubernetes/kubernetes, pkg/proxy/iptables: syncProxyRules() and iptablesJumpChains in proxier.go, and TestOverallIPTablesRules in proxier_test.go, as of 1.33; without nfacct, as where it is not there',
    ip: [
      ...card('192.0.2.10/24'),
      ...bridge('cni0', '10.244.0.1/24', ['veth1', 'veth2']),
      ...['veth1', 'veth2'].map(port => `link set ${port} type bridge_slave hairpin on`),
    ],
    sysctls: {
      'net.ipv4.ip_forward': '1',
      'net.bridge.bridge-nf-call-iptables': '1',
      'net.ipv4.conf.all.route_localnet': '1',
      'net.ipv6.conf.all.disable_ipv6': '1',
      'net.netfilter.nf_conntrack_tcp_timeout_established': '86400',
    },
    iptables: IPTABLES,
    exposed: { 'conntrack-helper-off': HELPERS },
  },
}
