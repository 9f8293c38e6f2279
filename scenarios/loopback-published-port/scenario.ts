import {
  attack,
  counted,
  defineScenario,
  iptablesRules,
  mib,
  passed,
  ruleToggle,
  sysctlToggle,
  tcp,
} from '../../src/index.js'

const CONTAINER = '172.17.0.2'
const GATEWAY = '172.17.0.1'
const HOST = '192.168.0.207'
const NEIGHBOUR = '192.168.0.9'
const LOCALHOST = '127.0.0.1'
/** What the neighbour calls the host's localhost: its own kernel would keep 127.0.0.1 to itself. */
const ALIAS = '192.0.2.127'
const PUBLISHED = 8080
const WEB = 80
const KUBELET = 10255
const DNAT = `-d ${LOCALHOST}/32 -p tcp -m tcp --dport ${PUBLISHED} -j DNAT --to-destination ${CONTAINER}:${WEB}`
const RAW = 'PREROUTING -d 127.0.0.0/8 ! -i lo'
const INPUT = 'INPUT ! -s 127.0.0.0/8 -d 127.0.0.0/8'
const LOCALNET = (['all', 'docker0', 'lo'] as const).map(
  device => `net.ipv4.conf.${device}.route_localnet` as const,
)
const DOCUMENT = 'which blindly dnat on any interface'

/** What becomes of kubelet's rule when it is saved by `nft list ruleset` and loaded again. */
const INVERTED = {
  when: { 'kube-firewall': 'on' },
  persisted: 'nft',
  differs:
    'nft lists `! --ctstate RELATED,ESTABLISHED,DNAT` as `ct status dnat`: what is loaded from that drops what was translated, and lets the neighbour in.',
} as const

/** `route_localnet` of those devices, and of no other. */
const localnet = (...on: readonly string[]) =>
  Object.fromEntries(LOCALNET.map(key => [key, on.some(device => key.includes(`.${device}.`)) ? 1 : 0]))

const arrives = passed('host:eth0', { direction: 'in', protocol: 'tcp', from: NEIGHBOUR, to: LOCALHOST })
const answers = passed('host:eth0', { direction: 'out', protocol: 'tcp', from: LOCALHOST, to: NEIGHBOUR })
const leaves = (from: string) =>
  passed('host:docker0', { direction: 'out', protocol: 'tcp', from, to: CONTAINER })

