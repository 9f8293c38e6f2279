import {
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
  udp,
} from '../../src/index.js'

const HOST = '192.0.2.10'
const GATEWAY = '192.0.2.1'
const ENDPOINT = '198.51.100.7'
const TUNNEL = '10.8.0.2'
const INSIDE = '203.0.113.1'
const OFFICE = '10.20.0.2'
const WIREGUARD_PORT = 51820
/** wg-quick takes the port's number for the mark and the table. */
const MARK = 51820
const DNS = 53
const ALL = ['--nfmask', '0xffffffff', '--ctmask', '0xffffffff']
const BACK_AND_FORTH = ['lan-udp', 'other-programs-mark-ping'] as const

const strict = (at: 'host:eth0' | 'host:eth2', from: string, to: string, back: string) =>
  [
    mib('host', 'TcpExtIPReversePathFilter'),
    passed(at, { direction: 'in', from, to }).andStays(),
    dropped(at, { from, to, in: /^ip_rcv_finish/, reasons: REVERSE_PATH }),
    lookedUp(at, { from, to, back }).andStays(),
  ] as const

export default defineScenario({
  id: 'wg-fwmark-rp-filter',
  title:
    'Strict rp_filter drops the answers to a VPN’s own marked packets, and the usual fix breaks another program’s marks',
  source: {
    title: 'tailscale issue 3310: rp_filter=strict prevents exit node from working; save and restore fwmark?',
    url: 'https://github.com/tailscale/tailscale/issues/3310',
    says: 'rp_filter=strict prevents exit node from working',
  },
  drawing: `
  198.51.100.7          192.0.2.1      192.0.2.10      10.8.0.2        203.0.113.1
  [endpoint] eth0 ── wan [gw] lan ──────── eth0 [host] wg0 ──────── eth0 [inside]
                                                eth2 10.20.0.1
                          10.20.0.2               │
                          [office] eth0 ──────────╯

  rules of host: main, but for its default route (suppress_prefixlength 0); what is not marked 51820 by table 51820 (default wg0);
  another program's: what comes from the office is marked 0x100, and goes by table 300 (default wg0). A veth stands for the tunnel.`,
  needs: ['veth'],

  topology: {
    nodes: {
      endpoint: {
        is: 'the VPN’s far end, as the internet sees it',
        addresses: { eth0: `${ENDPOINT}/24` },
        gateway: '198.51.100.1',
        services: [{ protocol: 'udp', port: WIREGUARD_PORT }],
      },
      gw: {
        is: 'the gateway of the LAN',
        addresses: { wan: '198.51.100.1/24', lan: `${GATEWAY}/24` },
        sysctls: { 'net.ipv4.ip_forward': 1 },
        services: [{ protocol: 'udp', port: DNS }],
      },
      host: {
        is: 'the host with the VPN',
        addresses: { eth0: `${HOST}/24`, wg0: `${TUNNEL}/24`, eth2: '10.20.0.1/24' },
        gateway: GATEWAY,
        routes: ['default via 10.8.0.1 dev wg0 table 51820', 'default via 10.8.0.1 dev wg0 table 300'],
        rules: ['fwmark 0x100 lookup 300 priority 900', `not fwmark ${MARK} lookup 51820 priority 2000`],
        sysctls: { 'net.ipv4.ip_forward': 1 },
        iptables: { mangle: ['-A PREROUTING -i eth2 -j MARK --set-xmark 0x100/0xffffffff'] },
      },
      inside: {
        is: 'a host behind the VPN, and its end of the tunnel',
        addresses: { eth0: '10.8.0.1/24', lo: `${INSIDE}/32` },
        gateway: TUNNEL,
      },
      office: {
        is: 'a host whose packets another program marks',
        addresses: { eth0: `${OFFICE}/24` },
        gateway: '10.20.0.1',
      },
    },
    links: [
      ['endpoint:eth0', 'gw:wan'],
      ['gw:lan', 'host:eth0'],
      ['host:wg0', 'inside:eth0'],
      ['host:eth2', 'office:eth0'],
    ],
  },

  toggles: {
    rp_filter: rpFilter({ nodes: ['host'], devices: ['eth0', 'eth2', 'wg0'], first: '1' }),
    src_valid_mark: srcValidMark({ node: 'host', device: 'eth0' }),
    connmark: iptablesRules({
      node: 'host',
      summary: 'give answers to the VPN’s own packets the mark of those (wg-quick)',
      settings: {
        off: [],
        on: [
          {
            table: 'mangle',
            chain: 'PREROUTING',
            words: ['-p', 'udp', '-j', 'CONNMARK', '--restore-mark', ...ALL],
          },
          {
            table: 'mangle',
            chain: 'POSTROUTING',
            words: [
              ...`-p udp -m mark --mark 0x${MARK.toString(16)} -j CONNMARK --save-mark`.split(' '),
              ...ALL,
            ],
          },
        ],
      },
    }),
    'iif-rule': policyRule({
      node: 'host',
      rules: ['iif eth0 lookup main priority 950'],
      summary: 'ask the main table about what comes in by eth0',
    }),
    suppress_prefixlength: policyRule({
      node: 'host',
      rules: ['lookup main suppress_prefixlength 0 priority 1000'],
      summary: 'ask the main table first, but for its default route',
      first: 'on',
    }),
  },

  probes: {
    'tunnel-ping': ping({ from: 'host', to: INSIDE, server: 'inside' }),
    'encrypted-udp': udp({
      from: 'host',
      to: ENDPOINT,
      port: WIREGUARD_PORT,
      server: 'endpoint',
      mark: MARK,
    }),
    'lan-udp': udp({ from: 'host', to: GATEWAY, port: DNS, server: 'gw' }),
    'other-programs-mark-ping': ping({ from: 'office', to: INSIDE, server: 'inside' }),
  },
  controls: ['tunnel-ping'],

  mechanisms: {
    'reverse-path-without-mark': {
      title: 'strict reverse path filter, without the mark',
      where:
        '__fib_validate_source() asks for the way back without the packet’s mark, unless IN_DEV_SRC_VMARK, and finds wg0',
      document: 'rp_filter=strict prevents exit node from working',
      proofs: strict('host:eth0', ENDPOINT, HOST, 'wg0'),
    },
    'reverse-path-with-mark': {
      title: 'strict reverse path filter, with another program’s mark',
      where:
        '__fib_validate_source() takes the mark of what comes in on eth2, too, and table 300 knows no way back but wg0',
      document:
        '1.98.x setting net.ipv4.conf.all.src_valid_mark=1 breaks co-existing fwmark-based policy routing on Linux',
      proofs: strict('host:eth2', OFFICE, INSIDE, 'wg0'),
    },
    'into-the-tunnel': {
      title: 'way into the tunnel for what is on the LAN',
      where: 'fib_rules_lookup() comes to table 51820 before any that knows the LAN',
      document: 'ip rule add table main suppress_prefixlength 0',
      at: 'host:wg0',
      proofs: [
        passed('host:wg0', { direction: 'out', protocol: 'udp', from: TUNNEL, to: GATEWAY }),
        mib('host', 'TcpExtIPReversePathFilter').still(),
      ],
    },
    'back-into-the-tunnel': {
      title: 'way back into the tunnel for what came out of it',
      where: 'fib_rules_lookup() comes to table 51820 before any that knows the office',
      document: 'ip rule add table main suppress_prefixlength 0',
      at: 'host:wg0',
      proofs: [
        passed('host:wg0', { direction: 'out', protocol: 'icmp', from: INSIDE, to: OFFICE }),
        mib('host', 'TcpExtIPReversePathFilter').still(),
      ],
    },
  },

  audit: {
    node: 'host',
    shape: [
      {
        fact: 'ip rule inet \\d+',
        is: 'not fwmark \\S+ lookup {table}',
        as: 'a rule for what a VPN has not marked',
      },
      { fact: 'route default table {table}.*', is: '.*dev {wg0} .*', as: 'a default route in its table' },
      {
        fact: 'route default table main.*',
        is: '.*dev (?!{wg0} ){eth0} .*',
        as: 'a default route by another device',
      },
    ],
    reads: {
      rp_filter: {
        '0': [{ fact: 'conf {eth0} rp_filter', is: '0' }],
        '2': [{ fact: 'conf {eth0} rp_filter', is: '2' }],
      },
      src_valid_mark: {
        'all=1': [{ fact: 'sysctl net.ipv4.conf.all.src_valid_mark', is: '1' }],
        'eth0=1': [{ fact: 'sysctl net/ipv4/conf/{eth0}/src_valid_mark', is: '1' }],
      },
      connmark: {
        on: [
          { fact: 'rule iptables\\S* mangle PREROUTING \\d+', is: '.*-j CONNMARK --restore-mark .*' },
          { fact: 'rule iptables\\S* mangle POSTROUTING \\d+', is: '.*-j CONNMARK --save-mark .*' },
        ],
      },
      'iif-rule': { on: [{ fact: 'ip rule inet \\d+', is: 'iif {eth0} lookup main' }] },
      suppress_prefixlength: {
        on: [{ fact: 'ip rule inet \\d+', is: 'lookup main suppress_prefixlength 0' }],
        off: [],
      },
    },
    probes: ['encrypted-udp', 'lan-udp'],
  },

  expect: {
    'tunnel-ping': [
      {
        works: 'What is not marked goes into the tunnel, and its answer comes out of it.',
        serverSaw: TUNNEL,
      },
    ],
    'encrypted-udp': [
      {
        when: { rp_filter: ['0', '2'] },
        works: 'Loose mode (2) takes a route back by any device, and 0 asks for none.',
        serverSaw: HOST,
      },
      {
        when: { connmark: 'on', src_valid_mark: ['all=1', 'eth0=1'] },
        works:
          'The answer has its connection’s mark, and the check of its source takes that into account: the way back is by eth0.',
        serverSaw: HOST,
      },
      {
        fails: 'reverse-path-without-mark',
        why: 'The request was marked, and went by eth0; without the mark the way back is by wg0. It takes both: the mark on the answer, and a check that looks at it. A rule for what comes in by eth0 is not asked: the check looks for the way back as the host’s own packets go (iif lo).',
      },
    ],
    'lan-udp': [
      {
        when: { suppress_prefixlength: 'off' },
        fails: 'into-the-tunnel',
        why: 'The default route of table 51820 comes before the LAN’s own route.',
      },
      { works: 'The main table’s route to the LAN comes first.', serverSaw: HOST },
    ],
    'other-programs-mark-ping': [
      {
        when: { suppress_prefixlength: 'off' },
        fails: 'back-into-the-tunnel',
        why: 'The default route of table 51820 comes before the route to the office.',
      },
      {
        when: { rp_filter: '1', src_valid_mark: 'all=1' },
        fails: 'reverse-path-with-mark',
        why: 'With `all` the check takes the other program’s mark, too, and its table has no route back to the office.',
      },
      {
        works: 'What comes from the office is checked without its mark, and forwarded with it.',
        serverSaw: OFFICE,
      },
    ],
  },

  experiments: [
    {
      title: 'strict mode: the mark on the answer, and the check that looks at it',
      fixes: [
        { src_valid_mark: 'all=1' },
        { connmark: 'on' },
        { src_valid_mark: 'all=1', connmark: 'on' },
        { src_valid_mark: 'eth0=1', connmark: 'on' },
      ],
      probes: ['encrypted-udp'],
      guards: BACK_AND_FORTH,
    },
    {
      title: 'strict mode: what is no fix, and what is without marks',
      fixes: [{ 'iif-rule': 'on' }, { rp_filter: '2' }, { rp_filter: '0' }],
      probes: ['encrypted-udp'],
      guards: BACK_AND_FORTH,
    },
    {
      title: 'loose mode, without suppress_prefixlength',
      given: { rp_filter: '2', suppress_prefixlength: 'off' },
      fixes: [{ suppress_prefixlength: 'on' }],
      probes: ['encrypted-udp', ...BACK_AND_FORTH],
    },
  ],
})
