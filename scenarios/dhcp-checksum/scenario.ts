import {
  captured,
  checksumFill,
  defineScenario,
  dhcpAnswer,
  nftTable,
  passed,
  txChecksum,
} from '../../src/index.js'

const HOST = '192.168.122.1'
const GUEST = '192.168.122.50'
const EVERYBODY = '255.255.255.255'
const BOOTPC = 68

const answer = (by: 'socket' | 'raw' | 'aux', to: string) =>
  dhcpAnswer({
    from: 'host',
    device: 'virbr0',
    source: HOST,
    to,
    client: { node: 'guest', device: 'eth0' },
    by,
  })

/** The datagram reaches the guest with what a device was to begin with in place of a checksum. */
const leftToDevice = (to: string) => ({
  title: 'checksum left to a device that there is none of',
  where:
    'the bridge and veth say that they compute checksums (NETIF_F_HW_CSUM), so that skb_checksum_help() is never called; what arrives is CHECKSUM_PARTIAL, and a packet socket sees the field as it is',
  document: '5 bad udp checksums in 5 packets',
  at: 'guest:eth0' as const,
  proofs: [
    passed('guest:eth0', { direction: 'in', protocol: 'udp', from: HOST, to, checksum: 'pseudo-header' }),
    captured('guest:eth0', { direction: 'in', protocol: 'udp', from: HOST, to }).andStays(),
  ],
})

const KERNEL_KNOWS = 'The kernel knows that the checksum was left to a device, and asks for none.'

const expectRaw = <const M extends string>(left: M) =>
  [
    {
      when: { 'checksum-fill': 'on' },
      persisted: 'nft',
      tools: { nft: { before: '1.0.6' } },
      fails: left,
      why: 'nft lists the target as a comment: what is loaded is a rule that does nothing.',
      differs: 'the fix is lost when rules are saved by nft list ruleset.',
    },
    {
      when: { 'checksum-fill': 'on' },
      persisted: 'nft',
      tools: { nft: { since: '1.0.6' } },
      fails: left,
      why: 'nft lists the rule as `xt target CHECKSUM`, and refuses to load that: no rule at all is there.',
      differs:
        'rules with CHECKSUM cannot be loaded from what nft list ruleset saved, nor anything that was saved with them.',
    },
    { when: { 'checksum-fill': 'on' }, works: 'The rule computes the checksum.' },
    { when: { 'nft-checksum': 'on' }, works: 'The rule writes 0, and 0 means that there is no checksum.' },
    {
      when: { 'tx-virbr0': 'off' },
      works: 'A bridge that computes no checksums is given packets that have one.',
    },
    {
      when: { 'tx-vnet0': 'off' },
      works: 'The kernel computes the checksum in front of a port that does not (validate_xmit_skb()).',
    },
    {
      when: { 'tx-guest': 'off' },
      fails: left,
      why: 'What the guest does about what it sends changes nothing about what it gets.',
    },
    { fails: left, why: 'Nobody has computed the checksum, and a client that looks finds it bad.' },
  ] as const