export default defineScenario({
  id: 'loopback-published-port',
  title: 'A port that is published on 127.0.0.1 is closed to the host itself, and open to its neighbours',
  source: {
    title: 'moby issue 41872: Published port to localhost (127.0.0.1) are reachable on the LAN',
    url: 'https://github.com/moby/moby/issues/41872',
    says: 'which blindly dnat on any interface',
  },
  drawing: `
  172.17.0.2:80                    172.17.0.1   192.168.0.207          192.168.0.9
  [container] eth0 ── veth1 ─ docker0 [host] eth0 ──────────────────── eth0 [neighbour]
                              DNAT 127.0.0.1:8080 → 172.17.0.2:80
                              kubelet on 127.0.0.1:10255

  The neighbour sends packets for 127.0.0.1 to the host.`,
  needs: ['veth', 'bridge', 'nft-payload'],

  topology: {
    nodes: {
      container: {
        is: 'a container with a web server',
        addresses: { eth0: `${CONTAINER}/16` },
        gateway: GATEWAY,
        services: [{ protocol: 'tcp', port: WEB }],
      },
      host: {
        is: 'the host, with Docker and without docker-proxy',
        bridges: { docker0: { ports: ['veth1'] } },
        addresses: { docker0: `${GATEWAY}/16`, eth0: `${HOST}/24` },
        sysctls: { 'net.ipv4.ip_forward': 1 },
        iptables: {
          raw: [],
          filter: [],
          nat: [`-A PREROUTING ${DNAT}`, `-A OUTPUT ${DNAT}`],
        },
        services: [{ protocol: 'tcp', address: LOCALHOST, port: KUBELET }],
      },
      neighbour: {
        is: 'a host on the same LAN',
        addresses: { eth0: `${NEIGHBOUR}/24` },
        routes: [`${ALIAS} via ${HOST}`],
        nft: [
          'add table ip localhost',
          'add chain ip localhost leaving { type filter hook postrouting priority 0; }',
          `add rule ip localhost leaving ip daddr ${ALIAS} ip daddr set ${LOCALHOST}`,
          'add chain ip localhost coming { type filter hook prerouting priority -300; }',
          `add rule ip localhost coming iifname eth0 ip saddr ${LOCALHOST} ip saddr set ${ALIAS}`,
        ],
      },
    },
    links: [
      ['container:eth0', 'host:veth1'],
      ['host:eth0', 'neighbour:eth0'],
    ],
  },

  toggles: {
    route_localnet: sysctlToggle({
      summary: 'take 127.0.0.0/8 for an address that may be routed: by no device, by these, by all',
      nodes: ['host'],
      values: {
        off: localnet(),
        docker0: localnet('docker0'),
        lo: localnet('lo'),
        all: localnet('all'),
      },
    }),
    masquerade: ruleToggle({
      summary: 'give what the host itself sends to containers the address of docker0',
      node: 'host',
      table: 'nat',
      chain: 'POSTROUTING',
      position: 1,
      rules: { on: '-o docker0 -m addrtype --src-type LOCAL -j MASQUERADE'.split(' '), off: null },
    }),
    'raw-rule': iptablesRules({
      node: 'host',
      summary: 'drop what is for 127.0.0.0/8 and comes in by a device, before it is translated',
      settings: {
        off: [],
        on: [{ table: 'raw', chain: 'PREROUTING', words: '-d 127.0.0.0/8 ! -i lo -j DROP'.split(' ') }],
      },
    }),
    'kube-firewall': iptablesRules({
      node: 'host',
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
    'container-tcp': tcp({ from: 'host', to: CONTAINER, port: WEB, server: 'container' }),
    'kubelet-tcp': tcp({ from: 'host', to: LOCALHOST, port: KUBELET, server: 'host' }),
    'neighbour-to-published': attack(
      tcp({ from: 'neighbour', to: ALIAS, port: PUBLISHED, server: 'container', serverPort: WEB }),
    ),
    'published-port': tcp({
      from: 'host',
      to: LOCALHOST,
      port: PUBLISHED,
      server: 'container',
      serverPort: WEB,
    }),
    'neighbour-to-kubelet': attack(tcp({ from: 'neighbour', to: ALIAS, port: KUBELET, server: 'host' })),
  },
  // The first of them also finds the container by ARP, in the host's own name.
  controls: ['container-tcp', 'kubelet-tcp'],

  mechanisms: {
    'loopback-source-refused': {
      title: 'loopback source that may not leave',
      where:
        'ip_route_me_harder() asks for a route from 127.0.0.1 to the container after DNAT, and __mkroute_output() gives none without route_localnet of docker0',
      document: 'userland-proxy: false relies on setting route_localnet=1 to each docker bridge interface',
      at: 'host:docker0',
      proofs: [
        counted('host', 'nat', `OUTPUT -d ${LOCALHOST}/32`).andStays(),
        leaves(GATEWAY).missing(),
        leaves(LOCALHOST).missing(),
      ],
    },
    'loopback-source-sent': {
      title: 'loopback source that leaves as it is',
      where:
        'nobody translates 127.0.0.1, and ip_route_input_slow() of the container takes it for a martian source',
      document: 'userland-proxy: false relies on setting route_localnet=1 to each docker bridge interface',
      at: 'container:eth0',
      proofs: [
        counted('host', 'nat', `OUTPUT -d ${LOCALHOST}/32`).andStays(),
        passed('container:eth0', { direction: 'in', protocol: 'tcp', from: LOCALHOST, to: CONTAINER }),
        mib('container', 'IpInDelivers').still(),
      ],
    },
    'translated-for-anybody': {
      title: 'packet for 127.0.0.1 that is translated before anybody minds where it came from',
      where:
        'DNAT in PREROUTING comes before ip_route_input_slow(), which then sees the container’s address, and no martian',
      document: DOCUMENT,
      at: 'host:eth0',
      proofs: [
        arrives.andStays(),
        counted('host', 'nat', `PREROUTING -d ${LOCALHOST}/32`),
        passed('container:eth0', { direction: 'in', protocol: 'tcp', from: NEIGHBOUR, to: CONTAINER }),
        answers,
      ],
    },
    'localhost-routed': {
      title: 'loopback address that is routed from a device',
      where:
        'ip_route_input_slow() takes 127.0.0.0/8 from any device with IN_DEV_ROUTE_LOCALNET, and delivers it',
      document: 'allows adjacent hosts to reach TCP and UDP services bound to 127.0.0.1 running on the node',
      at: 'host:eth0',
      proofs: [arrives.andStays(), answers, mib('host', 'TcpPassiveOpens')],
    },
    'martian-destination': {
      title: 'martian destination',
      where: 'ip_route_input_slow() refuses 127.0.0.0/8 from a device without route_localnet',
      document: 'allows adjacent hosts to reach TCP and UDP services bound to 127.0.0.1 running on the node',
      at: 'host:eth0',
      proofs: [arrives, answers.missing(), mib('host', 'IpInDelivers').still()],
    },
    'raw-rule': {
      title: 'rule in the raw table',
      where: 'ipt_do_table() in PREROUTING, before DNAT: nf_hook_slow() frees the packet',
      document: DOCUMENT,
      at: 'host:eth0',
      proofs: [arrives, answers.missing(), counted('host', 'raw', RAW)],
    },
    'answer-dropped': {
      title: 'rule in INPUT that drops what was translated',
      where: 'nft_do_chain() in INPUT finds IPS_DST_NAT in the container’s answer: nf_hook_slow() frees it',
      document: DOCUMENT,
      at: 'host:docker0',
      proofs: [
        passed('container:eth0', {
          direction: 'out',
          protocol: 'tcp',
          from: CONTAINER,
          to: GATEWAY,
        }).andStays(),
        mib('container', 'TcpPassiveOpens').still(),
      ],
    },
    'kube-firewall': {
      title: 'kubelet’s rule in INPUT',
      where: 'ipt_do_table() in INPUT, after routing: nf_hook_slow() frees the packet',
      document: 'allows adjacent hosts to reach TCP and UDP services bound to 127.0.0.1 running on the node',
      at: 'host:eth0',
      proofs: [arrives, answers.missing(), counted('host', 'filter', INPUT)],
    },
  },

  audit: {
    node: 'host',
    shape: [
      {
        fact: 'dnat {dnat}',
        is: 'to {172.17.0.2} into {docker0} .* dst 127\\.\\S+ .*',
        as: 'a port that is published on 127.0.0.1',
      },
      { fact: 'link (?!{docker0} ){eth0} addressed', is: '.*ipv4.*', as: 'another device with an address' },
      { fact: 'link {eth0} kind', is: '(?!loopback).*', as: 'another device' },
    ],
    reads: {
      route_localnet: {
        all: [{ fact: 'sysctl net.ipv4.conf.all.route_localnet', is: '1' }],
        docker0: [{ fact: 'sysctl net/ipv4/conf/{docker0}/route_localnet', is: '1' }],
        lo: [{ fact: 'sysctl net.ipv4.conf.lo.route_localnet', is: '1' }],
      },
      masquerade: {
        on: [
          {
            packet: {
              hook: 'POSTROUTING',
              nat: true,
              out: '{docker0}',
              src: '127.0.0.1',
              dst: '{172.17.0.2}',
              srcType: 'LOCAL',
              ct: 'NEW,DNAT',
            },
            becomes: 'SNAT|MASQUERADE',
          },
        ],
        off: [],
      },
      'raw-rule': {
        on: [
          {
            packet: { hook: 'PREROUTING', in: '{eth0}', src: '198.51.100.9', dst: '127.0.0.1', ct: 'NEW' },
            becomes: '(policy )?DROP',
          },
        ],
      },
      'kube-firewall': {
        on: [
          {
            packet: { hook: 'INPUT', in: '{eth0}', src: '198.51.100.9', dst: '127.0.0.1', ct: 'NEW' },
            becomes: '(policy )?DROP',
          },
        ],
      },
    },
  },

  expect: {
    'container-tcp': [{ works: 'The container’s own address needs no translation.', serverSaw: GATEWAY }],
    'kubelet-tcp': [{ works: 'On lo itself nothing of this matters.', serverSaw: LOCALHOST }],
    'neighbour-to-published': [
      {
        when: { 'raw-rule': 'on' },
        refused: 'raw-rule',
        why: 'The rule drops it before it is translated.',
      },
      {
        reached: 'translated-for-anybody',
        why: 'The rule that publishes the port is for an address, and asks no device; no setting of route_localnet matters, nor does a rule in INPUT: the packet is forwarded.',
      },
    ],
    'published-port': [
      {
        ...INVERTED,
        fails: 'answer-dropped',
        why: 'The rule that was loaded drops what was translated: here, the container’s answer.',
      },
      {
        when: { route_localnet: ['off', 'lo'] },
        fails: 'loopback-source-refused',
        why: 'The translated packet would leave by docker0 with a loopback source, which that device’s route_localnet must allow; that of lo is another one’s.',
      },
      {
        when: { masquerade: 'off' },
        fails: 'loopback-source-sent',
        why: 'It may leave, and still has a source that no answer can come back to.',
      },
      {
        works: 'It leaves by docker0, and takes that device’s address on its way.',
        serverSaw: GATEWAY,
      },
    ],
    'neighbour-to-kubelet': [
      {
        ...INVERTED,
        reached: 'localhost-routed',
        why: 'The rule that was loaded drops connections that were translated alone: this one was not.',
      },
      {
        when: { route_localnet: ['off', 'docker0', 'lo'] },
        refused: 'martian-destination',
        why: 'The device that it comes in on has no route_localnet.',
      },
      {
        when: { 'raw-rule': 'on' },
        refused: 'raw-rule',
        why: 'The rule drops whatever is for 127.0.0.0/8 and comes by a device.',
      },
      {
        when: { 'kube-firewall': 'on' },
        refused: 'kube-firewall',
        why: 'It is new, was not translated, and is not from a loopback address: the rule drops it.',
      },
      {
        reached: 'localhost-routed',
        why: 'all.route_localnet is OR-ed with that of each device, and so it is eth0’s.',
      },
    ],
  },

  experiments: [
    {
      title: 'route_localnet, and what keeps neighbours out',
      fixes: [
        { route_localnet: 'docker0' },
        { route_localnet: 'docker0', masquerade: 'off' },
        { route_localnet: 'lo' },
        { route_localnet: 'all' },
        { route_localnet: 'all', 'raw-rule': 'on' },
        { route_localnet: 'all', 'kube-firewall': 'on' },
      ],
      guards: ['neighbour-to-kubelet'],
    },
  ],
})