export default defineScenario({
  id: 'dhcp-checksum',
  title: 'An old DHCP client throws the host’s answers away: bad UDP checksum',
  source: {
    title: 'LXD issue 7262: vintage containers (e.g. Debian jessie) fail to get an IPv4 address',
    url: 'https://github.com/canonical/lxd/issues/7262',
    says: '5 bad udp checksums in 5 packets',
  },
  drawing: `
  192.168.122.1                         192.168.122.50
  virbr0 [host] ── vnet0 ───────────── eth0 [guest]
  DHCP server, port 67                  DHCP client, port 68`,
  needs: ['veth', 'bridge'],

  topology: {
    nodes: {
      host: {
        is: 'the host, with the DHCP server',
        bridges: { virbr0: { ports: ['vnet0'] } },
        addresses: { virbr0: `${HOST}/24` },
        iptables: { mangle: [] },
      },
      guest: { is: 'a guest with an old DHCP client', addresses: { eth0: `${GUEST}/24` } },
    },
    links: [['host:vnet0', 'guest:eth0']],
  },

  toggles: {
    'checksum-fill': checksumFill({ node: 'host', port: BOOTPC }),
    'nft-checksum': nftTable({
      node: 'host',
      summary: 'send answers of DHCP without a checksum',
      table: 'ip lab',
      chains: {
        postrouting: {
          hook: 'type filter hook postrouting priority 0;',
          rules: [`udp dport ${BOOTPC} udp checksum set 0`],
        },
      },
      needs: ['nft-payload'],
    }),
    'tx-virbr0': txChecksum({ node: 'host', device: 'virbr0', first: 'on', bridge: true }),
    'tx-vnet0': txChecksum({ node: 'host', device: 'vnet0', first: 'on' }),
    'tx-guest': txChecksum({ node: 'guest', device: 'eth0', first: 'on' }),
  },

  probes: {
    'socket-broadcast': answer('socket', EVERYBODY),
    'socket-unicast': answer('socket', GUEST),
    'aux-broadcast': answer('aux', EVERYBODY),
    'aux-unicast': answer('aux', GUEST),
    'raw-broadcast': answer('raw', EVERYBODY),
    'raw-unicast': answer('raw', GUEST),
  },
  controls: ['socket-broadcast', 'socket-unicast', 'aux-broadcast', 'aux-unicast'],

  mechanisms: {
    'broadcast-left-to-device': leftToDevice(EVERYBODY),
    'unicast-left-to-device': leftToDevice(GUEST),
  },

  audit: {
    node: 'host',
    shape: [
      { fact: 'link {virbr0} kind', is: 'bridge', as: 'a bridge' },
      { fact: 'link {virbr0} addressed', is: '.*ipv4.*', as: 'an address on the bridge' },
      { fact: 'link {vnet0} master', is: '{virbr0}', as: 'a port of the bridge' },
      { fact: 'listener udp 67', as: 'a DHCP server' },
    ],
    reads: {
      'checksum-fill': {
        on: [
          {
            any: [
              [{ fact: 'rule iptables\\S* mangle .*', is: '.*--dport 68 -j CHECKSUM --checksum-fill' }],
              // libvirt’s own, where it keeps its rules in nftables (since 11.0): `match ip dport 68 ffff`.
              [
                {
                  fact: 'filter {virbr0} \\S+',
                  is: '.*match u32 0x00000044 0x0000ffff at 20 action csum .*udp.*',
                },
              ],
            ],
          },
        ],
      },
      'nft-checksum': { on: [{ fact: 'rule nft .*', is: '.*--dport 68 .*"checksum".*"value":0.*' }] },
    },
    if: ['a DHCP client there verifies checksums itself'],
    probes: ['raw-broadcast', 'raw-unicast'],
  },

  expect: {
    'socket-broadcast': [{ works: KERNEL_KNOWS }],
    'socket-unicast': [{ works: KERNEL_KNOWS }],
    'aux-broadcast': [{ works: 'The kernel says so to who asks (TP_STATUS_CSUMNOTREADY).' }],
    'aux-unicast': [{ works: 'The kernel says so to who asks (TP_STATUS_CSUMNOTREADY).' }],
    'raw-broadcast': expectRaw('broadcast-left-to-device'),
    'raw-unicast': expectRaw('unicast-left-to-device'),
  },

  experiments: [
    {
      title: 'clients that verify checksums',
      probes: ['raw-broadcast', 'raw-unicast'],
      fixes: [
        { 'checksum-fill': 'on' },
        { 'nft-checksum': 'on' },
        { 'tx-virbr0': 'off' },
        { 'tx-vnet0': 'off' },
        { 'tx-guest': 'off' },
      ],
      guards: ['socket-broadcast', 'socket-unicast', 'aux-broadcast', 'aux-unicast'],
    },
  ],
})
